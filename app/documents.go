package app

import (
	"context"
	"crypto/sha256"
	"io"

	"handover"
)

// documents finds the documents that messages carried.
type documents struct{ e *Engine }

// Document opens the document of a digest, which has long been applied where
// the record refers to it.
func (d documents) Document(ctx context.Context, digest [sha256.Size]byte) (io.ReadSeekCloser, error) {
	at, err := d.e.record.Enclosed(ctx, handover.DocumentKey(d.e.key, digest))
	if err != nil {
		return nil, err
	}
	if at == 0 {
		return nil, &handover.Error{Op: "reading a document", Kind: handover.NotFound}
	}
	return d.e.journal.Open(ctx, engineAccess, at)
}
