package journal

import (
	"context"
	"errors"
	"fmt"
	"os"

	"handover"
	"handover/internal/store"
)

// draftPrefix begins the name of a volume that is being rewritten.
const draftPrefix = "draft-"

// rewriteBatch is how many facts a rewrite holds in memory.
const rewriteBatch = 1000

// expiry says which bodies go.
type expiry struct {
	class  handover.Retention
	before int64 // milliseconds: bodies of facts older than this
	// partial also rewrites volumes of which some bodies must stay.
	partial bool
}

func (e *expiry) takes(f *fact) bool {
	return e != nil && f.head.Class == e.class && f.head.Time.UnixMilli() < e.before && f.body != nil
}

// expire rewrites the sealed volumes that hold expired bodies.
func (ch *chain) expire(ctx context.Context, e expiry) (removed int64, err error) {
	ch.still.Lock()
	defer ch.still.Unlock()
	all := ch.holding(0)
	for _, v := range all[:len(all)-1] {
		due, err := v.due(ctx, e)
		if err != nil {
			return removed, err
		}
		if !due {
			continue
		}
		n, err := ch.rewrite(ctx, v, &e)
		removed += n
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

func aboutExpiry(class handover.Retention) string { return fmt.Sprintf("removed-%d", class) }

// due reports whether the volume has bodies to lose that it has not lost yet.
func (v *volume) due(ctx context.Context, e expiry) (due bool, err error) {
	err = v.read(ctx, func(tx *store.Tx) error {
		var oldest, newest, done int64
		there, err := tx.Get(ctx, []any{&oldest}, `SELECT time FROM fact ORDER BY at LIMIT 1`)
		if err != nil || !there {
			return err
		}
		if _, err := tx.Get(ctx, []any{&newest}, `SELECT time FROM fact WHERE at < ? ORDER BY at DESC LIMIT 1`, int64(v.below)); err != nil {
			return err
		}
		if _, err := tx.Get(ctx, []any{&done}, `SELECT value FROM about WHERE name = ?`, aboutExpiry(e.class)); err != nil {
			return err
		}
		due = done <= newest && (newest < e.before || e.partial && oldest < e.before && done < e.before)
		return nil
	})
	return due, err
}

// rewrite replaces a sealed volume by its next generation: without rows that do
// not count, without the bodies that expired, and packed anew. It returns how
// many bodies it removed.
func (ch *chain) rewrite(ctx context.Context, v *volume, e *expiry) (removed int64, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("rewriting volume %d: %w", v.first, err)
		}
	}()
	draft := draftPrefix + volumeName(v.first, v.generation+1)
	path := ch.place.Path(draft)
	if err := removeFiles(path, path+"-wal", path+"-shm", path+"-journal"); err != nil {
		return 0, err
	}
	gone, err := ch.draft(ctx, v, e, draft)
	if err == nil {
		err = syncFile(path)
	}
	if err == nil {
		err = ch.readBack(ctx, v, e, draft)
	}
	if err != nil {
		return 0, errors.Join(err, removeFiles(path, path+"-wal", path+"-shm", path+"-journal"))
	}
	if err := ch.replace(v, path); err != nil {
		return 0, err
	}
	for _, name := range gone.files {
		err = errors.Join(err, ch.files.drop(ctx, name))
	}
	return gone.bodies, err
}

// gone is what a rewrite left out.
type gone struct {
	bodies int64
	files  []string // large bodies among them
}

