package cli

import (
	"context"
	"errors"
	"math/rand/v2"

	"handover"
	"handover/app/torture"
)

type tortureCommand struct {
	Data   string `type:"existingdir" default:"." placeholder:"DIR" help:"A folder on the disk that is meant; the working folder if not given. Nothing in it is touched but a new folder torture-..., which is removed."`
	Rounds int    `placeholder:"N" help:"How often the engine is killed; it lives twice as often on a disk that fails. 20, or 3 with --quick."`
	Seed   uint64 `placeholder:"N" help:"Makes the same choices again, as far as real processes allow; printed by every run."`
	Quick  bool   `help:"3 kills and 6 lives: less than a minute."`
	Keep   bool   `help:"If anything is found, leave the folder to be looked at."`
	JSON   bool   `help:"Print the report as JSON."`
}

// Help says what is done, and shows an example.
func (tortureCommand) Help() string {
	return "Example: handover torture --data /var/lib\n\n" +
		"Runs this program on the disk that is meant, under load, with receivers that do all that receivers do, and ends it with " +
		"kill -9 again and again; then runs the engine on a layer over that disk that tears writes, fails syncs, is full, is slow " +
		"and loses power. Senders and receivers keep books of their own, which are then held against the journal, the balance and " +
		"`handover verify`. It needs 1 GB free and some minutes, and sends nothing but made-up messages to itself. " +
		"Exit code 1: something was found; 3: it could not be done."
}

// Run tortures and prints the report.
func (c tortureCommand) Run(ctx context.Context, std Streams) error {
	if c.Rounds < 0 {
		return &handover.Error{Op: "reading the flags", Kind: handover.Usage, Err: errors.New("--rounds is at least 1")}
	}
	if c.Seed == 0 {
		c.Seed = 1 + rand.Uint64N(999_999)
	}
	found, err := torture.Run(ctx, torture.Config{
		Dir: c.Data, Rounds: c.Rounds, Seed: c.Seed, Quick: c.Quick, Keep: c.Keep,
		Progress: func(total int64, what string) torture.Bar { return progress(std.Err, total, what) },
	})
	if err != nil {
		return err
	}
	return report(std, c.JSON, found, found.Passed)
}
