package journal

import (
	"context"
	"crypto/sha256"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"handover"
)

// nodeLevel is the lowest level of the tree that is stored: subtrees of
// 1<<nodeLevel leaves. Lower hashes are cheaper to compute again than to keep.
const nodeLevel = 8

// node is the hash of a complete subtree.
type node struct {
	level int
	n     int64 // from 0 at each level
	hash  tlog.Hash
}

// lastLeaf returns the offset of the subtree's last leaf.
func lastLeaf(level int, n int64) handover.Offset { return handover.Offset((n + 1) << level) }

// frontier is the right edge of the tree: the hash of one complete subtree for
// each bit of the number of leaves, largest first.
type frontier struct {
	n      int64
	hashes []tlog.Hash
}

// add appends a leaf and returns the nodes to be stored that it completes.
func (f *frontier) add(leaf tlog.Hash) (complete []node) {
	hash, level := leaf, 0
	for n := f.n; n&1 == 1; n >>= 1 {
		end := len(f.hashes) - 1
		hash = tlog.NodeHash(f.hashes[end], hash)
		f.hashes = f.hashes[:end]
		level++
		if level >= nodeLevel {
			complete = append(complete, node{level, f.n >> level, hash})
		}
	}
	f.hashes = append(f.hashes, hash)
	f.n++
	return complete
}

// root returns the tree's root hash; of an empty tree it is that of nothing.
func (f *frontier) root() tlog.Hash {
	if len(f.hashes) == 0 {
		return sha256.Sum256(nil)
	}
	hash := f.hashes[len(f.hashes)-1]
	for i := len(f.hashes) - 2; i >= 0; i-- {
		hash = tlog.NodeHash(f.hashes[i], hash)
	}
	return hash
}

func (f *frontier) clone() frontier {
	return frontier{f.n, append([]tlog.Hash(nil), f.hashes...)}
}

// hashes reads the tree's hashes for x/mod/sumdb/tlog: high ones are stored,
// low ones are computed from the heads of the 256 facts around them.
type hashes struct {
	ctx    context.Context // of the one call that it is made for
	ledger ledger
	tiles  map[int64][]tlog.Hash // leaves, by n >> nodeLevel
}

func newHashes(ctx context.Context, l ledger) *hashes {
	return &hashes{ctx: ctx, ledger: l, tiles: map[int64][]tlog.Hash{}}
}

// ReadHashes implements tlog.HashReader.
func (h *hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		hash, err := h.hash(level, n)
		if err != nil {
			return nil, fmt.Errorf("reading the tree at level %d, place %d: %w", level, n, err)
		}
		out[i] = hash
	}
	return out, nil
}

func (h *hashes) hash(level int, n int64) (tlog.Hash, error) {
	if level >= nodeLevel {
		return h.ledger.node(h.ctx, level, n)
	}
	tile := n << level >> nodeLevel
	leaves, err := h.leaves(tile)
	if err != nil {
		return tlog.Hash{}, err
	}
	from := n<<level - tile<<nodeLevel
	to := from + 1<<level
	if to > int64(len(leaves)) {
		return tlog.Hash{}, fmt.Errorf("there are only %d of its leaves", len(leaves))
	}
	var f frontier
	for _, leaf := range leaves[from:to] {
		f.add(leaf)
	}
	return f.root(), nil
}

func (h *hashes) leaves(tile int64) ([]tlog.Hash, error) {
	if known, ok := h.tiles[tile]; ok {
		return known, nil
	}
	facts, err := h.ledger.read(h.ctx, handover.Offset(tile<<nodeLevel)+1, 1<<nodeLevel)
	if err != nil {
		return nil, err
	}
	leaves := make([]tlog.Hash, len(facts))
	for i := range facts {
		leaves[i] = facts[i].leaf()
	}
	h.tiles[tile] = leaves
	return leaves, nil
}

// loadFrontier rebuilds the right edge of a tree of n leaves.
func loadFrontier(ctx context.Context, l ledger, n int64) (frontier, error) {
	f := frontier{n: n}
	h := newHashes(ctx, l)
	var done int64
	for level := 62; level >= 0; level-- {
		if n>>level&1 == 0 {
			continue
		}
		hash, err := h.hash(level, done>>level)
		if err != nil {
			return frontier{}, fmt.Errorf("rebuilding the tree's edge: %w", err)
		}
		f.hashes = append(f.hashes, hash)
		done += 1 << level
	}
	return f, nil
}
