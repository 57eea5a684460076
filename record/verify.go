package record

import (
	"context"
	"errors"
	"fmt"

	"handover"
	"handover/internal/store"
)

// Difference is a resource or pack for which the tables do not hold what the
// facts give.
type Difference struct {
	Table string
	Key   int64 // row of the resource, pack, or hash
	What  string
}

// Facts reads the journal's entries after an offset, at most limit of them.
type Facts func(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error)

// MaxDifferences is how many differences Verify reports at most.
const MaxDifferences = 100

const verifyBatch = 1000

// Rebuild empties the tables. The facts must then be applied again from the
// first.
func (r *Record) Rebuild(ctx context.Context) error {
	r.composing.Lock()
	defer r.composing.Unlock()
	r.applying.Lock()
	defer r.applying.Unlock()
	err := r.db.Write(ctx, func(tx *store.Tx) error {
		for _, table := range []string{"name", "resource", "version", "pack", "alias", "lookup_recent", "lookup_settled", "enclosed", "shape", "contest", "token", "date", "reference"} {
			if _, err := tx.Exec(ctx, `DELETE FROM `+table); err != nil {
				return err
			}
		}
		return tx.SetApplied(ctx, 0)
	})
	if err != nil {
		return &handover.Error{Op: "emptying the record", Kind: kindOf(err), Err: err}
	}
	r.overlay.clear()
	r.states.clear()
	r.leads.clear()
	r.known.clear()
	r.packs.clear()
	r.pending = nil
	r.form.Shapes.Forget(0)
	return r.remember(ctx)
}

// Verify builds the record a second time from the facts, in the scratch place,
// which must be empty, and compares every table row by row, bodies included. It
// looks at the record as it is when Verify begins; applying goes on meanwhile.
// progress, if not nil, is told how far it is.
func (r *Record) Verify(ctx context.Context, scratch store.Place, facts Facts, progress func(done, total handover.Offset)) ([]Difference, error) {
	const op = "verifying the record"
	again, err := Open(ctx, Config{Place: scratch, Name: "verify", SiteKey: r.siteKey, Index: r.index})
	if err != nil {
		return nil, err
	}
	defer again.Close()
	if again.Applied() != 0 {
		return nil, &handover.Error{Op: op, Kind: handover.Usage, Err: errors.New("the scratch place is not empty")}
	}
	var out []Difference
	err = r.db.Read(ctx, func(tx *store.Tx) error {
		upTo, err := tx.Applied(ctx)
		if err == nil {
			err = again.follow(ctx, handover.Offset(upTo), facts, progress)
		}
		if err != nil {
			return err
		}
		return again.db.Read(ctx, func(should *store.Tx) error {
			out, err = compareTables(ctx, tx, should)
			return err
		})
	})
	if _, known := errors.AsType[*handover.Error](err); err != nil && !known {
		err = &handover.Error{Op: op, Kind: kindOf(err), Err: err}
	}
	return out, err
}

// follow applies the facts up to an offset.
func (r *Record) follow(ctx context.Context, upTo handover.Offset, facts Facts, progress func(done, total handover.Offset)) error {
	for at := handover.Offset(0); at < upTo; {
		entries, err := facts(ctx, at, verifyBatch)
		if err != nil {
			return err
		}
		for len(entries) > 0 && entries[len(entries)-1].Offset > upTo {
			entries = entries[:len(entries)-1]
		}
		if len(entries) == 0 {
			return &handover.Error{Op: "verifying the record", Kind: handover.Invalid, Where: "offset " + at.String(),
				Err: errors.New("the journal ends before what the record has applied")}
		}
		if err := r.Apply(ctx, entries); err != nil {
			return err
		}
		at = entries[len(entries)-1].Offset
		if progress != nil {
			progress(at, upTo)
		}
	}
	return nil
}

func compareTables(ctx context.Context, kept, should *store.Tx) (out []Difference, err error) {
	for _, t := range verifyTables {
		c := store.Comparison{Query: t.query, Key: t.key, Limit: MaxDifferences - len(out)}
		found, err := c.Compare(ctx, kept, should)
		if err != nil {
			return nil, fmt.Errorf("comparing table %s: %w", t.name, err)
		}
		for _, d := range found {
			out = append(out, Difference{t.name, d.Key, d.What})
		}
	}
	return out, nil
}

// verifyTables yield a key and what is to be equal for it. Numbers of names are
// resolved, for they may be given in another order.
var verifyTables = []struct{ name, key, query string }{
	{"resource", "r.rid", `SELECT r.rid, t.name, r.id, r.version, r.pack, r.place, r.held, r.heldat, r.patient, s.name
		FROM resource r LEFT JOIN name t ON t.id = r.type LEFT JOIN name s ON s.id = r.source`},
	{"version", "rid", `SELECT rid, version, pack, place FROM version`},
	{"pack", "pack", `SELECT pack, time, message, asserted, body FROM pack`},
	{"alias", "rid", `SELECT rid, key FROM alias`},
	{"lookup", "hash", `SELECT hash, rid FROM lookup`},
	{"enclosed", "at", `SELECT at, key FROM enclosed`},
	{"shape", "fact", `SELECT fact, body FROM shape`},
	{"contest", "rid", `SELECT rid, patient FROM contest`},
	{"token", "x.rid", `SELECT x.rid, p.name, x.value, s.name FROM token x
		LEFT JOIN name p ON p.id = x.param LEFT JOIN name s ON s.id = x.system`},
	{"date", "x.rid", `SELECT x.rid, p.name, x.low, x.high FROM date x LEFT JOIN name p ON p.id = x.param`},
	{"reference", "x.rid", `SELECT x.rid, p.name, x.target FROM reference x LEFT JOIN name p ON p.id = x.param`},
}

// CopyTo writes the record as it is at one moment into a new SQLite file.
func (r *Record) CopyTo(ctx context.Context, path string) error {
	if err := r.db.CopyTo(ctx, path); err != nil {
		return &handover.Error{Op: "copying the record", Kind: kindOf(err), Err: err}
	}
	return nil
}
