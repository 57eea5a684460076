package mllp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"handover"
)

// The limits of a ClientConfig that names none.
const (
	DefaultConnect   = 10 * time.Second
	DefaultAnswer    = 60 * time.Second
	DefaultMaxAnswer = 1 << 20
)

// ClientConfig says where to send, and how long to wait.
type ClientConfig struct {
	Address   string        // host:port
	TLS       *tls.Config   // nil: in clear; see wire.TLSFiles.Client
	Connect   time.Duration // TLS included
	Write     time.Duration // without a byte going out
	Answer    time.Duration // from the message's last byte to the answer's last
	MaxAnswer int           // bytes
}

// Stage is how far sending came.
type Stage string

// The stages at which sending can fail.
const (
	Connecting Stage = "connecting" // nothing was sent
	Writing    Stage = "writing"    // the frame did not go out whole: the receiver has no message
	Awaiting   Stage = "awaiting"   // the frame went out, and whether it was kept is unknown
)

// SendError is a failure to send a message or to hear its answer.
type SendError struct {
	Stage Stage
	Err   error
}

// Error reads as "awaiting the answer of ...: i/o timeout".
func (e *SendError) Error() string { return string(e.Stage) + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }

// Unknown reports whether the receiver may have kept the message although err
// came instead of its answer. Whoever sends it again may double it.
func Unknown(err error) bool {
	e, ok := errors.AsType[*SendError](err)
	return ok && e.Stage == Awaiting
}

// Client is one connection, with one message outstanding at most: a second Send
// waits for the first. After an error the connection is done with; Dial again.
type Client struct {
	config  ClientConfig
	socket  net.Conn
	raw     net.Conn
	decoder Decoder

	mu     sync.Mutex // held during Send and Answer
	buffer []byte
	unread []byte // of buffer
	out    []byte
	broken error
}

// Dial connects. Its error has kind Unavailable and stage Connecting.
func Dial(ctx context.Context, c ClientConfig) (*Client, error) {
	c.Connect = or(c.Connect, DefaultConnect)
	c.Write = or(c.Write, DefaultWrite)
	c.Answer = or(c.Answer, DefaultAnswer)
	c.MaxAnswer = or(c.MaxAnswer, DefaultMaxAnswer)
	ctx, cancel := context.WithTimeout(ctx, c.Connect)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return nil, sendError(Connecting, err)
	}
	client := &Client{config: c, socket: raw, raw: raw, buffer: make([]byte, 4<<10)}
	if c.TLS == nil {
		return client, nil
	}
	secured := tls.Client(raw, withName(c.TLS, c.Address))
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, sendError(Connecting, fmt.Errorf("TLS with %s: %w", c.Address, err))
	}
	client.socket = secured
	return client, nil
}

// withName says whose certificate is expected, where the configuration does not.
func withName(c *tls.Config, address string) *tls.Config {
	if c.ServerName != "" || c.InsecureSkipVerify {
		return c
	}
	c = c.Clone()
	c.ServerName, _, _ = net.SplitHostPort(address)
	return c
}

func sendError(stage Stage, err error) error {
	return &handover.Error{Op: "sending by MLLP", Kind: handover.Unavailable, Err: &SendError{stage, err}}
}

// Close closes the connection. A Send that waits ends with an error.
func (c *Client) Close() error { return c.raw.Close() }

// Send sends the message and returns the content of the next frame that comes
// back. Whether that is the answer, MSA-2 tells the caller; if it is another
// message's, Answer reads on. A message that a frame cannot carry (see Check) is
// an error of kind Invalid and leaves the connection as it is. Any other error is of kind
// Unavailable and wraps a *SendError; see Unknown.
func (c *Client) Send(ctx context.Context, message []byte) ([]byte, error) {
	if err := Check(message); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.write(ctx, message); err != nil {
		return nil, err
	}
	return c.answer(ctx)
}

