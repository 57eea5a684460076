package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"handover/balance"
)

// What the killed engine is given to do.
const (
	connections = 12
	between     = 25 * time.Millisecond // messages of a connection
	giveUp      = 2 * time.Minute       // on a message, and on whatever must come to rest
	shortest    = 100 * time.Millisecond
	longest     = 3 * time.Second // life of an engine after it is ready
	troubled    = 8               // of a hundred messages that a receiver gets
)

// killing is an engine that is killed again and again, with all who talk to it.
type killing struct {
	dir       string
	rng       *rand.Rand
	program   *Program
	log       *os.File
	receivers map[string]*Receiver
	crowd     *Crowd
	out       *Part
}

// kill runs the program on the real disk and kills it in every round.
func kill(ctx context.Context, c Config, dir string, bar Bar, out *Part) (err error) {
	k := &killing{dir: dir, rng: rand.New(rand.NewPCG(c.Seed, 1)), receivers: map[string]*Receiver{}, out: out}
	defer func() { err = errors.Join(err, k.close()) }()
	if err := k.prepare(c); err != nil {
		return err
	}
	if _, err := k.program.Start(ctx); err != nil {
		return fmt.Errorf("%w; its log ends:\n%s", err, k.logEnd())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // the senders end with it
	k.crowd = StartCrowd(ctx, connections, k.program.Sources, between, giveUp)
	bar.Describe("killing the engine")
	for range c.Rounds {
		if err := k.round(ctx); err != nil {
			return k.unlessStuck(ctx, err)
		}
		_ = bar.Add(1)
	}
	bar.Describe("letting it finish")
	if err := k.finish(ctx, bar); err != nil {
		return k.unlessStuck(ctx, err)
	}
	return nil
}

// errMachine is in every error that is none of the engine's.
var errMachine = errors.New("the machine does not let the torture work")

// unlessStuck makes what the engine did not do a finding. That somebody interrupts is
// none.
func (k *killing) unlessStuck(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, errMachine) {
		return err
	}
	k.out.find(Finding{Stuck, fmt.Sprintf("%v; its log ends:\n%s", err, k.logEnd())})
	return nil
}

// logEnd is the end of the engine's log, which names no patient.
func (k *killing) logEnd() string {
	text, _ := os.ReadFile(k.log.Name()) // "" says as much as an error
	return string(text[max(0, len(text)-2000):])
}

func (k *killing) close() error {
	if k.program != nil {
		k.program.Kill()
	}
	if k.crowd != nil {
		k.crowd.gone()
	}
	for _, r := range k.receivers {
		r.Down()
	}
	if k.log == nil {
		return nil
	}
	return k.log.Close()
}

func (k *killing) prepare(c Config) (err error) {
	config := filepath.Join(k.dir, "config")
	if err := os.MkdirAll(config, 0o700); err != nil {
		return err
	}
	if k.log, err = os.Create(filepath.Join(k.dir, "log")); err != nil {
		return err
	}
	free, err := freeAddresses(1 + len(acknowledges) + len(destinations))
	if err != nil {
		return err
	}
	http, free := free[0], free[1:]
	var sources []Address
	for i, a := range acknowledges {
		sources = append(sources, Address{a.source, free[i]})
	}
	more := map[string]string{}
	for i, d := range destinations {
		address := free[len(sources)+i]
		if k.receivers[d.Name], err = NewReceiver(receiverOf(d.Destination, address, c.Seed+uint64(i))); err != nil {
			return err
		}
		more["destinations/"+d.Name+".yaml"] = destinationFile(d.Name, address, answerWithin, d.settings)
		from := "[now, later]"
		if d.From != nil {
			from = d.From[0]
		}
		more["routes/"+d.Name+".yaml"] = fmt.Sprintf("route: %s\nfrom: %s\nto:\n  - destination: %s\n", d.Name, from, d.Name)
	}
	k.program = &Program{Path: c.Program, Config: config, Data: filepath.Join(k.dir, "data"), HTTP: http, Sources: sources, Log: k.log}
	return writeFiles(config, configuration(http, sources, more))
}

