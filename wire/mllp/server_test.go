package mllp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"handover"
	"handover/wire"
	"handover/wire/wiretest"
)

// started is a server that runs until the test ends.
type started struct {
	t      *testing.T
	server *Server
	intake *wiretest.Intake
	cancel context.CancelFunc
	ended  chan error
	once   sync.Once

	mu        sync.Mutex
	fragments []wire.Fragment
}

// start runs a server with the configuration on a free port.
func start(t *testing.T, c Config) *started {
	t.Helper()
	s := &started{t: t, ended: make(chan error, 1)}
	c.Source = wiretest.Source
	c.Address = or(c.Address, "127.0.0.1:0")
	if c.Receiver == nil {
		s.intake = &wiretest.Intake{}
		c.Receiver = s.intake
	}
	c.Fragment = func(_ context.Context, f wire.Fragment) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.fragments = append(s.fragments, f)
	}
	server, err := Listen(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	s.server = server
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() { s.ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		wiretest.NoGoroutines(t)
	})
	return s
}

func (s *started) Stop() (err error) {
	s.once.Do(func() { s.cancel(); err = <-s.ended })
	return err
}

func (s *started) Send(ctx context.Context, message []byte) ([]byte, error) {
	c, err := Dial(ctx, ClientConfig{Address: s.server.Addr().String()})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Send(ctx, message)
}

// dial opens a plain connection.
func (s *started) dial() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.server.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	return c
}

// waitFragments returns the reasons and contents of fragments, when there are n.
func (s *started) waitFragments(n int) (all []string) {
	s.t.Helper()
	for range 1000 {
		s.mu.Lock()
		got := len(s.fragments)
		s.mu.Unlock()
		if got >= n {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.fragments {
		if f.Source != wiretest.Source || f.Conn == "" || f.Remote == "" || f.Received.IsZero() {
			s.t.Errorf("the fragment lacks something: %+v", f)
		}
		all = append(all, string(f.Reason)+" "+string(f.Body.Bytes))
	}
	return all
}

func (s *started) wantFragments(want ...string) {
	s.t.Helper()
	if got := s.waitFragments(len(want)); strings.Join(got, "\n") != strings.Join(want, "\n") {
		s.t.Errorf("fragments %q, want %q", got, want)
	}
}

func write(t *testing.T, w io.Writer, bytes string) {
	t.Helper()
	if _, err := io.WriteString(w, bytes); err != nil {
		t.Fatal(err)
	}
}

// readAnswers reads until n frames came or the connection ended.
func readAnswers(t *testing.T, r io.Reader, n int) (answers []string) {
	t.Helper()
	var d Decoder
	var answer []byte
	buffer := make([]byte, 4096)
	for len(answers) < n {
		count, err := r.Read(buffer)
		for p := buffer[:count]; ; {
			tok, used := d.Next(p)
			p = p[used:]
			if tok.Kind == None {
				break
			}
			answer = append(answer, tok.Data...)
			if tok.Kind == End {
				answers = append(answers, string(answer))
				answer = nil
			}
		}
		if err != nil {
			return answers
		}
	}
	return answers
}

func wantClosed(t *testing.T, r io.Reader) {
	t.Helper()
	rest, err := io.ReadAll(r)
	if len(rest) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the connection should be closed; got %d bytes, %v", len(rest), err)
	}
}

func answers(messages ...[]byte) (all []string) {
	for _, m := range messages {
		all = append(all, string(wiretest.Answer(m, "AA")))
	}
	return all
}

func wantAnswers(t *testing.T, got []string, messages ...[]byte) {
	t.Helper()
	if want := answers(messages...); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("answers %q, want %q", got, want)
	}
}

func TestContract(t *testing.T) {
	wiretest.Run(t, func(t *testing.T, r wire.Receiver, room wire.Room) wiretest.Listener {
		return start(t, Config{Receiver: r, Room: room})
	})
}

func TestPipelining(t *testing.T) {
	s := start(t, Config{})
	c := s.dial()
	var stream []byte
	var sent [][]byte
	for _, id := range []string{"P1", "P2", "P3", "P4", "P5"} {
		sent = append(sent, wiretest.Message(id, "x"))
		stream = AppendFrame(stream, sent[len(sent)-1])
	}
	write(t, c, string(stream))
	wantAnswers(t, readAnswers(t, c, 5), sent...)
}

func TestEverySplit(t *testing.T) {
	s := start(t, Config{})
	c := s.dial()
	message := wiretest.Message("SPLIT", "x")
	for _, b := range AppendFrame(nil, message) {
		write(t, c, string([]byte{b}))
	}
	wantAnswers(t, readAnswers(t, c, 1), message)
}

