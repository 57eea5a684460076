package record

import (
	"bytes"
	"context"
	"slices"

	"handover/internal/store"
)

// hash finds a resource's row in lookup. Whoever looks up by it compares type and
// id too.
func (r ref) hash() int64 {
	return int64(fnv1a(fnv1a(fnv1a(fnvBasis, r.Type), "/"), r.ID))
}

// keyHash finds in lookup what an identifier's key leads to. Whoever looks up by it
// compares the key too.
func keyHash(key string) int64 { return int64(fnv1a(fnvBasis, key)) }

// fnv1a takes more text into an FNV-1a hash of 64 bits, which begins as fnvBasis.
func fnv1a(h uint64, text string) uint64 {
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}

const fnvBasis uint64 = 14695981039346656037

// row is a resource's row.
type row struct {
	ref
	rid         int64
	version     int64
	pack, place int64 // of the current version; pack 0: none; place deleted: it has no content
	held        int64 // pack of the state
	heldAt      int64
	patient     int64 // row of the Patient; 0: none
	source      int64
}

// deleted is the place of a version that says that the resource was deleted.
const deleted = -1

const rowColumns = `r.rid, r.type, r.id, r.version, r.pack, r.place, r.held, r.heldat, r.patient, r.source`

func (r *Record) scanRow(scan func(...any) error) (row, error) {
	var w row
	var typ int64
	err := scan(&w.rid, &typ, &w.ID, &w.version, &w.pack, &w.place, &w.held, &w.heldAt, &w.patient, &w.source)
	w.Type = r.names.name(typ)
	return w, err
}

// findRows returns the rows of the resources that exist.
func (r *Record) findRows(ctx context.Context, tx *store.Tx, want []ref) ([]row, error) {
	hashes := make([]any, len(want))
	wanted := make(map[ref]bool, len(want))
	for i, w := range want {
		hashes[i] = w.hash()
		wanted[w] = true
	}
	var out []row
	err := eachRow(ctx, tx, `SELECT `+rowColumns+` FROM lookup l JOIN resource r ON r.rid = l.rid WHERE l.hash IN (%s)`, hashes,
		func(scan func(...any) error) error {
			w, err := r.scanRow(scan)
			if err == nil && wanted[w.ref] {
				out = append(out, w)
				wanted[w.ref] = false
			}
			return err
		})
	return out, err
}

// findAliases returns what the ids that identities would have given lead to.
func (r *Record) findAliases(ctx context.Context, tx *store.Tx, keys []string) (map[string]ref, error) {
	hashes := make([]any, len(keys))
	for i, k := range keys {
		hashes[i] = keyHash(k)
	}
	out := map[string]ref{}
	err := eachRow(ctx, tx, `SELECT a.key, r.type, r.id FROM lookup l JOIN alias a ON a.rid = l.rid
		JOIN resource r ON r.rid = l.rid WHERE l.hash IN (%s)`,
		hashes, func(scan func(...any) error) error {
			var key, id string
			var typ int64
			err := scan(&key, &typ, &id)
			if slices.Contains(keys, key) { // and not another that leads there
				out[key] = ref{r.names.name(typ), id}
			}
			return err
		})
	return out, err
}

// loadStates reads the states of the resources that have one.
func (r *Record) loadStates(ctx context.Context, want []ref) (map[ref]*state, error) {
	out := make(map[ref]*state, len(want))
	if len(want) == 0 {
		return out, nil
	}
	err := r.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := r.findRows(ctx, tx, want)
		if err != nil || len(rows) == 0 {
			return err
		}
		keys := make([]int64, 0, 2*len(rows))
		for _, w := range rows {
			keys = append(keys, w.pack, w.held)
		}
		packs, err := r.readPacks(ctx, tx, keys)
		if err != nil {
			return err
		}
		for _, w := range rows {
			s, err := w.state(packs)
			if err != nil {
				return err
			}
			out[w.ref] = s
		}
		return nil
	})
	return out, err
}

func (w *row) state(packs map[int64]*pack) (*state, error) {
	content, err := w.content(packs)
	if err != nil {
		return nil, err
	}
	held := packs[w.held]
	if held == nil || w.heldAt >= int64(len(held.states)) {
		return nil, errState
	}
	s, err := decode(held.states[w.heldAt], w.ref, bytes.Clone(content))
	if err != nil {
		return nil, err
	}
	rid := w.rid
	s.rid = &rid
	return s, nil
}

// content returns the current version's content, nil where there is none.
func (w *row) content(packs map[int64]*pack) ([]byte, error) {
	if w.pack == 0 || w.place == deleted {
		return nil, nil
	}
	p := packs[w.pack]
	if p == nil || w.place >= int64(len(p.contents)) {
		return nil, errState
	}
	return p.contents[w.place], nil
}
