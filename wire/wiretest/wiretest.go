// Package wiretest is the contract that every listener of wire keeps, as a
// suite. A listener's own tests add what only its protocol has.
package wiretest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/internal/spool"
	"handover/wire"
)

// The limits of the Room that the suite gives to a listener.
const (
	MaxMessage = 1 << 20
	InMemory   = 96 << 10
)

// Listener is what is tested, running.
type Listener interface {
	// Send gives one message as a sender does and waits for its answer. An
	// error means that none came. It is called by several senders at once.
	Send(ctx context.Context, message []byte) (answer []byte, err error)
	// Stop ends the context of Run, and returns what Run returned.
	Stop() error
}

// Keeper is a Listener that has the message itself when it cannot be taken, and
// tries again: a drop folder. The others refuse it.
type Keeper interface{ KeepsAndRetries() }

// Setup starts a listener. The suite stops it.
type Setup func(t *testing.T, r wire.Receiver, room wire.Room) Listener

// Run holds the listener to the contract.
func Run(t *testing.T, setup Setup) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *bench)
	}{
		{"one message arrives byte for byte and is answered", one},
		{"many messages arrive in order", many},
		{"senders do not disturb each other", atOnce},
		{"a large message comes in a synced file", large},
		{"a message over the limit is refused and the next is taken", tooLarge},
		{"without room to spool a message is refused", noRoom},
		{"a refusal reaches the sender", refused},
		{"no answer goes out before the receiver is done", slow},
		{"a receiver that fails gives nobody an answer", failing},
		{"stopping finishes the message in hand", drain},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, setup)
			c.test(t, b)
			b.end()
		})
	}
}

// bench is one listener with its receiver.
type bench struct {
	t       *testing.T
	intake  *Intake
	room    wire.Room
	subject Listener
	stop    sync.Once
}

func newBench(t *testing.T, setup Setup) *bench {
	t.Helper()
	folder, err := spool.Open(t.Context(), spool.Config{Dir: t.TempDir(), MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, intake: &Intake{}, room: wire.Room{Spool: folder, Memory: wire.NewMemory(0), MaxMessage: MaxMessage, InMemory: InMemory}}
	b.subject = setup(t, b.intake, b.room)
	t.Cleanup(b.end)
	return b
}

// end stops the listener and looks at what it left.
func (b *bench) end() {
	b.stop.Do(func() {
		if err := b.subject.Stop(); err != nil {
			b.t.Errorf("stopping: %v", err)
		}
		NoGoroutines(b.t)
		if n := b.room.Spool.Open(); n != 0 {
			b.t.Errorf("%d spool files are left", n)
		}
		if n := b.room.Memory.Used(); n != 0 {
			b.t.Errorf("%d bytes of the budget are not given back", n)
		}
	})
}

func (b *bench) send(message []byte) []byte {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 30*time.Second)
	defer cancel()
	answer, err := b.subject.Send(ctx, message)
	if err != nil {
		b.t.Fatalf("sending: %v", err)
	}
	return answer
}

func (b *bench) wantAnswer(got, message []byte, code string) {
	b.t.Helper()
	if want := Answer(message, code); !bytes.Equal(got, want) {
		b.t.Fatalf("answer %q, want %q", got, want)
	}
}

func one(t *testing.T, b *bench) {
	message := Message("ONE", "caf\xe9 and \\X0B\\ and \xff\x80")
	b.wantAnswer(b.send(message), message, "AA")
	kept := b.intake.Kept()
	if len(kept) != 1 || !bytes.Equal(kept[0].Content, message) {
		t.Fatalf("kept %d messages, or other bytes", len(kept))
	}
	a := kept[0].Arrival
	if a.Source != Source || a.Conn == "" || a.Remote == "" || a.Received.IsZero() || a.Format != wire.MediaType {
		t.Errorf("the arrival lacks something: %+v", a)
	}
	if a.Size != int64(len(message)) || !bytes.Equal(a.Head, message) || len(a.Problems) != 0 {
		t.Errorf("size %d, head of %d bytes, problems %v", a.Size, len(a.Head), a.Problems)
	}
}

func many(t *testing.T, b *bench) {
	const count = 40
	for i := range count {
		message := Message(fmt.Sprintf("M%03d", i), "x")
		b.wantAnswer(b.send(message), message, "AA")
	}
	for i, k := range b.intake.Kept() {
		if want := Message(fmt.Sprintf("M%03d", i), "x"); !bytes.Equal(k.Content, want) {
			t.Fatalf("message %d is not the one that was sent then", i)
		}
	}
	if n := len(b.intake.Kept()); n != count {
		t.Errorf("kept %d messages, want %d", n, count)
	}
}

func atOnce(t *testing.T, b *bench) {
	const senders, each = 6, 5
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			for i := range each {
				message := Message(fmt.Sprintf("S%dM%d", s, i), "y")
				answer, err := b.subject.Send(t.Context(), message)
				if want := Answer(message, "AA"); err != nil || !bytes.Equal(answer, want) {
					t.Errorf("sender %d got %q, %v", s, answer, err)
				}
			}
		})
	}
	all.Wait()
	if n := len(b.intake.Kept()); n != senders*each {
		t.Errorf("kept %d messages, want %d", n, senders*each)
	}
}

