// Package bench measures Handover on the machine it runs on. It promises
// figures that can be checked: every rate that depends on the disk stands
// beside the disk's own limit, measured in the same run with the same bytes,
// and every figure stands beside its goal. What is sent is made up by a fixed
// rule, and looks it. It is no load generator for other machines.
package bench

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// Config says what to measure, and where.
type Config struct {
	// Dir is where the measured engines keep their data, and so which disk is
	// measured; "" is the system's temporary folder. All of it is removed.
	Dir string
	// Quick takes a tenth of the messages, shorter times, and leaves out the
	// large documents.
	Quick bool
	// Messages of the sustained run; 0: 20,000 when Quick, else 200,000.
	Messages int
	// Only names the parts to measure: languages, intake, delivery, flow, documents.
	// nil:
	// all of them.
	Only []string
	// Progress begins a bar over so many steps, or -1 where nobody knows. nil:
	// none is drawn.
	Progress func(total int64, what string) Bar
}

// Bar shows how far a measurement is.
type Bar interface {
	Add(n int) error
	Finish() error
}

func (c Config) messages() int {
	switch {
	case c.Messages > 0:
		return c.Messages
	case c.Quick:
		return 20_000
	}
	return 200_000
}

// spell is how long each short measurement takes.
func (c Config) spell() time.Duration {
	if c.Quick {
		return time.Second
	}
	return 4 * time.Second
}

// bar begins a progress bar.
func (c Config) bar(total int64, what string) Bar {
	if c.Progress == nil {
		return noBar{}
	}
	return c.Progress(total, what)
}

type noBar struct{}

func (noBar) Add(int) error { return nil }
func (noBar) Finish() error { return nil }

// Run measures everything, one thing after the other.
func Run(ctx context.Context, c Config) (*Report, error) {
	r := newReport()
	for _, part := range []struct {
		name string
		run  func(context.Context, Config, *Report) error
	}{
		{"languages", languages}, {"intake", intake}, {"delivery", delivery}, {"flow", flow}, {"documents", documents},
	} {
		if !c.wants(part.name) {
			continue
		}
		if err := part.run(ctx, c, r); err != nil {
			return r, fmt.Errorf("measuring %s: %w", part.name, err)
		}
		if err := ctx.Err(); err != nil {
			return r, err
		}
	}
	return r, nil
}

// wants reports whether a part is to be measured.
func (c Config) wants(part string) bool {
	if c.Only == nil {
		return !c.Quick || part != "documents"
	}
	return slices.Contains(c.Only, part)
}

// inFolder runs do with a new folder on the measured disk.
func (c Config) inFolder(do func(dir string) error) error {
	dir, err := os.MkdirTemp(c.Dir, "handover-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return do(dir)
}
