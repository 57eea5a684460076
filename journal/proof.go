package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"handover"
)

// Checkpoint is the state of the journal that was signed: its first Size facts
// have the tree hash Root.
type Checkpoint struct {
	Size int64
	Root tlog.Hash
}

// checkpointFormat is the media type of a checkpoint's body.
const checkpointFormat = "text/vnd.handover.checkpoint"

// PublicKey returns the key that checks checkpoints, in the form of
// golang.org/x/mod/sumdb/note.
func (j *Journal) PublicKey() string { return j.keys.public }

// Root returns the number of facts and the tree hash over them, now.
func (j *Journal) Root(ctx context.Context) (Checkpoint, error) {
	return j.rootOf(ctx, int64(j.Tail()))
}

func (j *Journal) rootOf(ctx context.Context, size int64) (Checkpoint, error) {
	f, err := loadFrontier(ctx, j.ledger, size)
	if err != nil {
		return Checkpoint{}, err
	}
	return Checkpoint{size, f.root()}, nil
}

// Sign signs the journal's present state, appends it as a Checkpointed fact and
// returns it, to be kept elsewhere too: a copy outside this machine is what
// shows that a journal was cut short or exchanged as a whole.
func (j *Journal) Sign(ctx context.Context) ([]byte, error) {
	c, err := j.Root(ctx)
	if err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", j.keys.signer.Name(), c.Size, c.Root)
	signed, err := note.Sign(&note.Note{Text: text}, j.keys.signer)
	if err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	_, err = j.Append(ctx, []handover.Draft{{
		Header: handover.Header{Kind: handover.Checkpointed, Actor: handover.Engine.ID, Format: checkpointFormat},
		Body:   handover.Body{Bytes: signed},
	}})
	return signed, err
}

var errCheckpoint = errors.New("it is not a checkpoint")

// ReadCheckpoint checks a checkpoint's signature by the public key and returns
// what it says.
func ReadCheckpoint(signed []byte, publicKey string) (Checkpoint, error) {
	v, err := note.NewVerifier(publicKey)
	if err != nil {
		return Checkpoint{}, err
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != v.Name() {
		return Checkpoint{}, errCheckpoint
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return Checkpoint{}, errCheckpoint
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, errCheckpoint
	}
	return Checkpoint{size, root}, nil
}

// Inclusion proves that a fact is in the journal of a checkpoint.
type Inclusion struct {
	Offset handover.Offset
	Leaf   tlog.Hash // RFC 6962 leaf hash of the fact
	Proof  tlog.RecordProof
}

// Check reports whether the proof leads to the checkpoint.
func (p Inclusion) Check(c Checkpoint) error {
	return tlog.CheckRecord(p.Proof, c.Size, c.Root, int64(p.Offset)-1, p.Leaf)
}

// ProveInclusion proves that the fact is among the first size ones.
func (j *Journal) ProveInclusion(ctx context.Context, at handover.Offset, size int64) (Inclusion, error) {
	if at < 1 || int64(at) > size || size > int64(j.Tail()) {
		return Inclusion{}, notFound(at)
	}
	h := newHashes(ctx, j.ledger)
	leaf, err := h.hash(0, int64(at)-1)
	if err != nil {
		return Inclusion{}, err
	}
	proof, err := tlog.ProveRecord(size, int64(at)-1, h)
	return Inclusion{at, leaf, proof}, err
}

// ProveConsistency proves that the journal of size facts begins with the one
// of old facts. tlog.CheckTree checks it.
func (j *Journal) ProveConsistency(ctx context.Context, old, size int64) (tlog.TreeProof, error) {
	if old < 1 || old > size || size > int64(j.Tail()) {
		return nil, notFound(handover.Offset(size))
	}
	return tlog.ProveTree(size, old, newHashes(ctx, j.ledger))
}

func notFound(at handover.Offset) error {
	return &handover.Error{Op: "reading the journal", Kind: handover.NotFound, Where: "fact " + at.String()}
}