// receiverOf: down accepts whenever it is up.
func receiverOf(d Destination, address string, seed uint64) ReceiverConfig {
	c := ReceiverConfig{Address: address, Seed: seed, Trouble: troubled, Late: answerWithin * 3 / 2}
	if d.Name == "down" {
		c.Trouble = 0
	}
	return c
}

// round lets the engine work for a while and kills it; in one of four it is killed once
// more while it starts.
func (k *killing) round(ctx context.Context) error {
	life := shortest + time.Duration(k.rng.Int64N(int64(longest-shortest)))
	up, twice, again := k.rng.IntN(4) == 0, k.rng.IntN(4) == 0, time.Duration(k.rng.Int64N(int64(300*time.Millisecond)))
	down := k.receivers["down"]
	down.Down()
	if err := pause(ctx, life/2); err != nil {
		return err
	}
	if up {
		if err := down.Up(); err != nil {
			return fmt.Errorf("%w: %w", errMachine, err)
		}
	}
	if err := pause(ctx, life-life/2); err != nil {
		return err
	}
	if !k.program.Kill() {
		return errors.New("the engine had ended by itself before it was killed")
	}
	k.out.Rounds++
	if twice {
		if err := k.program.Begin(); err != nil {
			return err
		}
		if err := pause(ctx, again); err != nil {
			return err
		}
		if !k.program.Kill() {
			return errors.New("the engine ended by itself at its start")
		}
		k.out.Starting++
	}
	ready, err := k.program.Start(ctx)
	if err == nil {
		k.out.ready = append(k.out.ready, ready)
	}
	return err
}

// finish lets everything come to rest and judges; then a person lets go what is
// parked, and all is judged again.
func (k *killing) finish(ctx context.Context, bar Bar) error {
	if err := k.crowd.End(); err != nil {
		return err
	}
	for _, r := range k.receivers {
		if err := r.Up(); err != nil {
			return fmt.Errorf("%w: %w", errMachine, err)
		}
		r.Rest()
	}
	_ = bar.Add(1)
	before, err := k.judge(ctx)
	if err != nil || len(k.out.Findings) > 0 {
		k.out.Counts = before
		return err
	}
	_ = bar.Add(1)
	bar.Describe("letting go what is parked")
	if _, err := k.program.Start(ctx); err != nil {
		return err
	}
	for _, d := range destinations {
		if _, err := k.program.Command(ctx, "unpark", "--server", "http://"+k.program.HTTP, "--destination", d.Name, "--why", "torture"); err != nil {
			return err
		}
	}
	after, err := k.judge(ctx)
	k.out.Counts = after
	k.out.Unknown, k.out.Rejected = before.Unknown, before.Rejected
	if n := after.Unknown + after.Rejected; n > 0 && err == nil {
		k.out.find(Finding{Stuck, fmt.Sprintf("%d deliveries are parked still, although they were let go and every receiver accepts", n)})
	}
	_ = bar.Add(1)
	return err
}

// judge waits for rest, stops the engine, proves its folder and holds all books
// against each other.
func (k *killing) judge(ctx context.Context) (Counts, error) {
	k.out.Judged = false
	ask := Ask{k.program.HTTP}
	var open []string
	var all []Destination
	for _, d := range destinations {
		if all = append(all, d.Destination); !d.Shut {
			open = append(open, d.Name)
		}
	}
	err := ask.settle(ctx, giveUp, open)
	var said *balance.Report
	if err == nil {
		said, err = ask.balance(ctx)
	}
	if err == nil {
		err = k.program.Stop()
	}
	if err != nil {
		return Counts{}, err
	}
	if _, err := k.program.Verify(ctx); err != nil {
		if ctx.Err() != nil {
			return Counts{}, ctx.Err()
		}
		k.out.find(Finding{Unproven, err.Error()})
	}
	kept, err := ReadKept(ctx, k.program.Data)
	if err != nil {
		return Counts{}, err
	}
	books := Books{Sent: k.crowd.Books(), Kept: kept, Destinations: all, Receivers: k.out.took(k.receivers), Balance: said}
	counts, found := books.Judge()
	k.out.find(found...)
	k.out.senders(k.crowd.Senders)
	k.out.Facts, k.out.Judged = kept.Facts, true
	return counts, nil
}