func TestBytesOutsideFrames(t *testing.T) {
	s := start(t, Config{})
	c := s.dial()
	m1, m2 := wiretest.Message("J1", "x"), wiretest.Message("J2", "x")
	write(t, c, "hello"+string(AppendFrame(nil, m1))+"\r\n\r\n"+string(AppendFrame(nil, m2))+"bye\r\n")
	wantAnswers(t, readAnswers(t, c, 2), m1, m2)
	_ = c.Close()
	s.wantFragments("outside hello", "outside bye\r\n")
	kept := s.intake.Kept()
	if p := kept[0].Arrival.Problems; len(p) != 1 || p[0].Text != "5 bytes outside a frame came before this message" {
		t.Errorf("problems of the first message: %v", p)
	}
	if p := kept[1].Arrival.Problems; len(p) != 0 {
		t.Errorf("line ends between frames are no problem: %v", p)
	}
	if counts := s.server.Counts(); counts.Padding != 4 || counts.FragmentBytes != 10 || counts.Fragments != 2 {
		t.Errorf("counts %+v", counts)
	}
}

func TestEndWithoutCR(t *testing.T) {
	s := start(t, Config{Trailer: 20 * time.Millisecond})
	m1, m2, m3 := wiretest.Message("E1", "x"), wiretest.Message("E2", "x"), wiretest.Message("E3", "x")
	c := s.dial()
	write(t, c, "\v"+string(m1)+"\x1c\v"+string(m2)+"\x1c") // the next frame ends the first, time the second
	wantAnswers(t, readAnswers(t, c, 2), m1, m2)
	write(t, c, "\v"+string(m3)+"\x1c") // the end of the stream ends the third
	_ = c.(*net.TCPConn).CloseWrite()
	wantAnswers(t, readAnswers(t, c, 1), m3)
	for _, k := range s.intake.Kept() {
		if p := k.Arrival.Problems; len(p) != 1 || p[0].Text != "the frame ended without CR after FS" {
			t.Errorf("problems %v", p)
		}
	}
}

func TestControlBytesWithin(t *testing.T) {
	s := start(t, Config{})
	c := s.dial()
	message := wiretest.Message("C1", "a\vb\x1cc")
	write(t, c, "\v"+string(message)+"\x1c\r")
	wantAnswers(t, readAnswers(t, c, 1), message)
	k := s.intake.Kept()[0]
	if !bytes.Equal(k.Content, message) {
		t.Error("other bytes arrived")
	}
	at := bytes.IndexByte(message, '\v')
	want := []handover.Problem{{Where: "byte " + itoa(at), Text: "0x0B within the message"}, {Where: "byte " + itoa(at+2), Text: "0x1C within the message"}}
	if p := k.Arrival.Problems; len(p) != 2 || p[0] != want[0] || p[1] != want[1] {
		t.Errorf("problems %v, want %v", p, want)
	}
}

func itoa(n int) string { return handover.Offset(n).String() }

func TestRestart(t *testing.T) {
	s := start(t, Config{})
	c := s.dial()
	message := wiretest.Message("AGAIN", "x")
	write(t, c, "\v"+string(message[:60])+"\v"+string(message)+"\x1c\r")
	wantAnswers(t, readAnswers(t, c, 1), message)
	s.wantFragments("restarted " + string(message[:60]))
	if p := s.intake.Kept()[0].Arrival.Problems; len(p) != 1 {
		t.Errorf("problems %v", p)
	}
}

func TestUnfinishedFrame(t *testing.T) {
	s := start(t, Config{})
	c := s.dial()
	write(t, c, "\vMSH|half a message\vMS")
	_ = c.Close()
	s.wantFragments("unfinished MSH|half a message\vMS")
	if n := len(s.intake.Kept()); n != 0 {
		t.Errorf("%d messages were taken", n)
	}
}

func TestFrameThatNeverEnds(t *testing.T) {
	t.Run("silent", func(t *testing.T) {
		s := start(t, Config{Stall: 30 * time.Millisecond})
		c := s.dial()
		write(t, c, "\vMSH|never")
		wantClosed(t, c)
		s.wantFragments("stalled MSH|never")
	})
	t.Run("trickling", func(t *testing.T) {
		s := start(t, Config{Frame: 50 * time.Millisecond})
		c := s.dial()
		for i := 0; ; i++ {
			if _, err := c.Write([]byte("\vMSH|"[min(i, 4):])[:1]); err != nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		if f := s.waitFragments(1); len(f) != 1 || !strings.HasPrefix(f[0], "stalled MSH|") {
			t.Errorf("fragments %q", f)
		}
	})
}

func TestIdleConnectionIsClosed(t *testing.T) {
	s := start(t, Config{Idle: 50 * time.Millisecond})
	c := s.dial()
	message := wiretest.Message("I1", "x")
	write(t, c, string(AppendFrame(nil, message)))
	wantAnswers(t, readAnswers(t, c, 1), message)
	write(t, c, "\r\n") // does not count as life
	wantClosed(t, c)
}

func TestNotMLLP(t *testing.T) {
	s := start(t, Config{})
	c := s.dial()
	go func() { _, _ = c.Write(bytes.Repeat([]byte("GET / HTTP/1.1\r\n"), 3*maxOutside/16)) }()
	if _, err := io.ReadAll(c); err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection was kept open")
	}
	s.waitFragments(1)
	counts := s.server.Counts()
	if counts.FragmentBytes+counts.Padding != counts.BytesIn {
		t.Errorf("not every byte is accounted for: %+v", counts)
	}
}

