package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"handover"
)

// Journal is an open journal. Its methods may be called from many goroutines.
type Journal struct {
	config Config
	ledger ledger
	comp   *compressor
	keys   *keys
	marker *marker
	space  *space

	queue queue

	// state is what the appender knows. Only the leader of the queue and
	// Close touch it.
	state *appender

	tail atomic.Int64 // last acknowledged offset
	news broadcast    // told when tail moves
}

// Open opens the journal, making it where there is none. It finds its end
// without reading it whole. In SQLite a second program is kept out
// (handover.Conflict); in PostgreSQL any number may read, and the first to
// append is the appender until its lease runs out.
func Open(ctx context.Context, c Config) (*Journal, error) {
	j := &Journal{config: c.withDefaults()}
	if err := j.open(ctx); err != nil {
		return nil, fmt.Errorf("opening the journal: %w", errors.Join(err, j.Close()))
	}
	return j, nil
}

func (j *Journal) open(ctx context.Context) (err error) {
	if err := os.MkdirAll(j.config.folder(), 0o700); err != nil {
		return err
	}
	if j.comp, err = compressors(); err != nil {
		return err
	}
	if j.keys, err = loadKeys(j.config.folder()); err != nil {
		return err
	}
	j.marker = newMarker(j.config.SiteKey)
	if len(j.config.SiteKey) == 0 {
		j.marker = newMarker(j.keys.derive("marks"))
	}
	j.space = newSpace(j.config)
	if j.config.URL != "" {
		return j.openTables(ctx)
	}
	ch, err := openChain(ctx, j.config, j.space.spare)
	if err != nil {
		return err
	}
	j.ledger = ch
	return j.load(ctx)
}

// openTables opens the journal for reading. Who appends first takes the lease.
func (j *Journal) openTables(ctx context.Context) error {
	j.space.low, j.space.reserve = -1, -1 // the disk is another machine's
	t, err := openTables(ctx, j.config)
	if err != nil {
		return err
	}
	j.ledger = t
	return j.refresh(ctx)
}

// refresh learns of facts that another process appended.
func (j *Journal) refresh(ctx context.Context) error {
	if j.config.URL == "" {
		return nil // all appends come through this process
	}
	at, err := j.ledger.tail(ctx)
	if err == nil {
		j.moveTail(at)
	}
	return err
}

// moveTail lets readers see facts up to an offset.
func (j *Journal) moveTail(at handover.Offset) {
	for {
		old := j.tail.Load()
		if int64(at) <= old {
			return
		}
		if j.tail.CompareAndSwap(old, int64(at)) {
			j.news.tell()
			return
		}
	}
}

// Tail returns the offset of the last fact, 0 where there is none.
func (j *Journal) Tail() handover.Offset { return handover.Offset(j.tail.Load()) }

// Close waits for appends under way and closes the journal. Nothing is lost
// without it: what Append acknowledged is on disk.
func (j *Journal) Close() error {
	if j.queue.shut() || j.ledger == nil {
		return nil
	}
	j.news.tell()
	return j.ledger.close()
}

// broadcast wakes everyone who waits.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait returns a channel that is closed by the next tell.
func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *broadcast) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
