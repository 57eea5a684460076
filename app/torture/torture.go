// Package torture lets a user see, on the disk they mean to use, whether the engine
// keeps what it promises. It kills the program under load, cuts the power under it on
// a disk that fails, and meets it with receivers that do all that receivers do; and it
// promises to find a message that was acknowledged and is not there, one that is taken
// as delivered and was not, one that came twice without leave, and one of which nobody
// can say what became.
//
// Its senders and receivers keep books of their own and share no code with the engine.
// It leaves no trace: all that it writes is in one new folder, which it removes.
// Hardware that says that it has synced, and has not, it cannot find: it does not cut
// the machine's own power.
package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"handover"
)

// Config says what to do, and where.
type Config struct {
	// Dir is a folder on the disk that is meant; "" is the working folder. Nothing
	// in it is touched but a new folder torture-..., which is removed.
	Dir string
	// Program is the path of the program to run; "" is this one.
	Program string
	Rounds  int    // kills under load; 0: 20, or 3 when Quick
	Lives   int    // of an engine on a disk that fails; 0: twice the rounds
	Seed    uint64 // of what is left to chance, as far as real processes allow
	Quick   bool
	// Keep leaves the folder where it is if anything was found.
	Keep bool
	// Progress begins a bar over so many steps. nil: none is drawn.
	Progress func(total int64, what string) Bar
}

// Bar shows how far it is.
type Bar interface {
	Add(n int) error
	Describe(what string)
	Finish() error
}

// needed is how many bytes must be free to begin.
const needed = 1 << 30

// Run does everything: first the kills, then the disk that fails. An error says that
// it could not be done; what was found is in the report.
func Run(ctx context.Context, c Config) (r *Report, err error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	free, memory, err := diskAt(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("asking for free space: %w", err)
	}
	if free < needed {
		return nil, &handover.Error{Op: "looking for room", Kind: handover.Full, Where: c.Dir,
			Err: fmt.Errorf("%d MB are free, and %d are needed; --data names a folder on another disk", free>>20, needed>>20)}
	}
	dir, err := os.MkdirTemp(c.Dir, "torture-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	r = &Report{Seed: c.Seed, Dir: c.Dir, Memory: memory, Killed: Part{Findings: []Finding{}}, Failing: Part{Findings: []Finding{}}}
	defer func() {
		if c.Keep && r.found() > 0 {
			r.Kept = dir
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	bar := c.bar(int64(c.Rounds + c.Lives + settlings))
	defer func() { _ = bar.Finish() }()
	if err := kill(ctx, c, filepath.Join(dir, "killed"), bar, &r.Killed); err != nil {
		return r, fmt.Errorf("killing the engine: %w", err)
	}
	if err := failDisk(ctx, c, filepath.Join(dir, "failing"), bar, &r.Failing); err != nil {
		return r, fmt.Errorf("running the engine on a disk that fails: %w", err)
	}
	r.Passed = r.found() == 0
	return r, ctx.Err()
}

// settlings is how many steps the bar counts beside rounds and lives.
const settlings = 4

func (c *Config) complete() (err error) {
	if c.Dir == "" {
		c.Dir = "."
	}
	if c.Program == "" {
		if c.Program, err = os.Executable(); err != nil {
			return fmt.Errorf("finding this program: %w", err)
		}
	}
	if c.Rounds == 0 {
		c.Rounds = 20
		if c.Quick {
			c.Rounds = 3
		}
	}
	if c.Lives == 0 {
		c.Lives = 2 * c.Rounds
	}
	return nil
}

func (c Config) bar(total int64) Bar {
	if c.Progress == nil {
		return noBar{}
	}
	return c.Progress(total, "torture")
}

type noBar struct{}

func (noBar) Add(int) error   { return nil }
func (noBar) Describe(string) {}
func (noBar) Finish() error   { return nil }
