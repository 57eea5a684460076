package torture

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// Sender is one connection of a system that sends: one message after the
// other, each sent again until it is acknowledged. What is here of MLLP and HL7
// is all it knows, and its book is its own.
type Sender struct {
	Source  string // of the engine's configuration
	Number  int    // tells it from the others, and makes its messages
	Address string
	Pause   time.Duration // between messages, on average
	Answer  time.Duration // how long it waits for one; 0: half a minute

	acked   atomic.Int64 // messages 0 to acked-1 are acknowledged
	resent  atomic.Int64 // times that a message was sent again
	refused atomic.Int64 // answers that asked to send it again
	took    []time.Duration

	conn net.Conn
	from *bufio.Reader
}

// Acked returns how many messages are acknowledged: the first ones.
func (s *Sender) Acked() int64 { return s.acked.Load() }

// Refused returns how many answers asked to send the message again.
func (s *Sender) Refused() int64 { return s.refused.Load() }

// Control is the MSH-10 of the n-th message.
func (s *Sender) Control(n int64) string { return fmt.Sprintf("%s-%d-%d", s.Source, s.Number, n) }

// LargeEvery is how often a message is too long for its place among the others.
const LargeEvery = 150

// patient is whom the n-th message is about; no two senders have one in common.
func (s *Sender) patient(n int64) string {
	return fmt.Sprint(9_000_000 + s.Number*100 + s.chance(n).IntN(20))
}

// chance is what the n-th message leaves to chance.
func (s *Sender) chance(n int64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(s.Number), uint64(n)))
}

// Message is the n-th message, always the same bytes.
func (s *Sender) Message(n int64) []byte {
	rng := s.chance(n)
	rng.IntN(20) // was the patient
	head := fmt.Sprintf("MSH|^~\\&|TORTURE|TEST|HANDOVER|TEST|20260302%02d%02d%02d+0000||%%s|%s|P|2.5.1\r",
		8+n/3600%12, n/60%60, n%60, s.Control(n))
	if n%3 == 0 {
		return fmt.Appendf(nil, head+"EVN|A08|20260302080000+0000\rPID|1||%s^^^TEST^MR||TESTPATIENT^SYNTHETIC^%c||19800101|F\r"+
			"PV1|1|I|W%d^1^1\r", "ADT^A08^ADT_A01", s.patient(n), 'A'+rng.IntN(26), rng.IntN(9))
	}
	note := strings.Repeat("x", rng.IntN(800))
	if n%LargeEvery == LargeEvery-1 {
		note = strings.Repeat("long note ", 30_000)
	}
	return fmt.Appendf(nil, head+"PID|1||%s^^^TEST^MR||TESTPATIENT^SYNTHETIC\rOBR|1||%s|GLU^Glucose^L|||20260302080000+0000\r"+
		"OBX|1|NM|GLU^Glucose^L||%d|mmol/L^^UCUM|||||F\rNTE|1||%s\r", "ORU^R01^ORU_R01", s.patient(n), s.Control(n), rng.IntN(100), note)
}

// Sent is a message that was acknowledged.
type Sent struct {
	Control string // MSH-10
	Patient string
	Digest  [sha256.Size]byte
}

// SentBook is what one connection sent and heard AA for, in its order.
type SentBook struct {
	Source   string
	Messages []Sent
}

// Book returns what was acknowledged.
func (s *Sender) Book() SentBook {
	book := SentBook{Source: s.Source}
	for n := range s.Acked() {
		book.Messages = append(book.Messages, Sent{s.Control(n), s.patient(n), sha256.Sum256(s.Message(n))})
	}
	return book
}

// run sends until stop is closed and the message in hand is acknowledged. It
// gives up on a message after patience.
func (s *Sender) run(ctx context.Context, stop <-chan struct{}, patience time.Duration) error {
	defer s.hangUp()
	rng := rand.New(rand.NewPCG(7, uint64(s.Number)))
	for {
		n := s.Acked()
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return nil
		case <-time.After(time.Duration(rng.Int64N(int64(2*s.Pause) + 1))):
		}
		deadline := time.Now().Add(patience)
		for !s.try(s.Message(n), s.Control(n)) {
			if ctx.Err() != nil {
				return nil
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s: not acknowledged within %v", s.Control(n), patience)
			}
			s.resent.Add(1)
			time.Sleep(time.Duration(5+rng.IntN(20)) * time.Millisecond)
		}
		s.acked.Add(1)
	}
}

// Some sends up to so many messages, and gives up when over says so.
func (s *Sender) Some(messages int, over func() bool) {
	defer s.hangUp()
	for range messages {
		n := s.Acked()
		for !s.try(s.Message(n), s.Control(n)) {
			s.resent.Add(1) // now, or in the next life
			if over() {
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
		s.acked.Add(1)
	}
}

// try sends once, and reports whether the message was accepted.
func (s *Sender) try(message []byte, control string) bool {
	if s.conn == nil {
		conn, err := net.DialTimeout("tcp", s.Address, time.Second)
		if err != nil {
			return false
		}
		s.conn, s.from = conn, bufio.NewReader(conn)
	}
	began := time.Now()
	answer, err := s.exchange(message)
	if err != nil || !bytes.Contains(answer, []byte("|"+control)) {
		s.hangUp()
		return false
	}
	if !bytes.Contains(answer, []byte("\rMSA|AA|"+control)) {
		s.refused.Add(1)
		return false
	}
	s.took = append(s.took, time.Since(began))
	return true
}

func (s *Sender) exchange(message []byte) ([]byte, error) {
	wait := s.Answer
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

func (s *Sender) hangUp() {
	if s.conn != nil {
		_ = s.conn.Close() // it may be broken
		s.conn = nil
	}
}
