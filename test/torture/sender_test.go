package torture

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// sender is one connection of a system that sends: one message after the
// other, each sent again until it is acknowledged. What is here of MLLP and HL7
// is all it knows.
type sender struct {
	source  string // of the engine's configuration
	number  int
	address string
	pause   time.Duration // between messages, on average
	answer  time.Duration // how long it waits for one; 0: half a minute

	acked   atomic.Int64 // messages 0 to acked-1 are acknowledged
	resent  atomic.Int64 // times that a message was sent again
	refused atomic.Int64 // answers that asked to send it again

	conn net.Conn
	from *bufio.Reader
}

func (s *sender) control(n int64) string { return fmt.Sprintf("%s-%d-%d", s.source, s.number, n) }

// largeEvery is how often a message is too long for its place among the others.
const largeEvery = 150

// message is the n-th message, always the same bytes.
func (s *sender) message(n int64) []byte {
	rng := rand.New(rand.NewPCG(uint64(s.number), uint64(n)))
	patient := fmt.Sprintf("%d", 9_000_000+s.number*100+rng.IntN(20))
	head := fmt.Sprintf("MSH|^~\\&|TORTURE|TEST|HANDOVER|TEST|20260302%02d%02d%02d+0000||%%s|%s|P|2.5.1\r",
		8+n/3600%12, n/60%60, n%60, s.control(n))
	if n%3 == 0 {
		return fmt.Appendf(nil, head+"EVN|A08|20260302080000+0000\rPID|1||%s^^^TEST^MR||TESTPATIENT^SYNTHETIC^%c||19800101|F\r"+
			"PV1|1|I|W%d^1^1\r", "ADT^A08^ADT_A01", patient, 'A'+rng.IntN(26), rng.IntN(9))
	}
	note := strings.Repeat("x", rng.IntN(800))
	if n%largeEvery == largeEvery-1 {
		note = strings.Repeat("long note ", 30_000)
	}
	return fmt.Appendf(nil, head+"PID|1||%s^^^TEST^MR||TESTPATIENT^SYNTHETIC\rOBR|1||%s|GLU^Glucose^L|||20260302080000+0000\r"+
		"OBX|1|NM|GLU^Glucose^L||%d|mmol/L^^UCUM|||||F\rNTE|1||%s\r", "ORU^R01^ORU_R01", patient, s.control(n), rng.IntN(100), note)
}

// run sends until stop is closed and the message in hand is acknowledged. It
// gives up on a message after patience.
func (s *sender) run(t *testing.T, stop <-chan struct{}, patience time.Duration) {
	defer s.hangUp()
	rng := rand.New(rand.NewPCG(7, uint64(s.number)))
	for {
		n := s.acked.Load()
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(rng.Int64N(int64(2*s.pause) + 1))):
		}
		deadline := time.Now().Add(patience)
		for try := 0; !s.try(s.message(n), s.control(n)); try++ {
			if time.Now().After(deadline) {
				t.Errorf("%s: not acknowledged within %v", s.control(n), patience)
				return
			}
			s.resent.Add(1)
			time.Sleep(time.Duration(5+rng.IntN(20)) * time.Millisecond)
		}
		s.acked.Add(1)
	}
}

// some sends up to so many messages, and gives up when over says so.
func (s *sender) some(messages int, over func() bool) {
	defer s.hangUp()
	for range messages {
		n := s.acked.Load()
		for !s.try(s.message(n), s.control(n)) {
			if over() {
				return
			}
			s.resent.Add(1)
			time.Sleep(2 * time.Millisecond)
		}
		s.acked.Add(1)
	}
}

// try sends once, and reports whether the message was accepted.
func (s *sender) try(message []byte, control string) bool {
	if s.conn == nil {
		conn, err := net.DialTimeout("tcp", s.address, time.Second)
		if err != nil {
			return false
		}
		s.conn, s.from = conn, bufio.NewReader(conn)
	}
	answer, err := s.exchange(message)
	if err != nil || !bytes.Contains(answer, []byte("|"+control)) {
		s.hangUp()
		return false
	}
	if !bytes.Contains(answer, []byte("\rMSA|AA|"+control)) {
		s.refused.Add(1)
		return false
	}
	return true
}

func (s *sender) exchange(message []byte) ([]byte, error) {
	wait := s.answer
	if wait == 0 {
		wait = 30 * time.Second
	}
	if err := s.conn.SetDeadline(time.Now().Add(wait)); err != nil {
		return nil, err
	}
	frame := append(append([]byte{0x0b}, message...), 0x1c, '\r')
	if _, err := s.conn.Write(frame); err != nil {
		return nil, err
	}
	answer, err := s.from.ReadBytes(0x1c)
	if err != nil {
		return nil, err
	}
	_, err = io.CopyN(io.Discard, s.from, 1)
	return answer, err
}

func (s *sender) hangUp() {
	if s.conn != nil {
		_ = s.conn.Close() // it may be broken
		s.conn = nil
	}
}

// crowd is many senders at once.
type crowd struct {
	all  []*sender
	stop chan struct{}
	work sync.WaitGroup
}

// startCrowd begins n senders, in turn to each of the sources.
func startCrowd(t *testing.T, n int, addresses map[string]string, pause, patience time.Duration) *crowd {
	c := &crowd{stop: make(chan struct{})}
	for i := range n {
		source := []string{"now", "later"}[i%2]
		s := &sender{source: source, number: i, address: addresses[source], pause: pause}
		c.all = append(c.all, s)
		c.work.Go(func() { s.run(t, c.stop, patience) })
	}
	return c
}

// end waits until every message that was begun is acknowledged.
func (c *crowd) end() {
	close(c.stop)
	c.work.Wait()
}

func (c *crowd) sums() (acked, resent, refused int64) {
	for _, s := range c.all {
		acked += s.acked.Load()
		resent += s.resent.Load()
		refused += s.refused.Load()
	}
	return acked, resent, refused
}