// draft writes the new generation under a name that does not count yet.
func (ch *chain) draft(ctx context.Context, v *volume, e *expiry, name string) (left gone, err error) {
	db, err := store.Open(ctx, store.Config{Place: ch.place, Name: name, Schema: schema, Durable: true})
	if err != nil {
		return left, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	names := newNameTable()
	for from := v.first; ; {
		facts, err := ch.readOne(ctx, v, from)
		if err != nil {
			return left, err
		}
		if len(facts) == 0 {
			break
		}
		if err := ch.repack(ctx, facts, e, &left); err != nil {
			return left, err
		}
		err = db.Write(ctx, func(tx *store.Tx) error { return insert(ctx, tx, &commit{facts: facts}, names) })
		names.settle(err == nil)
		if err != nil {
			return left, err
		}
		from = facts[len(facts)-1].at + 1
	}
	if err := ch.copyRest(ctx, v, e, db); err != nil {
		return left, err
	}
	return left, db.Finish(ctx)
}

// readOne reads a batch of one volume.
func (ch *chain) readOne(ctx context.Context, v *volume, from handover.Offset) (facts []fact, err error) {
	err = v.read(ctx, func(tx *store.Tx) error {
		facts, err = selectFacts(ctx, tx, v.names, from, v.below, rewriteBatch)
		return err
	})
	return facts, err
}

// repack takes out what expired and packs the rest of the batch together.
func (ch *chain) repack(ctx context.Context, facts []fact, e *expiry, left *gone) error {
	c, err := compressors()
	if err != nil {
		return err
	}
	unpacked := newUnpacker(ch.read, c, facts)
	var all []packable
	var expired []*fact
	for i := range facts {
		f := &facts[i]
		if f.body == nil {
			continue
		}
		s, err := parseBody(f.at, f.body)
		if err != nil {
			return err
		}
		switch {
		case e.takes(f):
			expired = append(expired, f)
			if s.form == formFile {
				left.files = append(left.files, s.name)
			}
		case s.form != formFile && f.slot == 0:
			content, err := unpacked.content(ctx, f)
			if err != nil {
				return err
			}
			all = append(all, packable{f: f, salt: s.salt, content: content})
		}
	}
	for _, f := range expired {
		f.body, f.mark = nil, nil
	}
	left.bodies += int64(len(expired))
	c.pack(all, func(string) int { return sealedPack })
	return nil
}

// copyRest copies the tree's nodes, the newest marks and what was removed when.
// The list of large bodies was made from the facts.
func (ch *chain) copyRest(ctx context.Context, v *volume, e *expiry, db *store.DB) error {
	var rest commit
	abouts := map[string]int64{}
	err := v.read(ctx, func(tx *store.Tx) (err error) {
		if rest.nodes, err = selectNodes(ctx, tx, v.below); err != nil {
			return err
		}
		if _, err = selectMarks(ctx, tx, func(b markBlock) bool {
			if b.at < v.below {
				rest.block = &b
			}
			return rest.block == nil
		}); err != nil {
			return err
		}
		abouts, err = selectAbout(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	if e != nil {
		abouts[aboutExpiry(e.class)] = e.before
	}
	return db.Write(ctx, func(tx *store.Tx) error {
		if err := insert(ctx, tx, &rest, newNameTable()); err != nil {
			return err
		}
		for name, value := range abouts {
			if _, err := tx.Exec(ctx, `INSERT INTO about (name, value) VALUES (?, ?)`, name, value); err != nil {
				return err
			}
		}
		return nil
	})
}

// selectAbout returns what the volume remembers of removals.
func selectAbout(ctx context.Context, tx *store.Tx) (map[string]int64, error) {
	out := map[string]int64{}
	rows, err := tx.Query(ctx, `SELECT name, value FROM about WHERE name LIKE 'removed-%'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var value int64
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, rows.Err()
}

// selectNodes returns the nodes whose last leaf is below an offset.
func selectNodes(ctx context.Context, tx *store.Tx, below handover.Offset) (out []node, err error) {
	rows, err := tx.Query(ctx, `SELECT level, n, hash FROM node`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n node
		var level int64
		var hash []byte
		if err := rows.Scan(&level, &n.n, &hash); err != nil {
			return nil, err
		}
		n.level = int(level)
		copy(n.hash[:], hash)
		if lastLeaf(n.level, n.n) < below {
			out = append(out, n)
		}
	}
	return out, rows.Err()
}

// replace gives the draft its name, which makes it count, and removes what it
// replaces.
func (ch *chain) replace(v *volume, draft string) error {
	v.mu.Lock()
	if err := v.close(); err != nil {
		v.mu.Unlock()
		return err
	}
	old := v.files()
	final := ch.place.Path(volumeName(v.first, v.generation+1))
	err := os.Rename(draft, final)
	if err == nil {
		err = syncDir(ch.place.Dir)
	}
	if err == nil {
		v.generation++
		v.unfinished, v.again = false, false
	}
	v.mu.Unlock()
	if err != nil {
		return err
	}
	return removeFiles(old...)
}

// syncFile makes a file's content durable.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = f.Sync()
	return errors.Join(err, f.Close())
}
