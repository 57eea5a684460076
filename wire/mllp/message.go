package mllp

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"handover"
	"handover/wire"
)

// message hands the frame in hand over and writes the answer. An error ends the
// connection.
func (c *conn) message(ctx context.Context) error {
	config, counters := &c.server.config, &c.server.counters
	held := c.collector.Finish()
	counters.messages.Add(1)
	if held.Body.File != "" {
		counters.spooled.Add(1)
	}
	if held.Err != nil {
		counters.refused.Add(1)
	}
	answers, err := config.Receiver.Receive(ctx, wire.Arrival{
		Source: config.Source, Conn: c.name, Remote: c.remote, Received: config.Now(), Format: wire.MediaType,
		Body: held.Body, Head: held.Head, Size: held.Size, Err: held.Err, Problems: c.problems,
	})
	c.collector.Release()
	c.problems = nil
	if err == nil || len(answers) > 0 {
		err = c.answer(answers)
	}
	c.lastFrame = time.Now()
	if err != nil {
		counters.unanswered.Add(1)
		c.log("closed a connection without an answer", err)
		return errClose
	}
	if c.stopping() {
		return errClose
	}
	return nil
}

// answer writes each answer as a frame; nothing where none is owed.
func (c *conn) answer(answers [][]byte) error {
	c.out = c.out[:0]
	for _, answer := range answers {
		if err := Check(answer); err != nil { // it repeats MSH-10, and so perhaps a byte that should not be there
			return err
		}
		c.out = AppendFrame(c.out, answer)
	}
	if len(c.out) == 0 {
		return nil
	}
	_ = c.socket.SetWriteDeadline(time.Now().Add(c.server.config.Write))
	n, err := c.socket.Write(c.out)
	c.server.counters.bytesOut.Add(int64(n))
	if cap(c.out) > readSize {
		c.out = nil
	}
	if err == nil {
		c.server.counters.answers.Add(int64(len(answers)))
	}
	return err
}

// addOutside keeps bytes that belong to no frame until they can be told of
// together. Line ends between frames are counted and left.
func (c *conn) addOutside(ctx context.Context, p []byte) error {
	if len(c.outside) == 0 {
		rest := bytes.TrimLeft(p, "\r\n")
		c.server.counters.padding.Add(int64(len(p) - len(rest)))
		p = rest
	}
	c.outside = append(c.outside, p...)
	if len(c.outside) <= maxOutside {
		return nil
	}
	c.endOutside(ctx)
	c.log("closed a connection that does not speak MLLP", nil)
	return errClose
}

// endOutside tells of the bytes outside frames, if there were any.
func (c *conn) endOutside(ctx context.Context) {
	if len(c.outside) == 0 {
		return
	}
	c.problem("", fmt.Sprintf("%d bytes outside a frame came before this message", len(c.outside)))
	c.fragment(ctx, wire.Outside, held(c.outside))
	c.outside = nil
}

func held(p []byte) wire.Held {
	p = bytes.Clone(p)
	return wire.Held{Body: handover.Body{Bytes: p}, Size: int64(len(p))}
}

// fragment tells of bytes that are no message.
func (c *conn) fragment(ctx context.Context, reason wire.Reason, h wire.Held) {
	config := &c.server.config
	c.server.counters.fragments.Add(1)
	c.server.counters.fragmentBytes.Add(h.Size)
	config.Log.Warn("bytes that are no message", "source", config.Source, "conn", c.name,
		"remote", c.remote, "reason", string(reason), "bytes", h.Size)
	body := h.Body
	if h.Err != nil {
		body = handover.Body{Bytes: h.Head}
	}
	config.Fragment(ctx, wire.Fragment{Source: config.Source, Conn: c.name, Remote: c.remote,
		Received: config.Now(), Reason: reason, Size: h.Size, Body: body})
}
