package torture

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Crowd is many senders at once.
type Crowd struct {
	Senders []*Sender

	stop chan struct{}
	work sync.WaitGroup
	mu   sync.Mutex
	errs []error
}

// StartCrowd begins n senders, in turn to each of the sources by their addresses.
// One gives up on a message that is not acknowledged within patience; all do when
// ctx ends.
func StartCrowd(ctx context.Context, n int, sources []Address, pause, patience time.Duration) *Crowd {
	c := &Crowd{stop: make(chan struct{})}
	for i := range n {
		source := sources[i%len(sources)]
		s := &Sender{Source: source.Name, Number: i, Address: source.Host, Pause: pause}
		c.Senders = append(c.Senders, s)
		c.work.Go(func() {
			if err := s.run(ctx, c.stop, patience); err != nil {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.errs = append(c.errs, err)
			}
		})
	}
	return c
}

// Address is where something listens: host and port, and under which name.
type Address struct{ Name, Host string }

// End waits until every message that was begun is acknowledged, and returns which
// were not.
func (c *Crowd) End() error {
	close(c.stop)
	c.work.Wait()
	return errors.Join(c.errs...)
}

// gone waits until all have given up: ctx has ended, or End was called.
func (c *Crowd) gone() { c.work.Wait() }

// Sums returns how many messages are acknowledged, how often one was sent again,
// and how often one was refused.
func (c *Crowd) Sums() (acked, resent, refused int64) { return sums(c.Senders) }

func sums(senders []*Sender) (acked, resent, refused int64) {
	for _, s := range senders {
		acked += s.acked.Load()
		resent += s.resent.Load()
		refused += s.refused.Load()
	}
	return acked, resent, refused
}

// Books returns the books of all senders.
func (c *Crowd) Books() []SentBook { return booksOf(c.Senders) }

func booksOf(senders []*Sender) (books []SentBook) {
	for _, s := range senders {
		books = append(books, s.Book())
	}
	return books
}
