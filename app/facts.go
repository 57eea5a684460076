package app

import (
	"context"
	"io"

	"handover"
	"handover/hl7v2"
	"handover/journal"
	"handover/wire"
)

// engineAccess is under whose name the engine reads for itself.
var engineAccess = handover.Everything(handover.Engine)

// facts is the journal as projections and the pipeline read it.
type facts struct{ *journal.Journal }

// Get reads one fact.
func (f facts) Get(ctx context.Context, offset handover.Offset) (handover.Entry, error) {
	return f.Journal.Get(ctx, engineAccess, offset)
}

// Open reads a fact's body, whatever its length.
func (f facts) Open(ctx context.Context, offset handover.Offset) (io.ReadCloser, error) {
	return f.Journal.Open(ctx, engineAccess, offset)
}

// After returns the facts after an offset, in order.
func (f facts) After(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error) {
	return f.Read(ctx, engineAccess, after+1, limit)
}

// content returns a message's bytes as they can be parsed, wherever and in
// whatever encoding they are kept.
func (f facts) content(ctx context.Context, e handover.Entry) ([]byte, error) {
	content := e.Body.Bytes
	if e.Body.File != "" {
		body, err := f.Open(ctx, e.Offset)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		content = make([]byte, e.Body.Size)
		if _, err := io.ReadFull(body, content); err != nil {
			return nil, err
		}
	}
	if text, converted, _ := hl7v2.FromUTF16(content); converted && e.Format != wire.MediaType {
		return text, nil
	}
	return content, nil
}
