package journal

import (
	"path/filepath"
	"time"

	"handover"
)

// The defaults of Config.
const (
	DefaultVolumeSize = 128 << 20
	DefaultLowSpace   = 512 << 20
	DefaultWindow     = 24 * time.Hour
	DefaultLargeBody  = 256 << 10
	DefaultLease      = 10 * time.Second
)

// Config says where a journal is and how it behaves. Only Dir is needed.
type Config struct {
	// Dir is the data folder. The journal makes DIR/journal in it.
	Dir string
	// URL of a PostgreSQL database that holds the facts; "" keeps them in
	// SQLite volumes in Dir. The signing key stays in Dir either way.
	URL string
	// SiteKey keys the marks against duplicates. Without one, the signing
	// key's secret serves.
	SiteKey []byte
	// Now gives the time; nil is time.Now.
	Now func() time.Time
	// VolumeSize is the size in bytes at which a volume is sealed.
	VolumeSize int64
	// LowSpace is the free space in bytes below which messages are refused;
	// negative: never looked at.
	LowSpace int64
	// Reserve is the space in bytes held back for what must still be written
	// when the disk is full: outcomes, accesses, and one rewritten volume. 0
	// means VolumeSize, negative none.
	Reserve int64
	// Free returns how many bytes are free in a folder; nil asks the system.
	Free func(dir string) (int64, error)
	// Window is how long a repeated message is known as such.
	Window time.Duration
	// LargeBody is the length in bytes above which a body is kept as a file
	// (chunks in PostgreSQL) beside the facts.
	LargeBody int64
	// Keep is how long bodies of a class are kept, applied by Run once an
	// hour. A class that is not listed is kept for ever, and KeepForever is
	// never removed.
	Keep map[handover.Retention]time.Duration
	// CheckpointEvery is how often Run signs a checkpoint, if facts came; 0
	// means an hour.
	CheckpointEvery time.Duration
	// Lease is how long a PostgreSQL append lease lasts without renewal.
	Lease time.Duration
	// VFS names a SQLite VFS, for fault injection and sealing at rest.
	VFS string
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.VolumeSize <= 0 {
		c.VolumeSize = DefaultVolumeSize
	}
	if c.LowSpace == 0 {
		c.LowSpace = DefaultLowSpace
	}
	if c.Reserve == 0 {
		c.Reserve = c.VolumeSize
	}
	if c.Free == nil {
		c.Free = freeBytes
	}
	if c.Window <= 0 {
		c.Window = DefaultWindow
	}
	if c.LargeBody <= 0 {
		c.LargeBody = DefaultLargeBody
	}
	if c.CheckpointEvery <= 0 {
		c.CheckpointEvery = time.Hour
	}
	if c.Lease <= 0 {
		c.Lease = DefaultLease
	}
	return c
}

func (c Config) folder() string { return filepath.Join(c.Dir, "journal") }
