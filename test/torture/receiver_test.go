package torture

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// receiver is a system that takes messages, and does with them all that receivers
// do. What is here of MLLP and HL7 is all it knows; its book is its own.
type receiver struct {
	address string

	mu    sync.Mutex
	rng   *rand.Rand
	calm  bool           // it does nothing but accept any more
	took  map[string]int // how often it has taken each MSH-10
	said  map[string]int // how often it has rejected each
	order []string       // of the MSH-10s as it took them first
}

func newReceiver(t *testing.T, seed uint64) *receiver {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	r := &receiver{address: l.Addr().String(), rng: rand.New(rand.NewPCG(seed, 3)), took: map[string]int{}, said: map[string]int{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
	return r
}

func (r *receiver) serve(c net.Conn) {
	defer c.Close()
	from := bufio.NewReader(c)
	for {
		frame, err := from.ReadBytes(0x1c)
		if err != nil {
			return
		}
		if cr, err := from.ReadByte(); err != nil || cr != '\r' {
			return
		}
		fields := bytes.SplitN(bytes.TrimLeft(frame, "\x0b"), []byte("|"), 11)
		if len(fields) < 11 || !r.meet(c, string(fields[9])) {
			return
		}
	}
}

// meet does one of all that may happen, and reports whether the connection goes on.
func (r *receiver) meet(c net.Conn, control string) bool {
	answer := func(code string) {
		_, _ = fmt.Fprintf(c, "\x0bMSH|^~\\&|R|R|H|H|20260302||ACK|A%s|P|2.5.1\rMSA|%s|%s\r\x1c\r", control, code, control)
	}
	r.mu.Lock()
	roll := r.rng.IntN(100)
	if r.calm {
		roll = 0
	}
	reject, unread := roll >= 88 && roll < 91, roll == 99
	if reject {
		r.said[control]++
	}
	if !reject && !unread {
		if r.took[control]++; r.took[control] == 1 {
			r.order = append(r.order, control)
		}
	}
	r.mu.Unlock()
	switch {
	case roll < 88:
		answer("AA")
	case reject:
		answer("AE")
	case roll < 94: // too late, and the next one comes meanwhile
		time.AfterFunc(300*time.Millisecond, func() { answer("AA") })
	case roll < 96: // never
	case roll < 97: // to a message that nobody sent, and then the answer
		_, _ = fmt.Fprintf(c, "\x0bMSH|^~\\&|R|R|H|H|20260302||ACK|X|P|2.5.1\rMSA|AA|NOBODY-1\r\x1c\r")
		answer("AA")
	case roll < 98: // twice
		answer("AA")
		answer("AA")
	default: // it hangs up, with the message or without
		return false
	}
	return true
}

func (r *receiver) rest() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calm = true
}
