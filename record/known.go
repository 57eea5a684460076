package record

import (
	"context"
	"fmt"
	"sync"
	"unsafe"

	"handover"
	"handover/internal/offheap"
	"handover/internal/store"
)

// knownIDs tells of most ids that nothing has them: no resource, and no
// identifier leads to one. Most of what a message speaks of is new, and asking
// the tables for what is not there costs more the larger they are.
//
// It is a Bloom filter of blocks of 64 bytes, in layers that are added as the
// ids become more, and may take an id for known that is not. After a start it
// knows nothing until it has read what is there, a part with every Expect.
type knownIDs struct {
	mu     sync.Mutex
	layers []*idLayer
	ready  bool

	rid       int64   // resources up to this row are read
	resources bool    // all of them are
	alias     aliasAt // identifiers up to this one are read
}

// idLayer has room for so many ids, at nine bits each.
type idLayer struct {
	room   *offheap.Room
	blocks []idBlock // in room
	left   int       // ids that may still be added
}

func newLayer(ids int) *idLayer {
	n := ids/idsPerBlock + 1
	room := offheap.New(n * int(unsafe.Sizeof(idBlock{})))
	return &idLayer{room: room, blocks: unsafe.Slice((*idBlock)(unsafe.Pointer(&room.Bytes()[0])), n), left: ids}
}

type idBlock [8]uint64

// aliasAt is a row of alias.
type aliasAt struct {
	rid int64
	key string
}

const (
	firstLayer   = 1 << 16 // ids; each layer has twice the room of the one before
	maxLayers    = 9       // 33 million ids, 38 MB; from then on it errs more often
	idsPerBlock  = 57      // of 512 bits
	readAtOnce   = 1 << 9  // ids for each message that is expected
	bitsPerEntry = 6
)

// hashID spreads an id, which is mostly a piece of a digest, but need not be.
func hashID(id string) uint64 {
	h := fnv1a(fnvBasis, id)
	return h ^ h>>29
}

// bits returns the id's block and its bits in it.
func (l *idLayer) bits(h uint64) (b *idBlock, bits idBlock) {
	b = &l.blocks[(h>>32)*uint64(len(l.blocks))>>32]
	h *= 0x9e3779b97f4a7c15
	for range bitsPerEntry {
		bits[h>>61] |= 1 << (h >> 55 & 63)
		h *= 0x9e3779b97f4a7c15
	}
	return b, bits
}

func (l *idLayer) has(h uint64) bool {
	b, bits := l.bits(h)
	for i := range b {
		if b[i]&bits[i] != bits[i] {
			return false
		}
	}
	return true
}

func (l *idLayer) add(h uint64) {
	b, bits := l.bits(h)
	for i := range b {
		b[i] |= bits[i]
	}
	l.left--
}

// add takes in an id that is in the tables or about to be.
func (k *knownIDs) add(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.take(hashID(id))
}

func (k *knownIDs) take(h uint64) {
	n := len(k.layers)
	if n == 0 || k.layers[n-1].left <= 0 && n < maxLayers {
		k.layers = append(k.layers, newLayer(firstLayer<<n))
		n++
	}
	k.layers[n-1].add(h)
}

// unknown reports whether nothing has the id, for certain.
func (k *knownIDs) unknown(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.ready {
		return false
	}
	h := hashID(id)
	for _, l := range k.layers {
		if l.has(h) {
			return false
		}
	}
	return true
}

// clear is for tables that were emptied.
func (k *knownIDs) clear() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.layers, k.ready = nil, true
}

func (k *knownIDs) complete() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ready
}

// learn reads so many ids of what was in the tables before, until all is read. What
// is applied meanwhile is added as it comes.
func (r *Record) learn(ctx context.Context, limit int) error {
	k := r.known
	if k.complete() {
		return nil
	}
	err := r.db.Read(ctx, func(tx *store.Tx) error {
		if !k.resources {
			n, err := k.readPart(ctx, tx, `SELECT rid, id FROM resource WHERE rid > ? ORDER BY rid LIMIT ?`,
				func(rid int64, _ string) { k.rid = rid }, k.rid, limit)
			k.resources = err == nil && n < limit
			return err
		}
		n, err := k.readPart(ctx, tx, `SELECT rid, key FROM alias WHERE (rid, key) > (?, ?) ORDER BY rid, key LIMIT ?`,
			func(rid int64, key string) { k.alias = aliasAt{rid, key} }, k.alias.rid, k.alias.key, limit)
		if err == nil && n < limit {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.ready = true
		}
		return err
	})
	if err != nil {
		return &handover.Error{Op: "reading which ids are known", Kind: handover.Unavailable, Err: err}
	}
	return nil
}

// readPart takes in the ids that the query gives after the row they belong to,
// and tells of each.
func (k *knownIDs) readPart(ctx context.Context, tx *store.Tx, query string, done func(rid int64, id string), args ...any) (n int, err error) {
	var rid int64
	var id string
	err = tx.Each(ctx, query, args, func(scan func(...any) error) error {
		if err := scan(&rid, &id); err != nil {
			return fmt.Errorf("reading an id: %w", err)
		}
		n++
		k.add(id)
		done(rid, id)
		return nil
	})
	return n, err
}
