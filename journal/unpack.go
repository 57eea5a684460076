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
	read  reading
	c     *compressor
	facts []fact // in order of offset, without holes
	open  [4]unpacked
	next  int // place in open for the next pack
}

// reading returns up to limit facts from an offset on, in order.
type reading func(ctx context.Context, from handover.Offset, limit int) ([]fact, error)

// unpacked is the pack of a fact.
type unpacked struct {
	owner   handover.Offset
	content []byte
}

func newUnpacker(read reading, c *compressor, facts []fact) *unpacker {
	return &unpacker{read: read, c: c, facts: slices.Clone(facts)}
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
	switch s.form {
	case formPlain:
		return cut(s.data, 0, f.size)
	case formPack:
		all, err := u.unpack(ctx, s)
		if err != nil {
			return nil, err
		}
		return cut(all, s.pack.start, f.size)
	default:
		return nil, errBody
	}
}

func cut(b []byte, start, size int64) ([]byte, error) {
	if start < 0 || size < 0 || start+size > int64(len(b)) {
		return nil, errBody
	}
	return b[start : start+size : start+size], nil
}

// unpack returns the unpacked frame that a body has a piece of.
func (u *unpacker) unpack(ctx context.Context, s stored) ([]byte, error) {
	if known := u.known(s.pack.owner); known != nil {
		return known, nil
	}
	frame := s.data
	if s.pack.span > 0 {
		var err error
		if frame, err = u.gather(ctx, s.pack); err != nil {
			return nil, err
		}
	}
	content, err := u.c.unframe(frame)
	if err != nil {
		return nil, damaged(err)
	}
	u.open[u.next] = unpacked{s.pack.owner, content}
	u.next = (u.next + 1) % len(u.open)
	return content, nil
}

// gather joins the pieces of a frame.
func (u *unpacker) gather(ctx context.Context, p packRef) (frame []byte, err error) {
	facts := u.among(p.owner, p.owner+handover.Offset(p.span))
	if facts == nil {
		if facts, err = u.read(ctx, p.owner, int(p.span)+1); err != nil {
			return nil, err
		}
	}
	for i := range facts {
		if f := &facts[i]; len(f.body) > 0 && f.body[0] == formPack {
			piece, err := parseBody(f.at, f.body)
			if err != nil {
				return nil, err
			}
			if piece.pack.owner == p.owner {
				frame = append(frame, piece.data...)
			}
		}
	}
	return frame, nil
}

// among returns the facts from first to last, if all were read already.
func (u *unpacker) among(first, last handover.Offset) []fact {
	n := len(u.facts)
	if n == 0 || first < u.facts[0].at || last > u.facts[n-1].at || int(u.facts[n-1].at-u.facts[0].at) != n-1 {
		return nil // not there, or with holes where somebody removed facts
	}
	return u.facts[first-u.facts[0].at : last-u.facts[0].at+1]
}

func (u *unpacker) known(owner handover.Offset) []byte {
	for _, o := range u.open {
		if o.owner == owner {
			return o.content
		}
	}
	return nil
}
