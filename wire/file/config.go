package file

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"handover"
	"handover/wire"
)

// The limits of a Config that names none.
const (
	DefaultPoll    = time.Second
	DefaultSettle  = 2 * time.Second
	DefaultDrain   = 10 * time.Second
	firstPause     = time.Second     // before a file is tried again
	longestPause   = 5 * time.Minute // between tries
	maxProblems    = 1000            // lines in a .why
	doneFolder     = "done"
	failedFolder   = "failed"
	answersSuffix  = ".ack"
	reasonsSuffix  = ".why"
	unsyncedSuffix = ".part"
)

// Config says which folder is watched for which source. Dir and Receiver are
// required.
type Config struct {
	Source   string
	Dir      string // made where it is missing, with done and failed in it
	Receiver wire.Receiver
	Room     wire.Room // share its Spool and Memory between listeners

	Poll   time.Duration // how often the folder is looked at
	Settle time.Duration // how long a file must stay the same
	Drain  time.Duration // from the end of Run's context until the message in hand is given up

	Log *slog.Logger     // nil: nothing is logged
	Now func() time.Time // nil: time.Now
}

func (c Config) withDefaults() Config {
	if c.Room.MaxMessage <= 0 {
		c.Room.MaxMessage = wire.DefaultMaxMessage
	}
	if c.Poll <= 0 {
		c.Poll = DefaultPoll
	}
	if c.Settle <= 0 {
		c.Settle = DefaultSettle
	}
	if c.Drain <= 0 {
		c.Drain = DefaultDrain
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Open makes the folders where they are missing.
func Open(_ context.Context, c Config) (*Folder, error) {
	c = c.withDefaults()
	if c.Receiver == nil || c.Dir == "" {
		return nil, &handover.Error{Op: "opening a drop folder", Kind: handover.Usage, Err: errors.New("it needs a folder and a receiver")}
	}
	for _, sub := range []string{doneFolder, failedFolder} {
		if err := os.MkdirAll(filepath.Join(c.Dir, sub), 0o750); err != nil {
			return nil, &handover.Error{Op: "opening a drop folder", Kind: handover.Usage, Err: err}
		}
	}
	return newFolder(c), nil
}
