package app

import (
	"context"
	"log/slog"
	"net"
	"sync"

	"handover/internal/insist"
	"handover/wire/mllp"
)

// gate is the door of a source, which a person may close for a while. While it is paused
// nothing listens there, so that the sender keeps its messages.
type gate struct {
	open func(context.Context) (listener, error)
	log  *slog.Logger

	mu     sync.Mutex
	door   listener           // nil: nothing listens
	paused bool               // nothing is to
	change chan struct{}      // closed when it is paused or resumed
	stop   context.CancelFunc // ends what serves; nil: nothing does
	served chan struct{}      // closed when that has ended
}

// newGate opens the door, unless it is paused.
func newGate(ctx context.Context, paused bool, log *slog.Logger, open func(context.Context) (listener, error)) (*gate, error) {
	g := &gate{open: open, log: log, paused: paused, change: make(chan struct{})}
	if paused {
		return g, nil
	}
	var err error
	g.door, err = open(ctx)
	return g, err
}

// Run lets messages in, but while the gate is paused, until ctx ends.
func (g *gate) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		serving, changed := g.begin(ctx)
		if serving == nil {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		err := g.serve(serving)
		g.end()
		if err != nil && serving.Err() == nil {
			return err
		}
	}
	return nil
}

// begin returns the context in which messages are let in; nil: none are until changed.
func (g *gate) begin(ctx context.Context) (serving context.Context, changed <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.paused {
		return nil, g.change
	}
	serving, g.stop = context.WithCancel(ctx)
	g.served = make(chan struct{})
	return serving, g.change
}

// serve lets messages in until ctx ends.
func (g *gate) serve(ctx context.Context) error {
	door := g.current()
	if door == nil && !insist.Until(ctx, g.log, "listening again", func() (err error) {
		door, err = g.open(ctx)
		return err
	}) {
		return nil
	}
	g.set(door)
	return door.Run(ctx)
}

// end closes the door.
func (g *gate) end() {
	if door := g.current(); door != nil {
		_ = door.Close() // it has ended already
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stop()
	g.door, g.stop = nil, nil
	close(g.served)
}

func (g *gate) current() listener {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.door
}

func (g *gate) set(door listener) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.door = door
}

// pause closes the gate, or opens it again. A closed one returns when what was in hand is
// answered, or ctx has ended.
func (g *gate) pause(ctx context.Context, yes bool) {
	g.mu.Lock()
	var served chan struct{}
	if g.paused = yes; yes && g.stop != nil {
		g.stop()
		served = g.served
	}
	close(g.change)
	g.change = make(chan struct{})
	g.mu.Unlock()
	if served == nil {
		return
	}
	select {
	case <-served:
	case <-ctx.Done():
	}
}

// Close releases what the door holds.
func (g *gate) Close() error {
	if door := g.current(); door != nil {
		return door.Close()
	}
	return nil
}

// Addr returns where it listens; nil while nothing does.
func (g *gate) Addr() net.Addr {
	if bound, ok := g.current().(interface{ Addr() net.Addr }); ok {
		return bound.Addr()
	}
	return nil
}

// counts are what an MLLP listener has seen since it was opened.
func (g *gate) counts() (c mllp.Counts, known bool) {
	s, known := g.current().(*mllp.Server)
	if known {
		c = s.Counts()
	}
	return c, known
}
