package mllp

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"handover"
)

// strays gathers what answered nothing.
type strays struct {
	mu   sync.Mutex
	seen []string
}

func (s *strays) add(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, string(frame))
}

// want waits until frames with these MSA-2 have come, in this order.
func (s *strays) want(t *testing.T, controls ...string) {
	t.Helper()
	var got []string
	for range 500 {
		s.mu.Lock()
		got = nil
		for _, frame := range s.seen {
			fields := strings.Split(frame, "|")
			got = append(got, fields[len(fields)-1])
		}
		s.mu.Unlock()
		if slices.Equal(got, controls) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("stray answers to %v, want %v", got, controls)
}

func line(t *testing.T, c ClientConfig) (*Line, *strays) {
	t.Helper()
	s := &strays{}
	l := NewLine(LineConfig{ClientConfig: c, Stray: s.add})
	t.Cleanup(func() { _ = l.Close() })
	return l, s
}

// original makes a message in original mode, enhanced one that asks for answers.
func original(control string) []byte { return enhanced(control, "", "") }

func enhanced(control, accept, application string) []byte {
	return fmt.Appendf(nil, "MSH|^~\\&|A|B|C|D|20260102030405||ADT^A01^ADT_A01|%s|P|2.5.1|||%s|%s\rPID|1||1^^^X\r", control, accept, application)
}

// say writes an acknowledgement.
func say(c io.Writer, code, control string) {
	_, _ = c.Write(AppendFrame(nil, acknowledgement(code, control)))
}

func acknowledgement(code, control string) []byte {
	return fmt.Appendf(nil, "MSH|^~\\&|C|D|A|B|20260102030405||ACK|R%s|P|2.5.1\rMSA|%s|%s", control, code, control)
}

// controlOf reads MSH-10 of what came.
func controlOf(message string) string {
	if fields := strings.Split(message, "|"); len(fields) > 9 {
		return fields[9]
	}
	return ""
}

func want(t *testing.T, got handover.Outcome, ending handover.Ending, code string) {
	t.Helper()
	if got.Ending != ending || got.Code != code {
		t.Errorf("%s %q (%s), want %s %q", got.Ending, got.Code, got.Reason, ending, code)
	}
}

// What the receiver says is what the outcome is.
func TestLineHearsAnswers(t *testing.T) {
	tests := []struct {
		message []byte
		answers []string
		ending  handover.Ending
		code    string
	}{
		{original("1"), []string{"AA"}, handover.Accepted, "AA"},
		{original("2"), []string{"AE"}, handover.Rejected, "AE"},
		{original("3"), []string{"AR"}, handover.Rejected, "AR"},
		{original("4"), []string{"XX"}, handover.Unknown, "XX"},
		{enhanced("5", "AL", "NE"), []string{"CA"}, handover.Accepted, "CA"},
		{enhanced("6", "AL", "NE"), []string{"CR"}, handover.Rejected, "CR"},
		{enhanced("7", "AL", "AL"), []string{"CA", "AA"}, handover.Accepted, "AA"},
		{enhanced("8", "AL", "AL"), []string{"CA", "AE"}, handover.Rejected, "AE"},
		{enhanced("9", "AL", "AL"), []string{"CA"}, handover.Unknown, "CA"},
		{enhanced("10", "AL", "AL"), []string{"CE"}, handover.Rejected, "CE"},
		{enhanced("11", "NE", "AL"), []string{"AA"}, handover.Accepted, "AA"},
		{enhanced("12", "NE", "NE"), nil, handover.Unknown, ""},
		{original("13"), nil, handover.Unknown, ""},
	}
	answers := map[string][]string{}
	for _, test := range tests {
		answers[controlOf(string(test.message))] = test.answers
	}
	c := peer(t, func(c net.Conn) {
		for control := controlOf(hear(c)); control != ""; control = controlOf(hear(c)) {
			for _, code := range answers[control] {
				say(c, code, control)
			}
		}
	})
	c.Answer = 200 * time.Millisecond
	l, s := line(t, c)
	for _, test := range tests {
		got := l.Send(t.Context(), test.message)
		want(t, got, test.ending, test.code)
		if (got.Answer != nil) != (test.answers != nil) {
			t.Errorf("%s: answer %q", test.message, got.Answer)
		}
	}
	s.want(t)
}

// An answer that comes after its message was given up is that message's, and
// never the next one's.
func TestLateAnswer(t *testing.T) {
	c := peer(t, func(c net.Conn) {
		first := controlOf(hear(c))
		second := controlOf(hear(c))
		say(c, "AA", first)
		time.Sleep(50 * time.Millisecond)
		say(c, "AE", second)
		_ = hear(c)
	})
	c.Answer = 300 * time.Millisecond
	l, s := line(t, c)
	want(t, l.Send(t.Context(), original("first")), handover.Unknown, "")
	want(t, l.Send(t.Context(), original("second")), handover.Rejected, "AE")
	s.want(t, "first")
}

// A receiver that answers all it ever got each time, as one does that never
// clears its buffer, or that answers messages nobody sent.
func TestAnswersToOtherMessages(t *testing.T) {
	c := peer(t, func(c net.Conn) {
		var all []string
		for control := controlOf(hear(c)); control != ""; control = controlOf(hear(c)) {
			all = append(all, control)
			_, _ = c.Write(AppendFrame(nil, []byte("this is no message|noise")))
			for _, one := range all {
				say(c, "AA", one)
			}
		}
	})
	c.Answer = 5 * time.Second
	l, s := line(t, c)
	for i := range 4 {
		want(t, l.Send(t.Context(), original(fmt.Sprint("m", i))), handover.Accepted, "AA")
	}
	s.want(t, "noise", "noise", "m0", "noise", "m0", "m1", "noise", "m0", "m1", "m2")

	wrong := peer(t, func(c net.Conn) {
		for hear(c) != "" {
			say(c, "AA", "another")
			say(c, "AA", "")
		}
	})
	wrong.Answer = 200 * time.Millisecond
	l, s = line(t, wrong)
	want(t, l.Send(t.Context(), original("mine")), handover.Unknown, "")
	want(t, l.Send(t.Context(), original("")), handover.Unknown, "")
	s.want(t, "another", "", "another", "")
}

// What is certainly not sent has failed; what may have been kept is unknown.
func TestLineBreaks(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = nobody.Close()
	l, _ := line(t, ClientConfig{Address: nobody.Addr().String()})
	want(t, l.Send(t.Context(), original("1")), handover.Failed, "")

	turn := 0
	l, _ = line(t, peer(t, func(c net.Conn) {
		control := controlOf(hear(c))
		if turn++; turn == 1 {
			return // kept or not, nobody knows
		}
		say(c, "AA", control) // and then it closes
	}))
	want(t, l.Send(t.Context(), original("2")), handover.Unknown, "")
	for i := range 20 { // each over a new connection, and none is lost on an old one
		time.Sleep(30 * time.Millisecond) // until the end of the old one is here; else it may be unknown
		want(t, l.Send(t.Context(), original(fmt.Sprint("again", i))), handover.Accepted, "AA")
	}

	deaf := peer(t, func(c net.Conn) { time.Sleep(time.Second) })
	deaf.Write = 100 * time.Millisecond
	l, _ = line(t, deaf)
	large := append(original("3"), "NTE|1||"+strings.Repeat("x", 32<<20)...)
	want(t, l.Send(t.Context(), large), handover.Failed, "")

	l, _ = line(t, deaf)
	want(t, l.Send(t.Context(), []byte("no message")), handover.Rejected, "")
	want(t, l.Send(t.Context(), append(original("4"), fs, cr)), handover.Rejected, "")
}

// A connection whose other side is gone without a word is given up after two
// messages, and not waited on for ever.
func TestHalfOpenConnection(t *testing.T) {
	connections := 0
	var mu sync.Mutex
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			connections++
			silent := connections == 1
			mu.Unlock()
			go func() {
				defer c.Close()
				for control := controlOf(hear(c)); control != ""; control = controlOf(hear(c)) {
					if !silent {
						say(c, "AA", control)
					}
				}
			}()
		}
	}()
	l, _ := line(t, ClientConfig{Address: listener.Addr().String(), Answer: 150 * time.Millisecond})
	want(t, l.Send(t.Context(), original("1")), handover.Unknown, "")
	want(t, l.Send(t.Context(), original("2")), handover.Unknown, "")
	want(t, l.Send(t.Context(), original("3")), handover.Accepted, "AA")
}

