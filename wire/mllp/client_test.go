package mllp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/wire"
	"handover/wire/wiretest"
)

// peer accepts one connection after the other and lets script play each.
func peer(t *testing.T, script func(net.Conn)) ClientConfig {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(30 * time.Second))
			script(c)
			_ = c.Close()
		}
	})
	t.Cleanup(func() { _ = l.Close(); running.Wait() })
	return ClientConfig{Address: l.Addr().String()}
}

// hear reads one frame.
func hear(c io.Reader) string {
	var d Decoder
	var got []byte
	one := make([]byte, 1)
	for {
		if _, err := c.Read(one); err != nil {
			return string(got)
		}
		t, _ := d.Next(one)
		got = append(got, t.Data...)
		if t.Kind == End {
			return string(got)
		}
	}
}

func dial(t *testing.T, c ClientConfig) *Client {
	t.Helper()
	client, err := Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func wantStage(t *testing.T, err error, stage Stage) {
	t.Helper()
	e, ok := errors.AsType[*SendError](err)
	if !ok || e.Stage != stage || handover.KindOf(err) != handover.Unavailable || Unknown(err) != (stage == Awaiting) {
		t.Errorf("error %v, want stage %s", err, stage)
	}
}

func TestSendManyOnOneConnection(t *testing.T) {
	s := start(t, Config{})
	c := dial(t, ClientConfig{Address: s.server.Addr().String()})
	for _, id := range []string{"A", "B", "C"} {
		message := wiretest.Message(id, "x")
		answer, err := c.Send(t.Context(), message)
		if err != nil || !bytes.Equal(answer, wiretest.Answer(message, "AA")) {
			t.Fatalf("answer %q, %v", answer, err)
		}
	}
	if n := s.server.Counts().Connections; n != 1 {
		t.Errorf("%d connections", n)
	}
}

// Two who send at once on one connection each get their own answer.
func TestSendAtOnceOnOneConnection(t *testing.T) {
	s := start(t, Config{})
	c := dial(t, ClientConfig{Address: s.server.Addr().String()})
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			message := wiretest.Message(itoa(i), "x")
			answer, err := c.Send(t.Context(), message)
			if err != nil || !bytes.Equal(answer, wiretest.Answer(message, "AA")) {
				t.Errorf("answer %q, %v", answer, err)
			}
		})
	}
	all.Wait()
}

func TestSendLarge(t *testing.T) {
	s := start(t, Config{Room: wire.Room{MaxMessage: 8 << 20, InMemory: 8 << 20}})
	c := dial(t, ClientConfig{Address: s.server.Addr().String()})
	message := wiretest.Message("BIG", string(bytes.Repeat([]byte("0123456789"), 200<<10)))
	if _, err := c.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(s.intake.Kept()[0].Content, message) {
		t.Error("other bytes arrived")
	}
}

func TestSendWhatMLLPCannotCarry(t *testing.T) {
	s := start(t, Config{})
	c := dial(t, ClientConfig{Address: s.server.Addr().String()})
	if _, err := c.Send(t.Context(), []byte("MSH|\x1c\rPID|")); handover.KindOf(err) != handover.Invalid {
		t.Errorf("error %v", err)
	}
	if _, err := c.Send(t.Context(), wiretest.Message("FINE", "x")); err != nil {
		t.Errorf("the connection is spoilt: %v", err)
	}
}

func TestTwoAnswers(t *testing.T) {
	c := dial(t, peer(t, func(c net.Conn) {
		hear(c)
		_, _ = c.Write([]byte("noise\vCA\x1c\r\n\vAA\x1c\r"))
		hear(c)
	}))
	first, err := c.Send(t.Context(), []byte("MSH|"))
	if err != nil || string(first) != "CA" {
		t.Fatalf("%q, %v", first, err)
	}
	if second, err := c.Answer(t.Context()); err != nil || string(second) != "AA" {
		t.Fatalf("%q, %v", second, err)
	}
}

