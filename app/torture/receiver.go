package torture

import (
	"bufio"
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"
)

// Receiver is a system that takes messages, and does with them all that receivers
// do: faults lists it. What is here of MLLP and HL7 is all it knows; its book is its
// own.
type Receiver struct {
	address string
	trouble int           // of a hundred messages, how many meet a fault
	late    time.Duration // how long a late answer takes
	pending sync.WaitGroup

	mu       sync.Mutex
	rng      *rand.Rand
	calm     bool // it does nothing but accept any more
	listener net.Listener
	open     map[net.Conn]bool
	book     ReceiverBook
}

// ReceiverBook is what a receiver saw and said, by MSH-10.
type ReceiverBook struct {
	Came     map[string]int // how often each arrived whole
	Said     map[string]int // how often it said that it has each
	Rejected map[string]int // how often it said that it will not take each
	Order    []string       // in which they came first
	Did      map[string]int // which faults came about, how often
}

// ReceiverConfig says what a receiver does.
type ReceiverConfig struct {
	Address string // where it listens; "": any free port of this machine
	Seed    uint64 // of what it leaves to chance
	Trouble int    // of a hundred messages, how many meet a fault
	// Late is how long a late answer takes: longer than the engine waits.
	Late time.Duration
}

// NewReceiver makes a receiver that listens.
func NewReceiver(c ReceiverConfig) (*Receiver, error) {
	if c.Address == "" {
		c.Address = "127.0.0.1:0"
	}
	r := &Receiver{address: c.Address, trouble: c.Trouble, late: c.Late, rng: rand.New(rand.NewPCG(c.Seed, 3)), open: map[net.Conn]bool{},
		book: ReceiverBook{Came: map[string]int{}, Said: map[string]int{}, Rejected: map[string]int{}, Did: map[string]int{}}}
	return r, r.Up()
}

// Address returns where it listens.
func (r *Receiver) Address() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.address
}

// Up makes it listen, if it does not.
func (r *Receiver) Up() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		return nil
	}
	l, err := net.Listen("tcp", r.address)
	if err != nil {
		return err
	}
	r.listener, r.address = l, l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // it was closed
			}
			go r.serve(c)
		}
	}()
	return nil
}

// Down closes the listener and every connection, whatever is on it.
func (r *Receiver) Down() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener == nil {
		return
	}
	_ = r.listener.Close()
	r.listener = nil
	for c := range r.open {
		_ = c.Close()
	}
}

// Rest makes it do nothing but accept from now on, and waits for late answers.
func (r *Receiver) Rest() {
	r.mu.Lock()
	r.calm = true
	r.mu.Unlock()
	r.pending.Wait()
}

// Trouble ends the rest.
func (r *Receiver) Trouble() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calm = false
}

// Book returns what it has seen and said so far.
func (r *Receiver) Book() ReceiverBook {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.book
	return ReceiverBook{maps.Clone(b.Came), maps.Clone(b.Said), maps.Clone(b.Rejected), slices.Clone(b.Order), maps.Clone(b.Did)}
}

func (r *Receiver) serve(c net.Conn) {
	r.mu.Lock()
	r.open[c] = true
	r.mu.Unlock()
	defer func() {
		_ = c.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.open, c)
	}()
	for l := (&line{r, c, bufio.NewReader(c)}); l.meet(); {
	}
}

// chance returns what happens to the next message.
func (r *Receiver) chance() fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calm || r.rng.IntN(100) >= r.trouble {
		return accepting
	}
	f := faults[r.rng.IntN(len(faults))]
	r.book.Did[f.name]++
	if f.late { // nobody waits before calm is set
		r.pending.Add(1)
	}
	return f
}

func (r *Receiver) intN(n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rng.IntN(n)
}

func (r *Receiver) came(control string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.book.Came[control]++; r.book.Came[control] == 1 {
		r.book.Order = append(r.book.Order, control)
	}
}

// says is noted before it is said, so that nobody hears what is not in the book.
func (r *Receiver) says(book map[string]int, control string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	book[control]++
}

var errNoMessage = errors.New("what came is no message")

// read reads a whole message and returns its MSH-10.
func (l *line) read() (control string, err error) {
	frame, err := l.from.ReadBytes(0x1c)
	if err != nil {
		return "", err
	}
	if cr, err := l.from.ReadByte(); err != nil || cr != '\r' {
		return "", errNoMessage
	}
	fields := bytes.SplitN(bytes.TrimLeft(frame, "\x0b"), []byte("|"), 11)
	if len(fields) < 11 || !bytes.Equal(fields[0], []byte("MSH")) {
		return "", errNoMessage
	}
	return string(fields[9]), nil
}