func large(t *testing.T, b *bench) {
	message := Message("LARGE", string(bytes.Repeat([]byte("0123456789abcdef"), 30<<10)))
	b.wantAnswer(b.send(message), message, "AA")
	kept := b.intake.Kept()
	switch {
	case len(kept) != 1:
		t.Fatalf("kept %d messages", len(kept))
	case kept[0].Arrival.Body.File == "":
		t.Error("it was held in memory")
	case !bytes.Equal(kept[0].Content, message):
		t.Error("other bytes than were sent")
	case len(kept[0].Arrival.Head) < wire.HeadSize || !bytes.HasPrefix(message, kept[0].Arrival.Head):
		t.Errorf("a head of %d bytes", len(kept[0].Arrival.Head))
	}
}

func tooLarge(t *testing.T, b *bench) {
	message := Message("HUGE", string(bytes.Repeat([]byte("z"), MaxMessage)))
	b.wantAnswer(b.send(message), message, "AR")
	kept := b.intake.Kept()
	if len(kept) != 1 || handover.KindOf(kept[0].Arrival.Err) != handover.TooLarge {
		t.Fatalf("the receiver was not told that it is too large")
	}
	if kept[0].Arrival.Body.Len() != 0 || kept[0].Arrival.Size <= MaxMessage {
		t.Errorf("body of %d bytes, size %d", kept[0].Arrival.Body.Len(), kept[0].Arrival.Size)
	}
	next := Message("NEXT", "small")
	b.wantAnswer(b.send(next), next, "AA")
}

func noRoom(t *testing.T, b *bench) {
	if err := os.RemoveAll(b.room.Spool.Path()); err != nil {
		t.Fatal(err)
	}
	message := Message("LARGE", string(bytes.Repeat([]byte("z"), 2*InMemory)))
	if _, ok := b.subject.(Keeper); ok {
		b.noRoomYet(message)
		return
	}
	b.wantAnswer(b.send(message), message, "AR")
	if k := handover.KindOf(b.intake.Kept()[0].Arrival.Err); k != handover.Unavailable {
		t.Errorf("the receiver was told %v", k)
	}
	next := Message("NEXT", "small")
	b.wantAnswer(b.send(next), next, "AA")
}

// noRoomYet makes room after a while, and wants the message taken then.
func (b *bench) noRoomYet(message []byte) {
	b.t.Helper()
	made := make(chan error, 1)
	time.AfterFunc(100*time.Millisecond, func() {
		if n := len(b.intake.Kept()); n != 0 {
			b.t.Errorf("%d messages arrived without room for them", n)
		}
		made <- os.MkdirAll(b.room.Spool.Path(), 0o700)
	})
	b.wantAnswer(b.send(message), message, "AA")
	if err := <-made; err != nil {
		b.t.Error(err)
	}
	if !bytes.Equal(b.intake.Kept()[0].Content, message) {
		b.t.Error("other bytes than were sent")
	}
}

func refused(t *testing.T, b *bench) {
	b.intake.Refuse("AE")
	message := Message("BAD", "x")
	b.wantAnswer(b.send(message), message, "AE")
	b.intake.Refuse("")
	next := Message("GOOD", "x")
	b.wantAnswer(b.send(next), next, "AA")
}

func slow(t *testing.T, b *bench) {
	release := b.intake.Hold()
	message := Message("SLOW", "x")
	done := make(chan []byte, 1)
	go func() {
		answer, err := b.subject.Send(t.Context(), message)
		if err != nil {
			t.Errorf("sending: %v", err)
		}
		done <- answer
	}()
	b.intake.WaitForArrival(t)
	select {
	case <-done:
		t.Fatal("the answer came before the receiver was done")
	case <-time.After(50 * time.Millisecond):
	}
	release()
	b.wantAnswer(<-done, message, "AA")
}

func failing(t *testing.T, b *bench) {
	b.intake.Fail(1, &handover.Error{Op: "keeping", Kind: handover.Unavailable})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	message := Message("UNLUCKY", "x")
	answer, err := b.subject.Send(ctx, message)
	if kept := len(b.intake.Kept()); (err == nil) != (kept == 1) {
		t.Fatalf("answer %q, error %v, and %d messages are kept", answer, err, kept)
	}
	next := Message("NEXT", "x")
	b.wantAnswer(b.send(next), next, "AA")
}

func drain(t *testing.T, b *bench) {
	release := b.intake.Hold()
	message := Message("LAST", "x")
	done := make(chan []byte, 1)
	go func() {
		answer, err := b.subject.Send(t.Context(), message)
		if err != nil {
			t.Errorf("sending: %v", err)
		}
		done <- answer
	}()
	b.intake.WaitForArrival(t)
	stopped := make(chan struct{})
	go func() { defer close(stopped); b.end() }()
	time.AfterFunc(50*time.Millisecond, release)
	b.wantAnswer(<-done, message, "AA")
	<-stopped
	if n := len(b.intake.Kept()); n != 1 {
		t.Errorf("kept %d messages", n)
	}
}
