package http

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"handover"
	"handover/wire"
)

// DefaultStall is how long a request's body may stand still.
const DefaultStall = 30 * time.Second

// chunk is how many bytes are read at once.
const chunk = 16 << 10

// Config says for which source messages are received. Only Receiver is needed.
type Config struct {
	Source   string
	Receiver wire.Receiver
	Room     wire.Room      // share its Spool and Memory between listeners
	Allow    wire.AllowList // empty: everybody who can connect
	Stall    time.Duration  // 0: DefaultStall

	Fragment wire.FragmentFunc // nil: fragments are logged and counted
	Log      *slog.Logger      // nil: nothing is logged
	Now      func() time.Time  // for Arrival.Received; nil: time.Now
}

// Handler is the http.Handler for one source.
type Handler struct {
	config Config
	counts counters
}

// Counts is what a handler has done. They only grow.
type Counts struct {
	Requests      int64 // all
	Turned        int64 // answered without the Receiver: method, type, address
	BytesIn       int64 // of bodies
	Messages      int64 // given to the Receiver, the refused included
	Refused       int64 // of these, too large or without room to keep them
	Spooled       int64 // of Messages, through a file
	Unanswered    int64 // the Receiver failed without an answer
	Fragments     int64 // bodies that did not end
	FragmentBytes int64
}

type counters struct {
	requests, turned, bytesIn, messages, refused, spooled, unanswered, fragments, fragmentBytes atomic.Int64
}

// New returns a handler.
func New(c Config) *Handler {
	if c.Stall <= 0 {
		c.Stall = DefaultStall
	}
	if c.Fragment == nil {
		c.Fragment = func(context.Context, wire.Fragment) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Room.MaxMessage <= 0 {
		c.Room.MaxMessage = wire.DefaultMaxMessage
	}
	return &Handler{config: c}
}

// Counts returns the counts of this moment.
func (h *Handler) Counts() Counts {
	c := &h.counts
	return Counts{
		Requests: c.requests.Load(), Turned: c.turned.Load(), BytesIn: c.bytesIn.Load(),
		Messages: c.messages.Load(), Refused: c.refused.Load(), Spooled: c.spooled.Load(),
		Unanswered: c.unanswered.Load(), Fragments: c.fragments.Load(), FragmentBytes: c.fragmentBytes.Load(),
	}
}

// ServeHTTP takes one message.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.counts.requests.Add(1)
	mediaType, turned := h.turnAway(r)
	if turned != nil {
		h.counts.turned.Add(1)
		turned.write(w)
		return
	}
	// A message that came whole is handled to the end, whether or not its
	// sender still listens: it will come again, and be known.
	ctx := context.WithoutCancel(r.Context())
	collector := wire.NewCollector(h.config.Room)
	defer collector.Close()
	if err := h.read(w, r, collector); err != nil {
		h.unfinished(ctx, w, r, collector, err)
		return
	}
	held := collector.Finish()
	if held.Size == 0 {
		h.counts.turned.Add(1)
		plain(http.StatusBadRequest, "the body is empty; send one HL7 v2 message").write(w)
		return
	}
	answer, err := h.receive(ctx, r, held)
	h.respond(w, mediaType, answer, held.Err, err)
}

// read gathers the body. A body over the limit is read to its end, up to twice
// the limit, so that its sender listens when it is told.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, c *wire.Collector) error {
	control := http.NewResponseController(w)
	buffer := make([]byte, chunk)
	for {
		_ = control.SetReadDeadline(time.Now().Add(h.config.Stall)) // without it the server's own holds
		n, err := r.Body.Read(buffer)
		h.counts.bytesIn.Add(int64(n))
		_, _ = c.Write(buffer[:n]) // takes all; what is wrong is in Held.Err
		switch {
		case errors.Is(err, io.EOF):
			_ = control.SetReadDeadline(time.Time{})
			return nil
		case err != nil:
			return err
		case c.Size() > 2*h.config.Room.MaxMessage:
			w.Header().Set("Connection", "close")
			return nil
		}
	}
}

// unfinished tells of a body that did not come whole.
func (h *Handler) unfinished(ctx context.Context, w http.ResponseWriter, r *http.Request, c *wire.Collector, err error) {
	reason, status := wire.Unfinished, http.StatusBadRequest
	if errors.Is(err, os.ErrDeadlineExceeded) {
		reason, status = wire.Stalled, http.StatusRequestTimeout
	}
	held := c.Finish()
	h.counts.fragments.Add(1)
	h.counts.fragmentBytes.Add(held.Size)
	h.config.Log.Warn("bytes that are no message", "source", h.config.Source, "remote", r.RemoteAddr,
		"reason", string(reason), "bytes", held.Size)
	body := held.Body
	if held.Err != nil {
		body = handover.Body{Bytes: held.Head}
	}
	h.config.Fragment(ctx, wire.Fragment{Source: h.config.Source, Conn: h.conn(r), Remote: r.RemoteAddr,
		Received: h.config.Now(), Reason: reason, Size: held.Size, Body: body})
	w.Header().Set("Connection", "close")
	plain(status, "the body did not come whole; send the message again").write(w)
}

func (h *Handler) receive(ctx context.Context, r *http.Request, held wire.Held) ([]byte, error) {
	h.counts.messages.Add(1)
	if held.Body.File != "" {
		h.counts.spooled.Add(1)
	}
	if held.Err != nil {
		h.counts.refused.Add(1)
	}
	answers, err := h.config.Receiver.Receive(ctx, wire.Arrival{
		Source: h.config.Source, Conn: h.conn(r), Remote: r.RemoteAddr, Received: h.config.Now(), Format: wire.MediaType,
		Body: held.Body, Head: held.Head, Size: held.Size, Err: held.Err, Trace: traceOf(r),
	})
	return bytes.Join(answers, nil), err // one response carries both, one after the other
}

func (h *Handler) conn(r *http.Request) string { return h.config.Source + "-http-" + r.RemoteAddr }

// traceOf returns the trace context in the request's headers. Of several traceparents
// none can be told to be the right one.
func traceOf(r *http.Request) wire.Trace {
	parents := r.Header.Values("Traceparent")
	if len(parents) != 1 {
		return wire.Trace{}
	}
	return wire.Trace{Parent: parents[0], State: strings.Join(r.Header.Values("Tracestate"), ",")}
}
