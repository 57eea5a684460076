package mllp

import (
	"context"
	"log/slog"
	"time"

	"handover/wire"
)

// The limits of a Config that names none.
const (
	DefaultAddress   = "127.0.0.1:2575" // the port registered for HL7
	DefaultIdle      = time.Hour
	DefaultStall     = 30 * time.Second
	DefaultFrame     = 15 * time.Minute
	DefaultTrailer   = time.Second
	DefaultHandshake = 10 * time.Second
	DefaultWrite     = 30 * time.Second
	DefaultDrain     = 10 * time.Second
	DefaultConns     = 1024
	DefaultPerRemote = 256

	// maxOutside is how many bytes outside frames one connection may send in
	// a row: who sends more does not speak MLLP.
	maxOutside = 64 << 10
)

// Config says where to listen, for which source, and within which limits. The
// zero Config listens on DefaultAddress and needs only a Receiver.
type Config struct {
	Source   string
	Address  string        // host:port; port 0 takes any free one
	Receiver wire.Receiver // required
	Room     wire.Room     // share its Spool and Memory between listeners

	// Remote allows an address that is not loopback. Allow or TLS.ClientCA
	// must then say who may connect: see wire.CheckAddress.
	Remote bool
	Allow  wire.AllowList
	TLS    wire.TLSFiles

	Conns     int // connections at once
	PerRemote int // connections at once from one IP address

	Idle      time.Duration // without a frame
	Stall     time.Duration // without a byte, within a frame
	Frame     time.Duration // from a frame's first byte to its last
	Trailer   time.Duration // after FS, until it counts as the end
	Handshake time.Duration // of TLS
	Write     time.Duration // of an answer
	Drain     time.Duration // from the end of Run's context until connections are cut

	// Fragment is told of bytes that are no message; nil: they are logged
	// (how many, never which) and counted.
	Fragment wire.FragmentFunc
	Log      *slog.Logger     // nil: nothing is logged
	Now      func() time.Time // for Arrival.Received; nil: time.Now
}

func (c Config) withDefaults() Config {
	c.Address = or(c.Address, DefaultAddress)
	c.Conns = or(c.Conns, DefaultConns)
	c.PerRemote = or(c.PerRemote, DefaultPerRemote)
	c.Idle = or(c.Idle, DefaultIdle)
	c.Stall = or(c.Stall, DefaultStall)
	c.Frame = or(c.Frame, DefaultFrame)
	c.Trailer = or(c.Trailer, DefaultTrailer)
	c.Handshake = or(c.Handshake, DefaultHandshake)
	c.Write = or(c.Write, DefaultWrite)
	c.Drain = or(c.Drain, DefaultDrain)
	c.Log = or(c.Log, slog.New(slog.DiscardHandler))
	if c.Fragment == nil {
		c.Fragment = func(context.Context, wire.Fragment) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// or is a, unless a is its type's zero value.
func or[T comparable](a, otherwise T) T {
	var zero T
	if a == zero {
		return otherwise
	}
	return a
}
