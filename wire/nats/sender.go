package nats

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"handover"
	"handover/wire"
)

// Config says where messages go, and as whom. Credentials, User with Password, and Token
// are three ways to sign in, of which at most one is used.
type Config struct {
	Address     string // host:port
	Subject     string
	TLS         *tls.Config // nil: none, unless the server insists; then Go's defaults
	Credentials string      // file with a user's JWT and key (.creds)
	User        string
	Password    string
	Token       string
	Connect     time.Duration // how long connecting may take, TLS and signing in included; 0: ten seconds
	Answer      time.Duration // how long the stream's answer may take; 0: a minute
}

// Server is one that messages go to, with what is needed to sign in there.
type Server struct {
	config  Config
	options []nats.Option
}

// Read reads the credentials, so that those which cannot be used are known at once. They
// are read again for each connection: renewed ones need no restart.
func Read(c Config) (*Server, error) {
	c.Connect, c.Answer = cmp.Or(c.Connect, 10*time.Second), cmp.Or(c.Answer, time.Minute)
	s := &Server{config: c, options: []nats.Option{
		nats.Name("handover"),
		nats.Timeout(2 * c.Connect), nats.FlusherTimeout(2 * c.Answer), // each is ended before, and says why
		// What a connection has not sent when it ends must not leave by the next one.
		nats.NoReconnect(),
		// Messages go where the configuration says and nowhere else.
		nats.IgnoreDiscoveredServers(), nats.SkipHostLookup(),
		nats.PingInterval(20 * time.Second), nats.MaxPingsOutstanding(2),
	}}
	if c.TLS != nil {
		s.options = append(s.options, nats.Secure(c.TLS))
	}
	switch {
	case c.Credentials != "":
		s.options = append(s.options, nats.UserCredentials(c.Credentials))
		return s, checkCredentials(c.Credentials)
	case c.Token != "":
		s.options = append(s.options, nats.Token(c.Token))
	case c.User != "":
		s.options = append(s.options, nats.UserInfo(c.User, c.Password))
	}
	return s, nil
}

// checkCredentials signs something by a file of credentials.
func checkCredentials(file string) error {
	var o nats.Options
	err := nats.UserCredentials(file)(&o)
	if err == nil {
		_, err = o.UserJWT()
	}
	if err == nil {
		_, err = o.SignatureCB([]byte("handover"))
	}
	if err != nil {
		return fmt.Errorf("reading the credentials %s: %w", file, err)
	}
	return nil
}

// Sender sends over one connection, which it keeps and makes anew when it has to.
type Sender struct {
	*Server
	ended context.Context // it ends when the Sender does, not with a call
	end   context.CancelFunc

	turn sync.Mutex // held while a message is on its way; guards link
	link *link
}

var errClosed = errors.New("the sender was closed")

// NewSender makes a Sender. It connects when the first message is sent.
func (s *Server) NewSender() *Sender {
	to := &Sender{Server: s}
	to.ended, to.end = context.WithCancel(context.Background())
	return to
}

// Close ends the Sender. A message that waits for its answer ends as Unknown.
func (s *Sender) Close() error {
	s.end() // so that nobody has the turn for long
	s.turn.Lock()
	defer s.turn.Unlock()
	s.drop()
	return nil
}

// Send sends a message and waits until a stream says what became of it. What ended before
// any of it can have left has Failed, and so has what no stream took; what the server or
// the stream holds too large is Rejected. Where no answer came, or none of a stream's, it
// is Unknown.
func (s *Sender) Send(ctx context.Context, message []byte) handover.Outcome {
	s.turn.Lock()
	defer s.turn.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ended, func() { cancel(errClosed) })()
	if err := s.connect(ctx); err != nil {
		return handover.Outcome{Ending: handover.Failed, Reason: err.Error()}
	}
	o, answered := s.link.send(ctx, s.wrap(message), s.config.Answer)
	if !answered { // what may lie unsent in the client must not follow, nor a late answer be heard
		s.drop()
	}
	return o
}

// wrap makes of a message one of NATS. The subject is part of the id: one stream may take
// several, and the same bytes on another are not the same again.
func (s *Sender) wrap(message []byte) *nats.Msg {
	digest := sha256.New()
	digest.Write([]byte(s.config.Subject))
	digest.Write([]byte{0})
	digest.Write(message)
	return &nats.Msg{Subject: s.config.Subject, Data: message, Header: nats.Header{
		"Content-Type":        {wire.MediaType},
		jetstream.MsgIDHeader: {hex.EncodeToString(digest.Sum(nil))},
	}}
}

// connect sees to a connection that stands, as far as is known.
func (s *Sender) connect(ctx context.Context) (err error) {
	switch {
	case s.ended.Err() != nil:
		return errClosed
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case s.link != nil && s.link.stands(ctx, s.config.Connect):
		return nil
	}
	s.drop()
	s.link, err = s.dial(ctx)
	return err
}

// drop ends a connection that is of no use any more.
func (s *Sender) drop() {
	if s.link != nil {
		s.link.hangUp()
		s.link = nil
	}
}
