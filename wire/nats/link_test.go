package nats_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"handover"
	"handover/wire/nats"
	"handover/wire/nats/natstest"
)

// firewall stands before a server, and may forget the connections that go through it: they
// stay open, and nothing comes through.
type firewall struct {
	address string
	held    chan struct{} // told when bytes came that go no further
	mu      sync.Mutex
	through []*atomic.Bool
}

func newFirewall(t *testing.T, server string) *firewall {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &firewall{address: l.Addr().String(), held: make(chan struct{}, 100)}
	t.Cleanup(func() { _ = l.Close() })
	ended := t.Context()
	go func() {
		for {
			one, err := l.Accept()
			if err != nil {
				return
			}
			other, err := net.Dial("tcp", server)
			if err != nil {
				_ = one.Close()
				continue
			}
			forgotten := &atomic.Bool{}
			f.mu.Lock()
			f.through = append(f.through, forgotten)
			f.mu.Unlock()
			pass := func(to, from net.Conn) {
				buffer := make([]byte, 4096)
				for {
					n, err := from.Read(buffer)
					if forgotten.Load() && err == nil {
						f.held <- struct{}{}
						<-ended.Done()
					}
					if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
						_, _ = to.Close(), from.Close()
						return
					}
				}
			}
			go pass(one, other)
			go pass(other, one)
		}
	}()
	return f
}

// forget forgets the connections that there are, and returns how many there were so far.
func (f *firewall) forget() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, forgotten := range f.through {
		forgotten.Store(true)
	}
	return len(f.through)
}

// TestForgotten: a connection that was forgotten on the way is found out before a message
// is lost on it.
func TestForgotten(t *testing.T) {
	s := natstest.New(t, nil)
	stream := s.Stream(t, labs(nil))
	f := newFirewall(t, s.Address)
	to := sender(t, f.address, func(c *nats.Config) { c.Connect = time.Second })
	want(t, "before", to.Send(t.Context(), message("M1")), handover.Accepted, "")
	to.Age()
	want(t, "after a while", to.Send(t.Context(), message("M2")), handover.Accepted, "")
	if n := f.forget(); n != 1 {
		t.Errorf("%d connections for two messages", n)
	}
	to.Age()
	want(t, "forgotten", to.Send(t.Context(), message("M3")), handover.Accepted, "")
	if got := natstest.Messages(t, stream); len(got) != 3 || f.forget() != 2 {
		t.Errorf("%d are stored", len(got))
	}
}

// TestNothingIsTaken: a peer that takes no bytes any more holds nobody up for longer than
// an answer may take, nor a Close.
func TestNothingIsTaken(t *testing.T) {
	s := natstest.New(t, func(o *server.Options) { o.MaxPayload = 64 << 20 })
	s.Stream(t, labs(nil))
	large := bytes.Repeat([]byte("OBX|1\r"), 6<<20)
	for name, c := range map[string]struct {
		answer time.Duration
		why    string
	}{"no answer": {500 * time.Millisecond, "within 500ms"}, "closed": {time.Minute, "was closed"}} {
		t.Run(name, func(t *testing.T) {
			f := newFirewall(t, s.Address)
			to := sender(t, f.address, func(n *nats.Config) { n.Answer = c.answer })
			want(t, "before", to.Send(t.Context(), message("M1"+name)), handover.Accepted, "")
			f.forget()
			ended := make(chan handover.Outcome)
			go func() { ended <- to.Send(t.Context(), large) }()
			if c.answer == time.Minute {
				<-f.held // of the message
				_ = to.Close()
			}
			want(t, name, <-ended, handover.Unknown, c.why)
		})
	}
}

// TestSilentServer: one that takes connections and says nothing, or no word of NATS.
func TestSilentServer(t *testing.T) {
	for greeting, why := range map[string]string{"": "within 200ms", "SSH-2.0-OpenSSH\r\n": "signing in"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				_, _ = io.WriteString(c, greeting)
			}
		}()
		to := sender(t, l.Addr().String(), func(c *nats.Config) { c.Connect = 200 * time.Millisecond })
		want(t, "a server that says "+greeting, to.Send(t.Context(), message("M1")), handover.Failed, why)
	}
	noGoroutines(t)
}

// TestCloseWhileConnecting: it ends at once, and nothing was sent.
func TestCloseWhileConnecting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to := sender(t, l.Addr().String(), func(c *nats.Config) { c.Connect = time.Minute })
	go func() {
		if c, err := l.Accept(); err == nil {
			_ = to.Close()
			_ = c.Close()
		}
	}()
	want(t, "closed", to.Send(t.Context(), message("M1")), handover.Failed, "was closed")
	noGoroutines(t)
}
