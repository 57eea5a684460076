package journal

import (
	"context"
	"fmt"
	"slices"

	"handover"
)

// unpacker gives the contents of facts that were read together, and unpacks
// each pack once.
type unpacker struct {
	ledger ledger
	c      *compressor
	facts  []fact // in order of offset, without holes
	open   [4]unpacked
	next   int // place in open for the next pack
}

// unpacked is the pack of a fact.
type unpacked struct {
	owner   handover.Offset
	content []byte
}

func newUnpacker(l ledger, c *compressor, facts []fact) *unpacker {
	return &unpacker{ledger: l, c: c, facts: slices.Clone(facts)}
}

// content returns the fact's content. It shares memory with other contents and
// must not be changed. The body is neither removed nor a file.
func (u *unpacker) content(ctx context.Context, f *fact) ([]byte, error) {
	b, err := u.find(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("unpacking fact %d: %w", f.at, err)
	}
	return b, nil
}

func (u *unpacker) find(ctx context.Context, f *fact) ([]byte, error) {
	if f.slot != 0 {
		return nil, fmt.Errorf("it is sealed with key %d, which is not here", f.slot)
	}
	s, err := parseBody(f.at, f.body)
	if err != nil {
		return nil, err
	}
	var all []byte
	switch s.form {
	case formPlain:
		all = s.data
	case formPack:
		all, err = u.unframe(f.at, s.data)
	case formMember:
		all, err = u.load(ctx, s.owner)
	default:
		err = errBody
	}
	if err != nil {
		return nil, err
	}
	return cut(all, s.start, f.size)
}

func cut(b []byte, start, size int64) ([]byte, error) {
	if start < 0 || size < 0 || start+size > int64(len(b)) {
		return nil, errBody
	}
	return b[start : start+size : start+size], nil
}

// load unpacks the pack of another fact.
func (u *unpacker) load(ctx context.Context, owner handover.Offset) ([]byte, error) {
	if known := u.known(owner); known != nil {
		return known, nil
	}
	var body []byte
	if n := len(u.facts); n > 0 && owner >= u.facts[0].at && owner <= u.facts[n-1].at {
		body = u.facts[owner-u.facts[0].at].body
	} else {
		facts, err := u.ledger.read(ctx, owner, 1)
		if err != nil {
			return nil, err
		}
		if len(facts) == 1 && facts[0].at == owner {
			body = facts[0].body
		}
	}
	s, err := parseBody(owner, body)
	if err != nil {
		return nil, err
	}
	if s.form != formPack {
		return nil, errBody
	}
	return u.unframe(owner, s.data)
}

func (u *unpacker) known(owner handover.Offset) []byte {
	for _, o := range u.open {
		if o.owner == owner {
			return o.content
		}
	}
	return nil
}

func (u *unpacker) unframe(owner handover.Offset, frame []byte) ([]byte, error) {
	if known := u.known(owner); known != nil {
		return known, nil
	}
	content, err := u.c.unframe(frame)
	if err != nil {
		return nil, err
	}
	u.open[u.next] = unpacked{owner, content}
	u.next = (u.next + 1) % len(u.open)
	return content, nil
}
