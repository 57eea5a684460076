package mllp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"handover"
	"handover/wire"
)

// Server receives messages at one address. Listen makes it, Run serves.
type Server struct {
	config   Config
	listener net.Listener
	tls      *tls.Config // nil: in clear
	counters counters
	started  string // makes connection names unique between runs
	serial   atomic.Int64

	mu        sync.Mutex
	conns     map[*conn]struct{}
	perRemote map[string]int
	stopBy    time.Time // set when no more messages are begun
}

// Listen takes the address and refuses one that anybody could reach: see
// wire.CheckAddress. Senders can connect from now on, and are served by Run.
func Listen(ctx context.Context, c Config) (*Server, error) {
	c = c.withDefaults()
	if c.Receiver == nil {
		return nil, &handover.Error{Op: "listening on " + c.Address, Kind: handover.Usage, Err: errors.New("there is no receiver")}
	}
	known := len(c.Allow) > 0 || c.TLS.ClientCA != ""
	address, err := wire.CheckAddress(c.Address, c.Remote, known)
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, conns: map[*conn]struct{}{}, perRemote: map[string]int{},
		started: strconv.FormatInt(c.Now().UnixMilli(), 36)}
	if c.TLS.Set() {
		s.tls, err = c.TLS.Server(func(err error) { c.Log.Error("certificates stay as they were", "source", c.Source, "error", err) })
		if err != nil {
			return nil, err
		}
	}
	s.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", address.String())
	if err != nil {
		return nil, &handover.Error{Op: "listening", Kind: handover.Unavailable, Err: err}
	}
	return s, nil
}

// Addr returns where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close gives the address up. Run, if it runs, ends with an error.
func (s *Server) Close() error {
	if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Run serves until ctx ends. Then it accepts no more, lets each connection
// finish the message in hand and its answer, for Config.Drain at most, and
// returns nil when every goroutine has ended. Run is called once.
func (s *Server) Run(ctx context.Context) error {
	accepting, stop := context.WithCancel(ctx)
	defer stop()
	// Messages in hand outlive ctx, by Drain at most.
	work, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	ended := make(chan struct{})
	var drained, running sync.WaitGroup
	drained.Go(func() { s.drain(accepting, ended, abandon) })

	err := s.accept(accepting, func(c *conn) {
		running.Go(func() {
			defer s.remove(c)
			c.serve(work)
		})
	})
	stop()
	running.Wait()
	close(ended)
	drained.Wait()
	return err
}

// drain waits for the end of ctx, closes the address, and gives connections
// their time to finish.
func (s *Server) drain(ctx context.Context, ended <-chan struct{}, abandon func()) {
	<-ctx.Done()
	_ = s.Close() // it is closed already if that is why ctx ended
	s.stop()
	late := time.NewTimer(s.config.Drain)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		abandon()
		s.cut()
	}
}

// accept hands each connection that may be served to serve.
func (s *Server) accept(ctx context.Context, serve func(*conn)) error {
	var pause time.Duration
	for {
		socket, err := s.listener.Accept()
		switch {
		case err == nil:
			pause = 0
			if c := s.admit(socket); c != nil {
				serve(c)
			}
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return &handover.Error{Op: "accepting connections", Kind: handover.Unavailable, Err: err}
		default: // out of file descriptors, most likely: it passes
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.config.Log.Error("cannot accept a connection", "source", s.config.Source, "error", err)
			sleep(ctx, pause)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// admit makes a connection of the socket, or turns it away and returns nil.
func (s *Server) admit(socket net.Conn) *conn {
	remote := socket.RemoteAddr().String()
	host, _, _ := net.SplitHostPort(remote)
	reason := ""
	s.mu.Lock()
	switch {
	case !s.stopBy.IsZero():
		reason = "the listener is stopping"
	case !s.config.Allow.Allows(remote):
		reason = "the address is not on the allow-list"
	case len(s.conns) >= s.config.Conns:
		reason = "the limit of connections is reached"
	case s.perRemote[host] >= s.config.PerRemote:
		reason = "the limit of connections from one address is reached"
	}
	if reason != "" {
		s.mu.Unlock()
		s.counters.turned.Add(1)
		s.config.Log.Warn("turned a connection away", "source", s.config.Source, "remote", remote, "reason", reason)
		_ = socket.Close()
		return nil
	}
	c := newConn(s, socket, host, remote)
	s.conns[c] = struct{}{}
	s.perRemote[host]++
	s.mu.Unlock()
	s.counters.connections.Add(1)
	s.counters.open.Add(1)
	return c
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	if s.perRemote[c.host]--; s.perRemote[c.host] <= 0 {
		delete(s.perRemote, c.host)
	}
	s.mu.Unlock()
	s.counters.open.Add(-1)
}

// stop lets no connection begin another message.
func (s *Server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopBy.IsZero() {
		s.stopBy = time.Now().Add(s.config.Drain)
	}
	for c := range s.conns {
		c.stop(s.stopBy)
	}
}

// cut closes what is still open.
func (s *Server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.raw.Close()
	}
}
