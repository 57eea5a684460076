package mllp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"handover"
	"handover/hl7v2"
	"handover/wire"
)

// LineConfig says where a line leads.
type LineConfig struct {
	ClientConfig
	// Stray is told of every frame that answers no message that waits: an answer
	// that came after its message was given up, one to a message that went another
	// way, what is no answer at all. nil: they are passed over.
	Stray func(frame []byte)
	// Silent receivers answer nothing to a message that asks for no answer: what was
	// written is Accepted then, though nobody knows whether it came.
	Silent bool
}

// Line sends messages to one receiver, one at a time, over a connection that it
// keeps and makes anew when it has to. It promises that an answer counts for a
// message only if its MSA-2 is that message's MSH-10, whatever else comes, and
// that an Outcome says no more than is known.
type Line struct {
	config LineConfig
	turn   chan struct{} // holds one while a message is on its way
	ended  chan struct{}
	end    func()

	mu   sync.Mutex // guards link
	link *link
}

// NewLine makes a line. It connects when the first message is sent.
func NewLine(c LineConfig) *Line {
	if c.Stray == nil {
		c.Stray = func([]byte) {}
	}
	l := &Line{config: c, turn: make(chan struct{}, 1), ended: make(chan struct{})}
	l.end = sync.OnceFunc(func() { close(l.ended) })
	return l
}

var errLineClosed = errors.New("the line was closed")

// Close ends the line. A message that waits for its answer ends as Unknown.
func (l *Line) Close() error {
	l.end()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.link != nil {
		l.link.hangUp()
	}
	return nil
}

// Send sends a message and waits for the answers that it asks for (MSH-15,
// MSH-16): where it asks for both, an accept acknowledgement alone is not
// Accepted. A message that asks for none ends as Unknown as soon as it is sent, unless
// the receiver is Silent, and so does one without MSH-10, whose answer nobody could tell from another's.
// A message that a frame cannot carry, or that is no message, is Rejected.
func (l *Line) Send(ctx context.Context, message []byte) handover.Outcome {
	m, _ := hl7v2.Parse(message)
	if err := Check(message); err != nil || m == nil {
		return outcome(handover.Rejected, cmp.Or(err, errors.New("it is no message")))
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return outcome(handover.Failed, ctx.Err())
	case <-l.ended:
		return outcome(handover.Failed, errLineClosed)
	}
	defer func() { <-l.turn }()
	k, err := l.connect(ctx)
	if err != nil {
		return outcome(handover.Failed, err)
	}
	w := k.await(m.ControlID())
	defer k.await("")
	if err := k.client.write(ctx, message); err != nil {
		k.hangUp()
		return outcome(handover.Failed, err)
	}
	asked := hl7v2.Expected(m)
	switch {
	case l.config.Silent && asked.Accept == hl7v2.Never && asked.Application == hl7v2.Never:
		return handover.Outcome{Ending: handover.Accepted, Reason: "it was written; nothing answers it"}
	case asked.Accept == hl7v2.Never && asked.Application == hl7v2.Never:
		return outcome(handover.Unknown, errors.New("it asks for no answer"))
	case m.ControlID() == "":
		return outcome(handover.Unknown, errors.New("it has no MSH-10, so that no answer can be known as its own"))
	}
	return l.hear(ctx, k, w, asked)
}

func outcome(e handover.Ending, err error) handover.Outcome {
	return handover.Outcome{Ending: e, Reason: err.Error()}
}

// hear waits for what the receiver says of the message.
func (l *Line) hear(ctx context.Context, k *link, answers <-chan *answered, asked hl7v2.Answers) handover.Outcome {
	last := handover.Outcome{Ending: handover.Unknown}
	for {
		a, err := l.next(ctx, k, answers)
		if err != nil {
			last.Reason = err.Error()
			return last
		}
		o, final := wire.Outcome(a.code, a.frame, asked)
		if final {
			return o
		}
		last = o
	}
}

// next returns the next answer to the message.
func (l *Line) next(ctx context.Context, k *link, answers <-chan *answered) (*answered, error) {
	timer := time.NewTimer(k.client.config.Answer)
	defer timer.Stop()
	select {
	case a := <-answers:
		return a, nil
	case <-k.dead:
		select {
		case a := <-answers: // it came before the end
			return a, nil
		default:
			return nil, k.err
		}
	case <-timer.C:
		k.timedOut()
		return nil, fmt.Errorf("no answer came within %v", k.client.config.Answer)
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.ended:
		return nil, errLineClosed
	}
}

// connect returns a connection that stands, as far as can be known without
// sending anything.
func (l *Line) connect(ctx context.Context) (*link, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := l.link; k != nil {
		if k.stands() {
			return k, nil
		}
		k.hangUp()
		l.link = nil
	}
	client, err := Dial(ctx, l.config.ClientConfig)
	if err != nil {
		return nil, err
	}
	select {
	case <-l.ended: // Close did not see this one
		_ = client.Close()
		return nil, errLineClosed
	default:
	}
	l.link = &link{client: client, dead: make(chan struct{})}
	go l.link.listen(l.config.Stray)
	return l.link, nil
}

// link is one connection of a line.
type link struct {
	client *Client
	dead   chan struct{} // closed when nothing more can come
	err    error         // why; before dead is closed

	mu      sync.Mutex
	control string // MSH-10 of the message that waits; "": none does
	answers chan *answered
	silent  int // messages in a row that got no answer, while nothing else came
}

// answered is an answer to the message that waits.
type answered struct {
	code  string // MSA-1
	frame []byte
}

// deafAfter is how many messages in a row may stay without an answer until the
// connection is given up: the other side may be gone without a word.
const deafAfter = 2

// await says which message waits from now on, and returns where its answers come.
func (k *link) await(control string) <-chan *answered {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.control, k.answers = control, make(chan *answered, 4)
	return k.answers
}

// listen reads until the connection ends.
func (k *link) listen(stray func([]byte)) {
	defer close(k.dead)
	for {
		frame, _, err := k.client.frame()
		if err != nil {
			k.err = err
			k.hangUp()
			return
		}
		if !k.take(frame) {
			stray(frame)
		}
	}
}

// take gives a frame to the message that waits, if it is its answer.
func (k *link) take(frame []byte) bool {
	m, _ := hl7v2.Parse(frame)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.silent = 0
	if m == nil || k.control == "" || m.Get("MSA-2").Text() != k.control {
		return false
	}
	select {
	case k.answers <- &answered{m.Get("MSA-1").Text(), frame}:
		return true
	default:
		return false // it has more of them than anybody reads
	}
}

func (k *link) timedOut() {
	k.mu.Lock()
	k.silent++
	deaf := k.silent >= deafAfter
	k.mu.Unlock()
	if deaf {
		k.hangUp()
	}
}

// stands reports whether the connection is not known to have ended.
func (k *link) stands() bool {
	select {
	case <-k.dead:
		return false
	default:
		return closedByPeer(k.client.raw) == nil
	}
}

func (k *link) hangUp() { _ = k.client.Close() }
