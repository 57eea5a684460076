package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	var number atomic.Int64
	for _, connections := range []int{1, 8, 64} {
		var rates, limits, ratios []float64
		for range rounds {
			limit, err := c.rawRate(ctx, dir, connections, &number)
			if err != nil {
				return err
			}
			rate, err := c.ackRate(ctx, e, connections, &number)
			if err != nil {
				return err
			}
			if err := settled(ctx, e); err != nil {
				return err
			}
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
func (c Config) rawRate(ctx context.Context, dir string, writers int, number *atomic.Int64) (float64, error) {
	raw, err := newRawFile(dir)
	if err != nil {
		return 0, err
	}
	defer raw.file.Close()
	return c.rate(ctx, writers, func(ctx context.Context) (func() error, error) {
		return func() error { return raw.append(messageAt(int(number.Add(1))).bytes) }, nil
	})
}

// ackRate is how many messages a second so many connections get acknowledged.
func (c Config) ackRate(ctx context.Context, e *app.Engine, connections int, number *atomic.Int64) (float64, error) {
	return c.rate(ctx, connections, func(ctx context.Context) (func() error, error) {
		client, err := mllp.Dial(ctx, mllp.ClientConfig{Address: e.Addr(lab)})
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = client.Close() })
		return func() error { return send(ctx, client, messageAt(int(number.Add(1))).bytes) }, nil
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

// rate runs so many workers for a share of a spell and returns how often a
// second they came through.
func (c Config) rate(ctx context.Context, workers int, begin func(context.Context) (func() error, error)) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var done atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, workers)
	steps := make([]func() error, workers)
	for i := range steps {
		if steps[i], errs[i] = begin(ctx); errs[i] != nil {
			return 0, errs[i]
		}
	}
	start := time.Now()
	end := start.Add(c.spell() / 2)
	for i, step := range steps {
		group.Go(func() {
			for errs[i] == nil && time.Now().Before(end) && ctx.Err() == nil {
				if errs[i] = step(); errs[i] == nil {
					done.Add(1)
				}
			}
		})
	}
	group.Wait()
	return float64(done.Load()) / time.Since(start).Seconds(), cmp.Or(errs...) // one cause is enough
}