func TestLimitsOfConnections(t *testing.T) {
	for name, c := range map[string]Config{"in all": {Conns: 2}, "from one address": {PerRemote: 2}} {
		t.Run(name, func(t *testing.T) {
			s := start(t, c)
			first, second := s.dial(), s.dial()
			m1, m2 := wiretest.Message("L1", "x"), wiretest.Message("L2", "x")
			write(t, first, string(AppendFrame(nil, m1)))
			write(t, second, string(AppendFrame(nil, m2)))
			wantAnswers(t, readAnswers(t, first, 1), m1)
			wantAnswers(t, readAnswers(t, second, 1), m2)
			wantClosed(t, s.dial())
			_ = first.Close()
			for s.server.Counts().Open > 1 {
				time.Sleep(time.Millisecond)
			}
			third := s.dial()
			write(t, third, string(AppendFrame(nil, m1)))
			wantAnswers(t, readAnswers(t, third, 1), m1)
			if n := s.server.Counts().Turned; n != 1 {
				t.Errorf("%d connections were turned away, want 1", n)
			}
		})
	}
}

func TestAllowList(t *testing.T) {
	allow, err := wire.ParseAllowList([]string{"192.0.2.0/24"})
	if err != nil {
		t.Fatal(err)
	}
	wantClosed(t, start(t, Config{Allow: allow}).dial())
}

func TestAddressesThatOthersCouldReach(t *testing.T) {
	allow, _ := wire.ParseAllowList([]string{"127.0.0.0/8"})
	for _, c := range []struct {
		name   string
		config Config
		ok     bool
	}{
		{"loopback", Config{Address: "127.0.0.1:0"}, true},
		{"every address", Config{Address: ":0"}, false},
		{"every address, allowed, nobody named", Config{Address: "0.0.0.0:0", Remote: true}, false},
		{"every address, allowed, with a list", Config{Address: "0.0.0.0:0", Remote: true, Allow: allow}, true},
		{"every address, with a list only", Config{Address: "0.0.0.0:0", Allow: allow}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.config.Receiver = &wiretest.Intake{}
			s, err := Listen(t.Context(), c.config)
			if (err == nil) != c.ok {
				t.Fatalf("error %v", err)
			}
			if s != nil {
				_ = s.Close()
			} else if handover.KindOf(err) != handover.Usage {
				t.Errorf("kind %v", handover.KindOf(err))
			}
		})
	}
}

func TestListenNeedsAReceiver(t *testing.T) {
	if _, err := Listen(t.Context(), Config{Address: "127.0.0.1:0"}); handover.KindOf(err) != handover.Usage {
		t.Errorf("error %v", err)
	}
}

func TestClosedListenerEndsRun(t *testing.T) {
	s, err := Listen(t.Context(), Config{Address: "127.0.0.1:0", Receiver: &wiretest.Intake{}})
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	if err := s.Run(t.Context()); handover.KindOf(err) != handover.Unavailable {
		t.Errorf("Run: %v", err)
	}
	wiretest.NoGoroutines(t)
}

// A listener that fails once, as when file descriptors run out, goes on.
func TestAcceptFailsForAWhile(t *testing.T) {
	s, err := Listen(t.Context(), Config{Address: "127.0.0.1:0", Receiver: &wiretest.Intake{}})
	if err != nil {
		t.Fatal(err)
	}
	s.listener = &failing{Listener: s.listener, left: 3}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	if _, err := (&started{server: s}).Send(t.Context(), wiretest.Message("A", "x")); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

type failing struct {
	net.Listener
	left int
}

func (f *failing) Accept() (net.Conn, error) {
	if f.left--; f.left >= 0 {
		return nil, syscall.EMFILE
	}
	return f.Listener.Accept()
}

// A message may be owed no answer, or two.
func TestNoneAndTwoAnswers(t *testing.T) {
	var got int
	s := start(t, Config{Receiver: wire.ReceiverFunc(func(context.Context, wire.Arrival) ([][]byte, error) {
		if got++; got == 1 {
			return nil, nil
		}
		return [][]byte{[]byte("second"), []byte("third")}, nil
	})})
	c := s.dial()
	write(t, c, "\vone\x1c\r\vtwo\x1c\r")
	if a := readAnswers(t, c, 2); len(a) != 2 || a[0] != "second" || a[1] != "third" {
		t.Errorf("answers %q", a)
	}
}

// An answer repeats MSH-10. One that ends in FS would end the answer's frame.
func TestAnswerThatCannotBeFramed(t *testing.T) {
	s := start(t, Config{Receiver: wire.ReceiverFunc(func(context.Context, wire.Arrival) ([][]byte, error) {
		return wiretest.Only([]byte("MSA|AA|X\x1c\rERR|\r")), nil
	})})
	c := s.dial()
	write(t, c, "\vone\x1c\r")
	wantClosed(t, c)
	if n := s.server.Counts().Unanswered; n != 1 {
		t.Errorf("unanswered %d", n)
	}
}
