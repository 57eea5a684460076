package mllp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"handover"
	"handover/wire"
)

// readSize is how far one connection reads ahead.
const readSize = 16 << 10

// conn is one sender's connection. One goroutine reads, hands over and answers.
type conn struct {
	server *Server
	socket net.Conn // speaks TLS where the server does
	raw    net.Conn // below it: closing it never waits
	name   string   // Arrival.Conn
	host   string
	remote string

	decoder   Decoder
	collector *wire.Collector
	began     time.Time // of the frame in hand
	lastFrame time.Time // end of the last one
	contents  int64     // bytes of the frame in hand, for positions
	problems  []handover.Problem
	outside   []byte // bytes outside frames since the last frame
	out       []byte // the answer's frame, reused

	mu     sync.Mutex // guards what stop needs to know
	stopBy time.Time
	busy   bool // within a frame
}

// errClose ends a connection whose story has been told already.
var errClose = errors.New("closed")

func newConn(s *Server, socket net.Conn, host, remote string) *conn {
	raw := socket
	if s.tls != nil {
		socket = tls.Server(raw, s.tls)
	}
	name := s.config.Source + "-" + s.started + "-" + strconv.FormatInt(s.serial.Add(1), 10)
	return &conn{server: s, socket: socket, raw: raw, name: name, host: host, remote: remote,
		collector: wire.NewCollector(s.config.Room), lastFrame: time.Now()}
}

// serve reads until the connection ends.
func (c *conn) serve(ctx context.Context) {
	defer c.socket.Close()
	defer c.collector.Close()
	if err := c.handshake(ctx); err != nil {
		c.server.counters.turned.Add(1)
		c.log("turned a connection away: the TLS handshake failed", err)
		return
	}
	buffer := make([]byte, readSize)
	for {
		c.setDeadline()
		n, err := c.socket.Read(buffer)
		c.server.counters.bytesIn.Add(int64(n))
		if taken := c.take(ctx, buffer[:n]); taken != nil {
			return
		}
		if err != nil && !c.goOn(ctx, err) {
			return
		}
	}
}

func (c *conn) handshake(ctx context.Context) error {
	t, ok := c.socket.(*tls.Conn)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.server.config.Handshake)
	defer cancel()
	return t.HandshakeContext(ctx)
}

// setDeadline says until when the next byte must come, and whether a frame is
// in hand.
func (c *conn) setDeadline() {
	config, now := &c.server.config, time.Now()
	until := c.lastFrame.Add(config.Idle)
	busy := c.decoder.InFrame()
	switch {
	case c.decoder.AtEnd():
		until = now.Add(config.Trailer)
	case busy:
		until = now.Add(config.Stall)
		if end := c.began.Add(config.Frame); end.Before(until) {
			until = end
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = busy
	switch {
	case c.stopBy.IsZero():
	case !busy:
		until = now
	case c.stopBy.Before(until):
		until = c.stopBy
	}
	_ = c.socket.SetReadDeadline(until)
}

// stop ends the connection after the message in hand, at by at the latest.
func (c *conn) stop(by time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopBy = by
	if !c.busy {
		by = time.Now()
	}
	_ = c.socket.SetReadDeadline(by)
}

func (c *conn) stopping() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.stopBy.IsZero()
}

// goOn reports whether reading goes on after err: only where a frame has ended
// without its CR and the sender waits for the answer.
func (c *conn) goOn(ctx context.Context, err error) bool {
	late := errors.Is(err, os.ErrDeadlineExceeded)
	if c.decoder.AtEnd() {
		if c.token(ctx, c.decoder.Flush()) != nil {
			return false
		}
		if late {
			return true
		}
	}
	c.finish(ctx, late)
	switch {
	case late && c.stopping(), errors.Is(err, io.EOF):
	case late:
		c.log("closed a connection that was idle for too long", nil)
	default:
		c.log("a connection broke", err)
	}
	return false
}

// finish tells of what was in hand when the connection ended.
func (c *conn) finish(ctx context.Context, late bool) {
	c.endOutside(ctx)
	if t := c.decoder.Flush(); t.Kind == Content {
		_ = c.token(ctx, t)
	}
	if !c.decoder.InFrame() {
		return
	}
	reason := wire.Unfinished
	if late && !c.stopping() {
		reason = wire.Stalled
	}
	c.fragment(ctx, reason, c.collector.Finish())
	c.collector.Release()
}

// take works off what was read. An error ends the connection.
func (c *conn) take(ctx context.Context, p []byte) error {
	for {
		t, n := c.decoder.Next(p)
		p = p[n:]
		if t.Kind == None {
			return nil
		}
		if err := c.token(ctx, t); err != nil {
			c.unread(ctx, p)
			return err
		}
	}
}

// unread tells of what was read ahead of a message after which the connection ends.
func (c *conn) unread(ctx context.Context, p []byte) {
	if len(p) > 0 {
		c.fragment(ctx, wire.Unread, held(p))
	}
}

func (c *conn) token(ctx context.Context, t Token) error {
	switch t.Kind {
	case Begin:
		c.endOutside(ctx)
		c.begin()
	case Content:
		c.content(t)
	case End:
		return c.message(ctx)
	case EndBare:
		c.problem("", "the frame ended without CR after FS")
		return c.message(ctx)
	case Restart:
		c.restart(ctx)
	case Outside:
		return c.addOutside(ctx, t.Data)
	}
	return nil
}

func (c *conn) begin() {
	c.began = time.Now()
	c.contents = 0
}

func (c *conn) content(t Token) {
	if t.Odd {
		c.problem(fmt.Sprintf("byte %d", c.contents), fmt.Sprintf("0x%02X within the message", t.Data[0]))
	}
	c.contents += int64(len(t.Data))
	_, _ = c.collector.Write(t.Data) // takes all; what is wrong is in Held.Err
}

// restart gives up the frame in hand for the one that begins within it.
func (c *conn) restart(ctx context.Context) {
	c.problems = nil
	if c.collector.Size() > 0 {
		c.fragment(ctx, wire.Restarted, c.collector.Finish())
		c.problem("", "the sender began this message before it ended the one before, which was dropped")
	}
	c.collector.Release()
	c.begin()
}

// maxProblems is how many oddities of one frame are told one by one.
const maxProblems = 20

func (c *conn) problem(where, text string) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, handover.Problem{Where: where, Text: text})
	}
}

// log says what happened to this connection.
func (c *conn) log(text string, err error) {
	args := []any{"source", c.server.config.Source, "conn", c.name, "remote", c.remote}
	if err != nil {
		args = append(args, "error", err)
	}
	c.server.config.Log.Warn(text, args...)
}
