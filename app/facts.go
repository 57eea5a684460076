package app

import (
	"context"
	"fmt"
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
	e, err := f.Journal.Get(ctx, engineAccess, offset)
	if err == nil {
		err = f.load(ctx, &e)
	}
	return e, err
}

// Open reads a fact's body, whatever its length.
func (f facts) Open(ctx context.Context, offset handover.Offset) (io.ReadCloser, error) {
	return f.Journal.Open(ctx, engineAccess, offset)
}

// After returns the facts after an offset, in order and fewer where they are
// long.
func (f facts) After(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error) {
	entries, err := f.outlines(ctx, after, limit)
	var loaded int64
	for i := range entries {
		if err := f.load(ctx, &entries[i]); err != nil {
			return nil, err
		}
		if loaded += int64(len(entries[i].Body.Bytes)); loaded > longFacts {
			return entries[:i+1], nil
		}
	}
	return entries, err
}

// outlines returns the facts after an offset, in order; long bodies are files.
func (f facts) outlines(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error) {
	return f.Read(ctx, engineAccess, after+1, limit)
}

// longFacts is how many bytes of bodies After returns, about.
const longFacts = 32 << 20

// load brings a long body into memory, unless it is a message or a document: what
// Handover itself said of one must be read whole.
func (f facts) load(ctx context.Context, e *handover.Entry) error {
	if e.Body.File == "" || e.Kind == handover.Received || e.Kind == handover.Enclosed {
		return nil
	}
	content, err := f.whole(ctx, *e)
	if err != nil {
		return fmt.Errorf("reading the long body of fact %d: %w", e.Offset, err)
	}
	e.Body = handover.Body{Bytes: content}
	return nil
}

// whole reads a body that is a file.
func (f facts) whole(ctx context.Context, e handover.Entry) ([]byte, error) {
	body, err := f.Open(ctx, e.Offset)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	content := make([]byte, e.Body.Size)
	_, err = io.ReadFull(body, content)
	return content, err
}

// content returns a message's bytes as they can be parsed, wherever and in
// whatever encoding they are kept.
func (f facts) content(ctx context.Context, e handover.Entry) (content []byte, err error) {
	if e.Gone {
		return nil, &handover.Error{Op: "reading a message", Kind: handover.Gone, Where: "fact " + e.Offset.String()}
	}
	content = e.Body.Bytes
	if e.Body.File != "" {
		if content, err = f.whole(ctx, e); err != nil {
			return nil, err
		}
	}
	if text, converted, _ := hl7v2.FromUTF16(content); converted && e.Format != wire.MediaType {
		return text, nil
	}
	return content, nil
}
