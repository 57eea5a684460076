package mllp

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"handover/wire"
	"handover/wire/wiretest"
)

// Whatever a sender sends, every byte is in a message, in a fragment, in a
// frame's marks, or counted as padding.
func TestEveryByteIsAccountedFor(t *testing.T) {
	pieces := []string{"\v", "\v", "\x1c", "\x1c\r", "\r", "\n", "MSH|", "\vMSH|", "\vM", "text", "\x1c\r\v"}
	var content atomic.Int64
	s := start(t, Config{Receiver: wire.ReceiverFunc(func(_ context.Context, a wire.Arrival) ([][]byte, error) {
		content.Add(a.Size)
		return wiretest.Only([]byte("MSA|AA|\r")), nil
	})})
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 7))
		var stream strings.Builder
		for range random.IntN(40) {
			stream.WriteString(pieces[random.IntN(len(pieces))])
		}
		before, contentBefore := s.server.Counts(), content.Load()
		c := s.dial()
		for rest := stream.String(); rest != ""; {
			n := min(len(rest), 1+random.IntN(30))
			write(t, c, rest[:n])
			rest = rest[n:]
		}
		_ = c.(*net.TCPConn).CloseWrite()
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Fatal(err)
		}
		after := s.server.Counts()
		got := content.Load() - contentBefore + after.FragmentBytes - before.FragmentBytes + after.Padding - before.Padding + marks(stream.String())
		if read := after.BytesIn - before.BytesIn; got != read || read != int64(stream.Len()) {
			t.Fatalf("seed %d: %d bytes sent, %d read, %d accounted for: %q", seed, stream.Len(), read, got, stream.String())
		}
	}
}

// A sender that sends on while the receiver is busy waits; what it sends is not
// read.
func TestBackPressure(t *testing.T) {
	intake := &wiretest.Intake{}
	release := intake.Hold()
	s := start(t, Config{Receiver: intake})
	c := s.dial()
	first := wiretest.Message("B", "x")
	write(t, c, string(AppendFrame(nil, first)))
	intake.WaitForArrival(t)
	_ = c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	more := strings.Repeat(string(AppendFrame(nil, first)), 100<<10)
	if n, err := io.WriteString(c, more); err == nil {
		t.Errorf("all %d bytes were taken", n)
	}
	if n := s.server.Counts().BytesIn; n > readSize {
		t.Errorf("%d bytes were read ahead", n)
	}
	release()
	wantAnswers(t, readAnswers(t, c, 1)[:1], first)
}

// marks counts the bytes that begin and end frames.
func marks(stream string) (n int64) {
	var d Decoder
	for p := []byte(stream); ; {
		t, used := d.Next(p)
		p = p[used:]
		if t.Kind == None {
			break
		}
		n += int64(t.Size - len(t.Data))
	}
	if t := d.Flush(); t.Kind == EndBare {
		n++
	}
	return n
}