// Tell sends a message that owes no answer, and reads none. That it returns nil
// says that the bytes went out, not that they were kept. Its errors are Send's.
func (c *Client) Tell(ctx context.Context, message []byte) error {
	if err := Check(message); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(ctx, message)
}

// Answer reads another frame, for a receiver that answers twice (enhanced mode)
// or answered an earlier message late.
func (c *Client) Answer(ctx context.Context) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return nil, sendError(Awaiting, c.broken)
	}
	return c.answer(ctx)
}

// piece is how many bytes of a message are written at once, so that the limit
// Write is on standing still and not on the whole, and nothing large is copied.
const piece = 256 << 10

// write sends the frame.
func (c *Client) write(ctx context.Context, message []byte) error {
	_ = c.socket.SetReadDeadline(time.Time{})
	if c.broken == nil {
		c.broken = closedByPeer(c.raw)
	}
	if c.broken != nil {
		return sendError(Writing, c.broken)
	}
	defer c.interrupt(ctx)()
	c.out = append(c.out[:0], vt)
	for more := true; more; {
		n := min(piece, len(message))
		c.out = append(c.out, message[:n]...)
		message = message[n:]
		if more = len(message) > 0; !more {
			c.out = append(c.out, fs, cr)
		}
		_ = c.socket.SetWriteDeadline(time.Now().Add(c.config.Write))
		if ctx.Err() != nil { // looked at after setting the deadline, which interrupt sets too
			return c.fail(ctx, Writing, ctx.Err())
		}
		if n, err := c.socket.Write(c.out); n < len(c.out) {
			return c.fail(ctx, Writing, err)
		}
		c.out = c.out[:0]
	}
	return nil
}

func (c *Client) answer(ctx context.Context) ([]byte, error) {
	defer c.interrupt(ctx)()
	_ = c.socket.SetReadDeadline(time.Now().Add(c.config.Answer))
	if ctx.Err() != nil {
		return nil, c.fail(ctx, Awaiting, ctx.Err())
	}
	frame, last, err := c.frame()
	if err != nil {
		return nil, c.fail(ctx, Awaiting, err)
	}
	if last {
		c.broken = errors.New("the receiver closed the connection")
	}
	return frame, nil
}

// frame returns the content of the next frame, and reports whether the connection
// ended right after it.
func (c *Client) frame() (content []byte, last bool, err error) {
	for {
		t, n := c.decoder.Next(c.unread)
		c.unread = c.unread[n:]
		switch t.Kind {
		case None:
			if last, err := c.read(); last || err != nil {
				return content, last, err
			}
		case Begin, Restart:
			content = []byte{}
		case Content:
			if content = append(content, t.Data...); len(content) > c.config.MaxAnswer {
				return nil, false, fmt.Errorf("the answer is larger than %d bytes", c.config.MaxAnswer)
			}
		case End, EndBare:
			return content, false, nil
		}
	}
}

// read gets more bytes. It reports done where the connection ended after an FS
// that no CR followed.
func (c *Client) read() (done bool, err error) {
	n, err := c.socket.Read(c.buffer)
	c.unread = c.buffer[:n]
	switch {
	case n > 0:
		return false, nil
	case err == nil:
		return false, nil
	case c.decoder.AtEnd():
		c.decoder.Flush()
		return true, nil
	case errors.Is(err, io.EOF):
		return false, errors.New("the receiver closed the connection without an answer")
	default:
		return false, err
	}
}

// interrupt ends reading and writing when ctx ends. The returned function takes
// that back, and nothing happens any more once it has returned.
func (c *Client) interrupt(ctx context.Context) func() {
	ran := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ran)
		_ = c.raw.SetDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-ran
		}
	}
}

// fail marks the connection as done with.
func (c *Client) fail(ctx context.Context, stage Stage, err error) error {
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("no answer came within %v", c.config.Answer)
		if stage == Writing {
			err = fmt.Errorf("the receiver took no bytes for %v", c.config.Write)
		}
	}
	c.broken = err
	_ = c.raw.Close()
	return sendError(stage, err)
}
