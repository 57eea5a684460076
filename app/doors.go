package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"handover"
	"handover/config"
	"handover/wire"
	"handover/wire/file"
	wirehttp "handover/wire/http"
	"handover/wire/mllp"
)

// listener is one way in. Run ends when its context does, with everything in
// hand answered.
type listener interface {
	Run(ctx context.Context) error
	Close() error
}

// openDoors binds every listener, so that a port in use is found before
// anything runs.
func (e *Engine) openDoors(ctx context.Context) error {
	for _, s := range e.config.Site.Sources {
		_, paused := e.deliveries.Paused(handover.Pause{Source: s.Name})
		g, err := newGate(ctx, paused, e.log, func(ctx context.Context) (listener, error) { return e.openDoor(ctx, s) })
		if err != nil {
			return &handover.Error{Op: "listening for source " + s.Name, Kind: handover.Unavailable, Err: err}
		}
		e.gates[s.Name] = g
	}
	return e.openHTTP(ctx)
}

func (e *Engine) openDoor(ctx context.Context, s config.Source) (listener, error) {
	in := &intake{
		source: s, release: e.config.Site.Release, journal: e.live(), records: &e.records, delivered: e.delivered,
		numbers: e.numbers, book: e.books.sources[s.Name], log: e.log, traces: e.traces, now: e.config.Now,
	}
	room := wire.Room{Spool: e.spool, Memory: e.memory, MaxMessage: s.MaxSize}
	allow := wire.AllowList(s.Allow)
	switch s.Listen.Scheme {
	case "answers": // come by the way that the messages went
		return noDoor{}, nil
	case "file":
		f, err := file.Open(ctx, file.Config{
			Source: s.Name, Dir: s.Listen.Path, Receiver: in, Room: room, Log: e.log, Now: e.config.Now,
		})
		return folder{f}, err
	case "http":
		h := wirehttp.New(wirehttp.Config{
			Source: s.Name, Receiver: in, Room: room, Allow: allow, Log: e.log, Now: e.config.Now,
		})
		mux := http.NewServeMux()
		mux.Handle(max(s.Listen.Path, "/"), h)
		return listenHTTP(s.Listen.Host, &http.Server{
			Handler: mux, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		})
	}
	c := mllp.Config{
		Source: s.Name, Address: s.Listen.Host, Receiver: in, Room: room, Allow: allow, Idle: s.Idle,
		Conns: s.MaxConnections, Drain: e.config.Drain, Log: e.log, Now: e.config.Now,
	}
	if s.TLS != nil {
		c.TLS = wire.TLSFiles{Cert: s.TLS.Certificate, Key: s.TLS.Key, ClientCA: s.TLS.Clients}
	}
	return mllp.Listen(ctx, c)
}

// noDoor is the listener of a source that needs none.
type noDoor struct{}

// Run waits until ctx ends.
func (noDoor) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Close does nothing.
func (noDoor) Close() error { return nil }

// folder is a drop folder as a listener; it holds nothing open.
type folder struct{ *file.Folder }

// Close does nothing.
func (folder) Close() error { return nil }

// webServer is an HTTP server as a listener.
type webServer struct {
	listener net.Listener
	server   *http.Server
}

// The limits of every HTTP listener. Answers may take long, requests not.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	drainTimeout  = 10 * time.Second
	maxHeader     = 64 << 10
)

func listenHTTP(address string, server *http.Server) (*webServer, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return &webServer{l, server}, nil
}

// Run serves until ctx ends, and then waits for what is being answered.
func (w *webServer) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- w.server.Serve(w.listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving HTTP: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if w.server.Shutdown(drain) != nil {
		_ = w.server.Close() // cuts what did not end in time
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving HTTP: %w", err)
	}
	return nil
}

// Addr returns where it listens.
func (w *webServer) Addr() net.Addr { return w.listener.Addr() }

// Close releases the port.
func (w *webServer) Close() error {
	_ = w.listener.Close() // is closed already when Run has ended
	return nil
}
