package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"

	"handover"
	"handover/deliver"
	"handover/record"
	"handover/transform/embedded"
)

// maxDocument is how many bytes a document may have that goes into a transaction.
const maxDocument = 32 << 20

// deliveryContent returns what is sent: the message as it came, or as a person changed it,
// or, to a FHIR server, what the record says now of what the message changed; and the
// header of the message, as far as that can be read.
func (e *Engine) deliveryContent(ctx context.Context, item deliver.Item) (content []byte, header handover.Header, err error) {
	l := e.live()
	entry, err := l.near(ctx, item.Message)
	switch {
	case e.fhir[item.To]:
		content, err = e.transaction(ctx, item)
	case item.Resent:
		content, err = e.resent(ctx, item)
	case err == nil:
		content, err = l.content(ctx, entry)
	}
	return content, entry.Header, err
}

// resourceID names a resource.
type resourceID struct{ Type, ID string }

func (r resourceID) url() string { return r.Type + "/" + r.ID }

// transaction is a transaction Bundle (FHIR R4 §3.1.0.11) that brings another server to
// what the record says of the resources that a message changed: a PUT of each under its
// id, a DELETE of those that are no more. It has them as they are now, so that a message
// that is sent late, or again, takes nothing back that was said since.
func (e *Engine) transaction(ctx context.Context, item deliver.Item) ([]byte, error) {
	changed, at, err := e.changed(ctx, item)
	if err != nil {
		return nil, err
	}
	out := bytes.NewBufferString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	first := true
	add := func(entry string, args ...any) {
		if !first {
			out.WriteByte(',')
		}
		first = false
		fmt.Fprintf(out, entry, args...)
	}
	var put []resourceID
	for _, r := range changed {
		v, err := e.record.Read(ctx, engineAccess, at, r.Type, r.ID)
		now := resourceID{v.Type, v.ID}
		if handover.KindOf(err) == handover.Gone || err == nil && now != r { // or it is one with another
			add(`{"request":{"method":"DELETE","url":%q}}`, r.url())
		}
		if handover.KindOf(err) == handover.Gone || slices.Contains(put, now) {
			continue
		}
		var content []byte
		if err == nil {
			content, err = e.plain(ctx, v)
		}
		if err != nil {
			return nil, fmt.Errorf("reading what a message changed: %w", err)
		}
		put = append(put, now)
		add(`{"resource":%s,"request":{"method":"PUT","url":%q}}`, content, now.url())
	}
	out.WriteString(`]}`)
	return out.Bytes(), nil
}

// changed lists the resources that a message changed, and the fact that did so.
func (e *Engine) changed(ctx context.Context, item deliver.Item) (out []resourceID, at handover.Offset, err error) {
	message, of := item.Message, item.Of
	if item.Resent {
		if of, err = e.decisionOf(ctx, message); err != nil {
			return nil, 0, err
		}
	}
	var said handover.Assertions
	for after := of; ; {
		entries, err := (facts{e.journal}).After(ctx, after, 16)
		if err != nil {
			return nil, 0, err
		}
		for i := range entries {
			f := &entries[i]
			switch after = f.Offset; {
			case f.Kind == handover.Shaped || f.Kind == handover.Enclosed:
			case f.Cause == message && f.Kind == handover.Asserted:
				said, err = e.record.Assertions(f)
			case f.Cause == message && f.Kind == handover.Written:
				out, err = e.writtenBy(f, &said)
				return out, f.Offset, err
			default:
				return nil, 0, nothingChanged(message)
			}
			if err != nil {
				return nil, 0, err
			}
		}
		if len(entries) == 0 {
			return nil, 0, nothingChanged(message)
		}
	}
}

func nothingChanged(message handover.Offset) error {
	return &handover.Error{Op: "making a transaction", Kind: handover.NotFound, Where: "message " + message.String(), Err: errors.New("it changed nothing in the record")}
}

// writtenBy lists what a Written fact says that was changed.
func (e *Engine) writtenBy(f *handover.Entry, said *handover.Assertions) (out []resourceID, err error) {
	w, err := e.record.Writes(f, said)
	for _, one := range w.Writes {
		out = append(out, resourceID{one.Type, one.ID})
	}
	if err == nil && len(out) == 0 {
		err = nothingChanged(f.Cause)
	}
	return out, err
}

// decisionOf finds the decision on a message.
func (e *Engine) decisionOf(ctx context.Context, message handover.Offset) (handover.Offset, error) {
	s, err := e.trace.Story(ctx, engineAccess, message)
	if err != nil {
		return 0, err
	}
	for _, f := range s.Facts {
		if f.Kind == handover.Decided.String() {
			return f.Offset, nil
		}
	}
	return 0, &handover.Error{Op: "making a transaction", Kind: handover.Unavailable, Where: "message " + message.String(), Err: errors.New("it is not decided yet; try again")}
}

// plain returns a resource with the document in it that it only links to.
func (e *Engine) plain(ctx context.Context, v record.Resource) ([]byte, error) {
	before, link, after := embedded.SplitLink(v.Content)
	digest, linked := embedded.Linked(link)
	if v.Type != "Binary" || !linked {
		return v.Content, nil
	}
	document, err := documents{e}.Document(ctx, digest)
	if err != nil {
		return nil, err
	}
	defer document.Close()
	content, err := io.ReadAll(io.LimitReader(document, maxDocument+1))
	if err == nil && len(content) > maxDocument {
		err = &handover.Error{Op: "making a transaction", Kind: handover.TooLarge, Where: v.Type + "/" + v.ID}
	}
	if err != nil {
		return nil, err
	}
	return slices.Concat(before, base64.StdEncoding.AppendEncode(nil, content), after), nil
}
