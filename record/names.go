package record

import (
	"context"
	"slices"
	"strings"
	"sync"

	"handover/internal/store"
)

// names gives small numbers to words that stand in many rows: resource types,
// search parameters ("Observation.code"), sources, code systems. 0 is no name.
type names struct {
	mu   sync.RWMutex
	ids  map[string]int64
	text map[int64]string
}

func readNames(ctx context.Context, tx *store.Tx) (*names, error) {
	n := &names{ids: map[string]int64{}, text: map[int64]string{}}
	rows, err := tx.Query(ctx, `SELECT id, name FROM name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return nil, err
		}
		n.ids[name], n.text[id] = id, name
	}
	return n, rows.Err()
}

// id returns the number, 0 where the name has none.
func (n *names) id(name string) int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.ids[name]
}

func (n *names) name(id int64) string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.text[id]
}

// ending returns the numbers of the names with one of the endings.
func (n *names) ending(endings ...string) (out []int64) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for name, id := range n.ids {
		if slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(name, e) }) {
			out = append(out, id)
		}
	}
	return out
}

func (n *names) count() int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return int64(len(n.ids))
}

// remove takes out names whose rows were not committed after all.
func (n *names) remove(fresh map[string]int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, id := range fresh {
		delete(n.ids, name)
		delete(n.text, id)
	}
}

// add takes in names whose rows are about to be committed.
func (n *names) add(fresh map[string]int64) {
	if len(fresh) == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, id := range fresh {
		n.ids[name], n.text[id] = id, name
	}
}