func TestTellWaitsForNothing(t *testing.T) {
	config := peer(t, func(c net.Conn) {
		hear(c)
		hear(c)
		_, _ = c.Write([]byte("\vAA\x1c\r"))
		hear(c)
	})
	config.Answer = time.Hour
	c := dial(t, config)
	if err := c.Tell(t.Context(), []byte("MSH|\x1c\rPID|")); handover.KindOf(err) != handover.Invalid {
		t.Errorf("error %v", err)
	}
	if err := c.Tell(t.Context(), []byte("MSH|")); err != nil {
		t.Fatal(err)
	}
	if answer, err := c.Send(t.Context(), []byte("MSH|")); err != nil || string(answer) != "AA" {
		t.Errorf("the message after it: %q, %v", answer, err)
	}
}

func TestAnswerWithoutCR(t *testing.T) {
	c := dial(t, peer(t, func(c net.Conn) {
		hear(c)
		_, _ = c.Write([]byte("\vAA\x1c"))
	}))
	if answer, err := c.Send(t.Context(), []byte("MSH|")); err != nil || string(answer) != "AA" {
		t.Fatalf("%q, %v", answer, err)
	}
	_, err := c.Send(t.Context(), []byte("MSH|"))
	wantStage(t, err, Writing)
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	_, err = Dial(t.Context(), ClientConfig{Address: l.Addr().String()})
	wantStage(t, err, Connecting)
}

func TestConnectionLostBeforeTheAnswer(t *testing.T) {
	c := dial(t, peer(t, func(c net.Conn) { hear(c) }))
	_, err := c.Send(t.Context(), []byte("MSH|"))
	wantStage(t, err, Awaiting)
	_, err = c.Send(t.Context(), []byte("MSH|"))
	wantStage(t, err, Writing)
	_, err = c.Answer(t.Context())
	wantStage(t, err, Awaiting)
}

// A connection that the receiver closed while nothing was under way is known
// before anything is sent, so the outcome is not unknown.
func TestConnectionClosedWhileIdle(t *testing.T) {
	c := dial(t, peer(t, func(c net.Conn) {
		hear(c)
		_, _ = c.Write([]byte("\vAA\x1c\r"))
	}))
	if _, err := c.Send(t.Context(), []byte("MSH|")); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if closedByPeer(c.raw) != nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	_, err := c.Send(t.Context(), []byte("MSH|"))
	wantStage(t, err, Writing)
}

func TestNoAnswerInTime(t *testing.T) {
	config := peer(t, func(c net.Conn) { hear(c); _, _ = io.ReadAll(c) })
	config.Answer = 30 * time.Millisecond
	_, err := dial(t, config).Send(t.Context(), []byte("MSH|"))
	wantStage(t, err, Awaiting)
}

func TestReceiverTakesNothing(t *testing.T) {
	release := make(chan struct{})
	config := peer(t, func(net.Conn) { <-release })
	config.Write = 50 * time.Millisecond
	c := dial(t, config)
	_, err := c.Send(t.Context(), bytes.Repeat([]byte("x"), 64<<20))
	wantStage(t, err, Writing)
	close(release)
}

func TestSendIsCancelled(t *testing.T) {
	config := peer(t, func(c net.Conn) { hear(c); _, _ = io.ReadAll(c) })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	_, err := dial(t, config).Send(ctx, []byte("MSH|"))
	wantStage(t, err, Awaiting)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	_, err = dial(t, config).Send(ctx, []byte("MSH|"))
	wantStage(t, err, Writing)
}

func TestAnswerWithoutEnd(t *testing.T) {
	config := peer(t, func(c net.Conn) {
		hear(c)
		_, _ = c.Write(append([]byte{vt}, bytes.Repeat([]byte("x"), 4096)...))
		_, _ = io.ReadAll(c)
	})
	config.MaxAnswer = 1000
	_, err := dial(t, config).Send(t.Context(), []byte("MSH|"))
	wantStage(t, err, Awaiting)
}
