package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"handover"
)

// link is one connection. It carries one message at a time.
type link struct {
	socket  net.Conn // below TLS: once it is closed nothing waits any more
	conn    *nats.Conn
	inbox   string // answers come on subjects below it
	answers *nats.Subscription
	sent    int
	heard   time.Time       // when the server last answered
	leaving atomic.Bool     // the server is about to stop
	denied  context.Context // it ends when the server says that we may not do something
	deny    context.CancelFunc
}

var errDenied = errors.New("the server does not let us publish on this subject; permit that to whom nats: names")

// ready is a connection that stands, in the place of a dialer.
type ready struct{ net.Conn }

func (r ready) Dial(_, _ string) (net.Conn, error) { return r.Conn, nil }

// dial connects and signs in.
func (s *Server) dial(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.config.Connect, fmt.Errorf("there was no connection within %v", s.config.Connect))
	defer cancel()
	socket, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.config.Address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", cmp.Or(context.Cause(ctx), err))
	}
	l := &link{socket: socket, inbox: nats.NewInbox(), heard: time.Now()}
	l.denied, l.deny = context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, l.cut)
	err = l.signIn(ctx, s)
	if !stop() || err != nil {
		l.hangUp()
		return nil, fmt.Errorf("signing in: %w", cmp.Or(context.Cause(ctx), err))
	}
	return l, nil
}

// signIn speaks with the server until it is known that answers can be heard.
func (l *link) signIn(ctx context.Context, s *Server) (err error) {
	l.conn, err = nats.Connect("nats://"+s.config.Address, append(slices.Clip(s.options), nats.SetCustomDialer(ready{l.socket}),
		nats.LameDuckModeHandler(func(*nats.Conn) { l.leaving.Store(true) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			// One that concerns the subscription says nothing of the message.
			if errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(strings.ToLower(err.Error()), "violation for publish") {
				l.deny()
			}
		}))...)
	if err != nil {
		return err
	}
	if l.answers, err = l.conn.SubscribeSync(l.inbox + ".*"); err != nil {
		return err
	}
	if err := l.conn.FlushWithContext(ctx); err != nil {
		return err
	}
	if l.conn.LastError() != nil { // the subscription is all that was asked for
		return fmt.Errorf("no answer could be heard, which takes the permission to subscribe below _INBOX: %w", l.conn.LastError())
	}
	return nil
}

// cut ends what waits, in the client too.
func (l *link) cut() { _ = l.socket.Close() }

// hangUp ends the connection. Nothing of it leaves any more, and no goroutine stays.
func (l *link) hangUp() {
	l.cut()
	l.deny()
	if l.conn != nil {
		l.conn.Close()
	}
}

// freshFor is how long after an answer the connection is taken to stand.
const freshFor = time.Second

// stands asks the server, if it has said nothing for a while: a connection that a firewall
// has forgotten must be found out before a message is lost on it.
func (l *link) stands(ctx context.Context, patience time.Duration) bool {
	switch {
	case l.conn.IsClosed() || l.leaving.Load():
		return false
	case time.Since(l.heard) < freshFor:
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stop := context.AfterFunc(ctx, l.cut)
	err := l.conn.FlushWithContext(ctx)
	if !stop() || err != nil {
		return false
	}
	l.heard = time.Now()
	return true
}

// send sends a message and waits for its answer. Unless answered, the connection is not
// to be used again.
func (l *link) send(ctx context.Context, m *nats.Msg, patience time.Duration) (o handover.Outcome, answered bool) {
	ctx, refuse := context.WithCancelCause(ctx)
	defer refuse(nil)
	defer context.AfterFunc(l.denied, func() { refuse(errDenied) })()
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no stream answered within %v; it may have stored the message", patience))
	defer cancel()
	stop := context.AfterFunc(ctx, l.cut)
	o, answered = l.exchange(ctx, m)
	return o, stop() && answered
}

func (l *link) exchange(ctx context.Context, m *nats.Msg) (o handover.Outcome, answered bool) {
	l.sent++
	m.Reply = l.inbox + "." + strconv.Itoa(l.sent)
	if err := l.conn.PublishMsg(m); err != nil {
		return l.unsent(ctx, err), false
	}
	for {
		answer, err := l.answers.NextMsgWithContext(ctx)
		switch {
		case errors.Is(err, nats.ErrNoResponders):
			return outcome(handover.Failed, "no stream takes this subject; make one that does, or mend the subject in send:"), true
		case err != nil:
			return l.unanswered(ctx), false
		case answer.Subject == m.Reply: // else it is a second one to an earlier message
			l.heard = time.Now()
			return byStream(answer.Data), true
		}
	}
}

// unsent says what it means that the client did not take a message. Only of these errors
// is it known that it looked at nothing but the message and itself.
func (l *link) unsent(ctx context.Context, err error) handover.Outcome {
	switch {
	case errors.Is(err, nats.ErrMaxPayload):
		return outcome(handover.Rejected, fmt.Sprintf("it is larger than the server takes, which is %d bytes (max_payload)", l.conn.MaxPayload()))
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrHeadersNotSupported), errors.Is(err, nats.ErrBadSubject):
		return outcome(handover.Failed, err.Error())
	}
	return outcome(handover.Unknown, cmp.Or(context.Cause(ctx), err).Error())
}

// unanswered says what it means that no answer will come.
func (l *link) unanswered(ctx context.Context) handover.Outcome {
	cause, last := context.Cause(ctx), l.conn.LastError()
	switch {
	case errors.Is(cause, errDenied):
		return outcome(handover.Failed, cause.Error())
	case last != nil && strings.Contains(strings.ToLower(last.Error()), "maximum payload"):
		return outcome(handover.Rejected, "it is larger than the server takes (max_payload)")
	case cause != nil:
		return outcome(handover.Unknown, cause.Error())
	case last != nil:
		return outcome(handover.Unknown, "the connection ended before a stream answered: "+last.Error())
	}
	return outcome(handover.Unknown, "the connection ended before a stream answered")
}

func outcome(e handover.Ending, reason string) handover.Outcome {
	return handover.Outcome{Ending: e, Reason: reason}
}
