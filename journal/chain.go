package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"handover"
	"handover/internal/store"
)

// maxOpen is how many sealed volumes stay open for reading.
const maxOpen = 8

// maxAge is when a volume is sealed although it is small, so that retention
// need not wait for years where little happens.
const maxAge = 7 * 24 * time.Hour

// chain is the ledger in SQLite volumes.
type chain struct {
	place store.Place
	size  int64 // at which a volume is sealed, bytes
	lock  *os.File
	files folderStore

	mu      sync.RWMutex // guards the list, not what is in the volumes
	volumes []*volume    // never empty; the last is written to

	// still is held while sealed volumes must stay what they are: by who
	// finishes or replaces them, and by who copies them.
	still sync.Mutex

	// Used by the appender only.
	written int64 // bytes in the last volume, about
	began   time.Time
	acked   handover.Offset
	broken  bool // the last volume must not be written to any more
}

// openChain opens the volumes. Where that fails, spare may make room on the disk,
// and it is tried once more.
func openChain(ctx context.Context, c Config, spare func() bool) (*chain, error) {
	ch := &chain{place: store.Place{Dir: c.folder(), VFS: c.VFS}, size: c.VolumeSize,
		files: folderStore{filepath.Join(c.folder(), "bodies")}}
	if err := os.MkdirAll(ch.files.dir, 0o700); err != nil {
		return nil, err
	}
	if err := ch.takeLock(); err != nil {
		return nil, err
	}
	err := ch.start(ctx)
	if err != nil && spare() {
		err = errors.Join(ch.forget(), ch.start(ctx))
	}
	if err != nil {
		return nil, errors.Join(err, ch.close())
	}
	return ch, nil
}

