// Package natstest runs NATS servers with JetStream in the process of a test.
package natstest

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Server is a server on loopback. It can be stopped and started again, and keeps its
// address and its streams.
type Server struct {
	Address string // host:port
	Options *server.Options
	running *server.Server
}

// New starts a server; change, if not nil, may set its options before.
func New(t *testing.T, change func(*server.Options)) *Server {
	t.Helper()
	s := &Server{Options: &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true,
	}}
	if change != nil {
		change(s.Options)
	}
	s.Start(t)
	t.Cleanup(s.Stop)
	return s
}

// Start starts the server, at the address where it was before.
func (s *Server) Start(t *testing.T) {
	t.Helper()
	running, err := server.NewServer(s.Options.Clone())
	if err != nil {
		t.Fatal(err)
	}
	s.running = running
	running.Start()
	if !running.ReadyForConnections(30 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	s.Address = running.Addr().String()
	_, port, _ := net.SplitHostPort(s.Address)
	s.Options.Port, _ = strconv.Atoi(port)
}

// Stop ends the server and its connections.
func (s *Server) Stop() {
	s.running.Shutdown()
	s.running.WaitForShutdown()
}

// Reload has the server take up what was changed in Options.
func (s *Server) Reload(t *testing.T) {
	t.Helper()
	if err := s.running.ReloadOptions(s.Options.Clone()); err != nil {
		t.Fatal(err)
	}
}

// Connect returns a connection of the test's own, which ends with the test.
func (s *Server) Connect(t *testing.T, options ...nats.Option) *nats.Conn {
	t.Helper()
	c, err := nats.Connect("nats://"+s.Address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Stream makes a stream.
func (s *Server) Stream(t *testing.T, c jetstream.StreamConfig, options ...nats.Option) jetstream.Stream {
	t.Helper()
	js, err := jetstream.New(s.Connect(t, options...))
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// Messages returns what a stream holds, in its order.
func Messages(t *testing.T, stream jetstream.Stream) (out []*jetstream.RawStreamMsg) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	info, err := stream.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := info.State.FirstSeq; i <= info.State.LastSeq && info.State.Msgs > 0; i++ {
		m, err := stream.GetMsg(ctx, i)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}
