package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"handover/app"
	"handover/wire/mllp"
)

// rounds is how often limit and engine take turns: the disk's speed drifts, and
// what is compared must be near in time. The median round counts.
const rounds = 5

// most is how many messages are made ready for a round; one that is through
// before its time is over ends then.
func (c Config) most() int {
	if c.Quick {
		return 10_000
	}
	return 60_000
}

// intake measures messages that are synced and acknowledged, by doors and
// journal alone and then with the record at work beside them.
func intake(ctx context.Context, c Config, r *Report) error {
	for _, record := range []bool{false, true} {
		err := c.inFolder(func(dir string) error {
			return withEngine(ctx, dir, site(record), func(ctx context.Context, e *app.Engine) error {
				return c.intake(ctx, r, e, dir, record)
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c Config) intake(ctx context.Context, r *Report, e *app.Engine, dir string, record bool) error {
	part := "Synced and acknowledged over MLLP, kept and decided, not for the record"
	if record {
		part = "Synced and acknowledged over MLLP, all for the record"
	}
	bar := c.bar(3*rounds, "acknowledging")
	defer bar.Finish()
	next := 0
	for _, connections := range []int{1, 8, 64} {
		var rates, limits, ratios []float64
		for range rounds {
			limit, rate, err := c.round(ctx, e, dir, connections, next)
			if err != nil {
				return err
			}
			next += c.most()
			rates, limits, ratios = append(rates, rate), append(limits, limit), append(ratios, rate/limit)
			_ = bar.Add(1)
		}
		name := fmt.Sprintf("%d connections", connections)
		if connections == 1 {
			name = "1 connection"
		}
		r.add(part, name, median(rates), "messages/s")
		r.add(part, "  raw append + fdatasync", median(limits), "messages/s")
		if connections == 64 && !record {
			r.atLeast(0.5, part, "  share of raw", median(ratios), "")
		} else {
			r.add(part, "  share of raw", median(ratios), "")
		}
	}
	return nil
}

// round measures the limit and then the engine with the same messages, those of
// the numbers from first.
func (c Config) round(ctx context.Context, e *app.Engine, dir string, connections, first int) (limit, rate float64, err error) {
	all, err := newScript(ctx, dir, first, c.most(), noBar{})
	if err != nil {
		return 0, 0, err
	}
	defer all.Close()
	if limit, err = c.rawRate(ctx, dir, connections, all); err != nil {
		return 0, 0, err
	}
	if err := all.rewind(); err != nil {
		return 0, 0, err
	}
	if rate, err = c.ackRate(ctx, e, connections, all); err != nil {
		return 0, 0, err
	}
	return limit, rate, settled(ctx, e)
}

// settled waits until the engine has done all that followed from what it took
// in, so that the disk's limit is not measured beside it.
func settled(ctx context.Context, e *app.Engine) error {
	for still := 0; still < 20 && ctx.Err() == nil; still++ {
		before := e.Counts()
		time.Sleep(20 * time.Millisecond)
		if e.Counts() != before {
			still = 0
		}
	}
	return ctx.Err()
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// rawRate is how many messages a second so many writers can sync.
func (c Config) rawRate(ctx context.Context, dir string, writers int, all *script) (float64, error) {
	raw, err := newRawFile(dir)
	if err != nil {
		return 0, err
	}
	defer raw.file.Close()
	return c.rate(ctx, writers, all, func(context.Context) (func(data []byte) error, error) { return raw.append, nil })
}

// ackRate is how many messages a second so many connections get acknowledged.
func (c Config) ackRate(ctx context.Context, e *app.Engine, connections int, all *script) (float64, error) {
	return c.rate(ctx, connections, all, func(ctx context.Context) (func(data []byte) error, error) {
		client, err := mllp.Dial(ctx, mllp.ClientConfig{Address: e.Addr(lab)})
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = client.Close() })
		return func(data []byte) error { return send(ctx, client, data) }, nil
	})
}

// errRefused ends a measurement: every message here is one that must be taken.
var errRefused = errors.New("a message was not accepted")

// send sends a message and insists on a positive answer.
func send(ctx context.Context, client *mllp.Client, data []byte) error {
	answer, err := client.Send(ctx, data)
	if err == nil && !strings.Contains(string(answer), "\rMSA|AA|") {
		err = errRefused
	}
	return err
}

// rate lets so many workers take the messages for half a spell, or until there
// are no more, and returns how many a second came through.
func (c Config) rate(ctx context.Context, workers int, all *script,
	begin func(context.Context) (func(data []byte) error, error),
) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	steps := make([]func(data []byte) error, workers)
	for i := range steps {
		var err error
		if steps[i], err = begin(ctx); err != nil {
			return 0, err
		}
	}
	var done atomic.Int64
	var group sync.WaitGroup
	var failed senderErrors
	start := time.Now()
	end := start.Add(c.spell() / 2)
	for _, step := range steps {
		group.Go(func() {
			for time.Now().Before(end) && ctx.Err() == nil {
				m, err := all.read()
				if errors.Is(err, io.EOF) {
					return
				}
				if err == nil {
					err = step(m.bytes)
				}
				if failed.add(err) {
					return
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	return float64(done.Load()) / time.Since(start).Seconds(), failed.join()
}
