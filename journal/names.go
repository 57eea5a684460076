package journal

import (
	"context"
	"sync"

	"handover/internal/store"
)

// nameTable gives the texts of one volume's heads their numbers.
type nameTable struct {
	mu    sync.RWMutex
	ids   map[string]uint64
	texts []string // the text of id i+1 at i
	saved int      // how many of them are in the database
}

func newNameTable() *nameTable { return &nameTable{ids: map[string]uint64{}} }

// loadNames reads the table.
func loadNames(ctx context.Context, tx *store.Tx) (*nameTable, error) {
	t := newNameTable()
	rows, err := tx.Query(ctx, `SELECT text FROM name ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		t.texts = append(t.texts, text)
		t.ids[text] = uint64(len(t.texts))
	}
	t.saved = len(t.texts)
	return t, rows.Err()
}

// number returns the text's id, giving it one if it has none. Only the
// appender calls it.
func (t *nameTable) number(text string) uint64 {
	if text == "" {
		return 0
	}
	t.mu.RLock()
	id, known := t.ids[text]
	t.mu.RUnlock()
	if known {
		return id
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.texts = append(t.texts, text)
	t.ids[text] = uint64(len(t.texts))
	return uint64(len(t.texts))
}

func (t *nameTable) text(id uint64) (string, bool) {
	if id == 0 {
		return "", true
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	if id > uint64(len(t.texts)) {
		return "", false
	}
	return t.texts[id-1], true
}

// unsaved returns the rows that the next commit must add.
func (t *nameTable) unsaved() (rows [][]any) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for i := t.saved; i < len(t.texts); i++ {
		rows = append(rows, []any{int64(i + 1), t.texts[i]})
	}
	return rows
}

// settle ends a commit: its names are saved, or forgotten.
func (t *nameTable) settle(committed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if committed {
		t.saved = len(t.texts)
		return
	}
	for _, text := range t.texts[t.saved:] {
		delete(t.ids, text)
	}
	t.texts = t.texts[:t.saved]
}