// Whoever gives up waiting, or closes the line, need not wait for the receiver.
func TestLineIsStopped(t *testing.T) {
	heard := make(chan struct{}, 2)
	c := peer(t, func(c net.Conn) {
		for hear(c) != "" {
			heard <- struct{}{}
		}
	})
	l, _ := line(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-heard; cancel() }()
	want(t, l.Send(ctx, original("1")), handover.Unknown, "")
	want(t, l.Send(ctx, original("2")), handover.Failed, "")
	go func() { <-heard; _ = l.Close() }()
	want(t, l.Send(t.Context(), original("3")), handover.Unknown, "")
	want(t, l.Send(t.Context(), original("4")), handover.Failed, "")
}

// Many at once go one after the other, each with its own answer.
func TestLineTakesTurns(t *testing.T) {
	l, s := line(t, peer(t, func(c net.Conn) {
		for control := controlOf(hear(c)); control != ""; control = controlOf(hear(c)) {
			code := "AA"
			if strings.HasSuffix(control, "7") {
				code = "AE"
			}
			say(c, code, control)
		}
	}))
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			ending, code := handover.Accepted, "AA"
			if i%10 == 7 {
				ending, code = handover.Rejected, "AE"
			}
			want(t, l.Send(t.Context(), original(fmt.Sprint(i))), ending, code)
		})
	}
	group.Wait()
	s.want(t)
}