// takeLock keeps a second program out. The kernel gives the lock back when
// this one ends, however it ends.
func (ch *chain) takeLock() error {
	f, err := os.OpenFile(filepath.Join(ch.place.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // nothing was written
		return &handover.Error{Op: "locking the journal", Kind: handover.Conflict,
			Err: errors.New("another program has it open; stop that one, or use another --data folder")}
	}
	ch.lock = f
	return nil
}

// forget closes what a start that failed had opened.
func (ch *chain) forget() error {
	var errs []error
	for _, v := range ch.volumes {
		errs = append(errs, v.close())
	}
	ch.volumes = nil
	return errors.Join(errs...)
}

// start finds the volumes and makes the last one ready.
func (ch *chain) start(ctx context.Context) error {
	if err := ch.list(); err != nil {
		return err
	}
	if len(ch.volumes) == 0 {
		return ch.create(ctx, 1, 0)
	}
	last := ch.volumes[len(ch.volumes)-1]
	if last.hasLog() {
		// What the log holds was perhaps never synced, if the program ended
		// after a failed sync. Copying it into the file writes it anew; the
		// log must then be gone for good, or its older part could come back.
		if err := last.finish(ctx); err != nil {
			return err
		}
	}
	if err := last.open(ctx, true); err != nil {
		return err
	}
	info, err := os.Stat(ch.place.Path(last.name()))
	if err != nil {
		return err
	}
	ch.written = info.Size()
	return ch.sweep(ctx)
}

// sweep removes large bodies that were kept for the last two volumes and belong
// to no fact: the append that they came with did not end. It runs before
// anything is appended. Older leftovers were swept by earlier starts.
func (ch *chain) sweep(ctx context.Context) error {
	late := ch.holding(1)
	late = late[max(0, len(late)-2):]
	entries, err := os.ReadDir(ch.files.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() < newPrefix(late[0].first) {
			continue
		}
		known := false
		for _, v := range late {
			err := v.read(ctx, func(tx *store.Tx) error {
				var at int64
				found, err := tx.Get(ctx, []any{&at}, `SELECT at FROM file WHERE name = ? AND at < ?`, e.Name(), int64(v.below))
				known = known || found
				return err
			})
			if err != nil {
				return err
			}
		}
		if !known {
			if err := ch.files.drop(ctx, e.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// list reads the folder. Lower generations are left over from a crash, and so
// is what has no final name.
func (ch *chain) list() error {
	entries, err := os.ReadDir(ch.place.Dir)
	if err != nil {
		return err
	}
	best := map[handover.Offset]int{}
	for _, e := range entries {
		if first, g, ok := parseVolume(e.Name()); ok && g >= best[first] {
			best[first] = g
		}
	}
	for first, g := range best {
		ch.volumes = append(ch.volumes, &volume{place: ch.place, first: first, generation: g, below: endless})
		for old := range g {
			stale := &volume{place: ch.place, first: first, generation: old}
			if err := removeFiles(stale.files()...); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(ch.volumes, func(a, b *volume) int { return cmp.Compare(a.first, b.first) })
	for i := range len(ch.volumes) - 1 {
		ch.volumes[i].below = ch.volumes[i+1].first
		ch.volumes[i].unfinished = ch.volumes[i].hasLog()
	}
	return ch.removeDrafts(entries)
}

// removeDrafts deletes volumes that a crash left half rewritten.
func (ch *chain) removeDrafts(entries []os.DirEntry) error {
	for _, e := range entries {
		if draft, _ := filepath.Match(draftPrefix+"*", e.Name()); draft {
			if err := removeFiles(filepath.Join(ch.place.Dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// create makes a new last volume, and its name durable.
func (ch *chain) create(ctx context.Context, first handover.Offset, generation int) error {
	v := &volume{place: ch.place, first: first, generation: generation, below: endless}
	if err := v.open(ctx, true); err != nil {
		_ = removeFiles(v.files()...) // made again by the next try
		return fmt.Errorf("making volume %d: %w", first, err)
	}
	if err := syncDir(ch.place.Dir); err != nil {
		return errors.Join(fmt.Errorf("making volume %d: %w", first, err), v.close(), removeFiles(v.files()...))
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if n := len(ch.volumes); n > 0 {
		ch.retire(ch.volumes[n-1], v)
	}
	ch.volumes = append(ch.volumes, v)
	ch.written, ch.began, ch.broken = 0, time.Time{}, false
	return nil
}

// retire seals the volume before v; if v takes its place, it goes altogether.
// The caller holds mu.
func (ch *chain) retire(old, v *volume) {
	old.mu.Lock()
	defer old.mu.Unlock()
	if old.first == v.first {
		_ = old.close()                 // its facts do not count
		_ = removeFiles(old.files()...) // else the next start does it
		ch.volumes = ch.volumes[:len(ch.volumes)-1]
		return
	}
	old.below, old.unfinished = v.first, true
	old.again = old.again || ch.broken || old.loose()
}

func (ch *chain) last() *volume {
	ch.mu.RLock()
	defer ch.mu.RUnlock()
	return ch.volumes[len(ch.volumes)-1]
}

// holding returns the volume that an offset belongs to, and the ones after.
func (ch *chain) holding(at handover.Offset) []*volume {
	ch.mu.RLock()
	defer ch.mu.RUnlock()
	i, exact := slices.BinarySearchFunc(ch.volumes, at, func(v *volume, at handover.Offset) int { return cmp.Compare(v.first, at) })
	if !exact && i > 0 {
		i--
	}
	return slices.Clone(ch.volumes[i:])
}

// acquire returns the last offset: the lock is held since opening.
func (ch *chain) acquire(ctx context.Context) (handover.Offset, error) {
	if ch.acked > 0 {
		return ch.acked, nil
	}
	at, err := ch.tail(ctx)
	ch.acked = at
	return at, err
}

func (ch *chain) tail(ctx context.Context) (at handover.Offset, err error) {
	last := ch.last()
	err = last.read(ctx, func(tx *store.Tx) error {
		at, err = selectTail(ctx, tx, endless)
		return err
	})
	return max(at, last.first-1), err
}

func (ch *chain) append(ctx context.Context, c *commit) error {
	if err := ch.ready(ctx, c); err != nil {
		return err
	}
	v := ch.last()
	if err := v.write(ctx, c); err != nil {
		var unknown *store.CommitError
		if !store.Full(err) && (store.Lost(err) || errors.As(err, &unknown)) {
			ch.broken = true
		}
		return err
	}
	ch.acked = c.last()
	for i := range c.facts {
		f := &c.facts[i]
		ch.written += int64(len(f.body) + len(f.key) + 100)
		if b, err := parseBody(f.at, f.body); err == nil && b.form == formPack {
			v.content += f.size
			if b.pack.owner == f.at {
				v.packs++
			}
		}
	}
	if ch.began.IsZero() {
		ch.began = c.facts[0].head.Time
	}
	return nil
}

// ready begins a new volume where the last one is full, old, or not to be
// trusted. Only in the last case must it succeed.
func (ch *chain) ready(ctx context.Context, c *commit) error {
	v := ch.last()
	if ch.broken {
		generation := 0
		if v.first == c.first() {
			generation = v.generation + 1
		}
		return ch.create(ctx, c.first(), generation)
	}
	full := ch.written >= ch.size
	old := !ch.began.IsZero() && c.facts[0].head.Time.Sub(ch.began) > maxAge
	if (full || old) && v.first < c.first() {
		if err := ch.create(ctx, c.first(), 0); err != nil && !store.Full(err) {
			return err
		}
	}
	return nil
}

// seal begins a new volume unless the last one is empty.
func (ch *chain) seal(ctx context.Context) error {
	last := ch.last()
	if ch.acked < last.first {
		return nil
	}
	last.mu.Lock()
	last.again = true
	last.mu.Unlock()
	return ch.create(ctx, ch.acked+1, 0)
}

func (ch *chain) read(ctx context.Context, from handover.Offset, limit int) (out []fact, err error) {
	for _, v := range ch.holding(from) {
		if len(out) >= limit {
			break
		}
		err := v.read(ctx, func(tx *store.Tx) error {
			facts, err := selectFacts(ctx, tx, v.names, max(from, v.first), v.below, limit-len(out))
			out = append(out, facts...)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading volume %d: %w", v.first, err)
		}
	}
	return out, nil
}

func (ch *chain) node(ctx context.Context, level int, n int64) (h tlog.Hash, err error) {
	v := ch.holding(lastLeaf(level, n))[0]
	err = v.read(ctx, func(tx *store.Tx) error {
		h, err = selectNode(ctx, tx, level, n)
		return err
	})
	return h, err
}

func (ch *chain) marks(ctx context.Context, f func(markBlock) bool) error {
	all := ch.holding(0)
	for _, v := range slices.Backward(all) {
		more := false
		err := v.read(ctx, func(tx *store.Tx) (err error) {
			more, err = selectMarks(ctx, tx, f)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func (ch *chain) large() (largeStore, handover.Offset) { return ch.files, ch.last().first }

// tend finishes sealed volumes, or writes them anew, and closes those that
// nobody has read for a while.
func (ch *chain) tend(ctx context.Context) error {
	if !ch.still.TryLock() {
		return nil // they are being copied: the next time, then
	}
	defer ch.still.Unlock()
	var errs []error
	var idle []*volume
	all := ch.holding(0)
	for _, v := range all[:len(all)-1] {
		v.mu.RLock()
		unfinished, again, open := v.unfinished, v.again, v.db != nil
		v.mu.RUnlock()
		switch {
		case again:
			_, err := ch.rewrite(ctx, v, nil)
			if handover.KindOf(err) == handover.Damaged {
				v.mu.Lock()
				v.again = false // it stays as it is: trying again would give the same
				v.mu.Unlock()
			}
			errs = append(errs, err)
		case unfinished:
			errs = append(errs, v.finish(ctx))
		case open:
			idle = append(idle, v)
		}
	}
	slices.SortFunc(idle, func(a, b *volume) int { return a.used.Compare(b.used) })
	for _, v := range idle[:max(0, len(idle)-maxOpen)] {
		v.mu.Lock()
		errs = append(errs, v.close())
		v.mu.Unlock()
	}
	return errors.Join(errs...)
}

// close brings the last volume's log into its file, if it can be trusted, and
// closes all.
func (ch *chain) close() error {
	var errs []error
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if n := len(ch.volumes); n > 0 && !ch.broken && ch.volumes[n-1].db != nil {
		errs = append(errs, ch.volumes[n-1].db.Checkpoint(context.Background()))
	}
	for _, v := range ch.volumes {
		v.mu.Lock()
		errs = append(errs, v.close())
		v.mu.Unlock()
	}
	if ch.lock != nil {
		errs = append(errs, ch.lock.Close())
	}
	return errors.Join(errs...)
}
