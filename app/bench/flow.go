package bench

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"handover/app"
	"handover/wire/mllp"
)

// The senders of the sustained run: so many connections a source, beds spread
// over them, so that what concerns one patient comes in order. They keep at most
// this many messages ahead of the record, so that what is measured is the whole
// way and not the doors.
const (
	connections = 20
	ahead       = 2000
)

// flow measures the whole way, from the wire to the record, sustained.
func flow(ctx context.Context, c Config, r *Report) error {
	return c.inFolder(func(dir string) error {
		f := &flowing{config: c, total: c.messages(), dir: dir}
		err := withEngine(ctx, dir, site(true), f.run)
		if err != nil {
			return err
		}
		return f.report(r)
	})
}

// flowing is one sustained run.
type flowing struct {
	config Config
	total  int
	dir    string

	sent  atomic.Int64 // bytes
	marks []mark       // at each tenth, and the beginning
	most  int64        // bytes resident
}

// mark is how far the record was at a moment.
type mark struct {
	at                  time.Time
	busy                time.Duration // of all cores, by this process
	messages, resources int64
	resident            int64
}

func (f *flowing) run(ctx context.Context, e *app.Engine) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	all, err := newScript(ctx, f.dir, 0, f.total, f.config.bar(int64(f.total), "writing the messages"))
	if err != nil {
		return err
	}
	defer all.Close()
	now, stop := peak(ctx)
	defer func() { f.most = stop() }()
	var senders sync.WaitGroup
	var failed senderErrors
	lines := map[string][]chan []byte{}
	for _, source := range []string{wards, lab, clinic} {
		for range connections {
			line := make(chan []byte, 4)
			lines[source] = append(lines[source], line)
			senders.Go(func() {
				if failed.add(f.sender(ctx, e.Addr(source), line)) {
					cancel()
				}
			})
		}
	}
	f.mark(e, now)
	bar := f.config.bar(int64(f.total), "wire to record")
	if err = f.feed(ctx, e, lines, all, bar, now); err != nil {
		cancel() // what was not sent will never be recorded
	}
	for _, all := range lines {
		for _, line := range all {
			close(line)
		}
	}
	senders.Wait()
	f.settle(ctx, e, bar, now)
	_ = bar.Finish()
	return errors.Join(failed.join(), err, ctx.Err())
}

// feed gives every message to its line, no faster than the record follows.
func (f *flowing) feed(ctx context.Context, e *app.Engine, lines map[string][]chan []byte, all *script, bar Bar, now func() int64) error {
	for i := range f.total {
		m, err := all.read()
		if err != nil {
			return err
		}
		for i%64 == 0 && ctx.Err() == nil && int64(i)-e.Counts().Recorded > ahead {
			time.Sleep(time.Millisecond)
		}
		select {
		case lines[m.source][m.bed%connections] <- m.bytes:
			f.sent.Add(int64(len(m.bytes)))
		case <-ctx.Done():
			return ctx.Err()
		}
		if i%64 == 0 {
			f.look(e, bar, now)
		}
	}
	return nil
}

// settle waits until everything is in the record.
func (f *flowing) settle(ctx context.Context, e *app.Engine, bar Bar, now func() int64) {
	for ctx.Err() == nil && e.Counts().Recorded < int64(f.total) {
		time.Sleep(5 * time.Millisecond)
		f.look(e, bar, now)
	}
	f.look(e, bar, now)
}

// look notes each tenth as it is reached; one mark where several were passed
// since the last look.
func (f *flowing) look(e *app.Engine, bar Bar, now func() int64) {
	counts := e.Counts()
	last := f.marks[len(f.marks)-1]
	if f.tenth(counts.Recorded) > f.tenth(last.messages) {
		f.mark(e, now)
		_ = bar.Add(int(counts.Recorded - last.messages))
	}
}

func (f *flowing) tenth(messages int64) int64 { return 10 * messages / int64(f.total) }

func (f *flowing) mark(e *app.Engine, now func() int64) {
	counts := e.Counts()
	f.marks = append(f.marks, mark{time.Now(), busy(), counts.Recorded, counts.Versions, now()})
}

// sender is one connection.
func (f *flowing) sender(ctx context.Context, address string, line <-chan []byte) error {
	client, err := mllp.Dial(ctx, mllp.ClientConfig{Address: address})
	if err != nil {
		return err
	}
	defer client.Close()
	for data := range line {
		if err := send(ctx, client, data); err != nil {
			return err
		}
	}
	return nil
}

// report prints the run's figures; the engine is closed, so that what is on
// disk is all there is.
func (f *flowing) report(r *Report) error {
	part := "Wire to record, " + number(float64(f.total)) + " messages"
	from, to := f.marks[0], f.marks[len(f.marks)-1]
	messages, resources := rates(from, to)
	r.atLeast(800, part, "messages", messages, "messages/s")
	r.atLeast(6000, part, "resource versions", resources, "resources/s")
	spent := to.busy - from.busy
	r.add(part, "processor time a message, senders included", float64(spent.Microseconds())/float64(f.total), "µs")
	r.add(part, "  so with two cores to itself", 2*float64(f.total)/spent.Seconds(), "messages/s")
	share := spent.Seconds() / to.at.Sub(from.at).Seconds()
	r.add(part, "  cores that the run got", share, "")
	if len(f.marks) > 3 { // else the run was too short to tell
		early, _ := rates(f.marks[1], f.marks[2]) // the very first tenth warms up
		late, _ := rates(f.marks[len(f.marks)-2], to)
		r.add(part, "second tenth", early, "messages/s")
		r.add(part, "last tenth", late, "messages/s")
		r.atLeast(0.9, part, "last tenth / second tenth", late/early, "")
	}
	r.atMost(200, part, "memory resident at the end, senders included", float64(to.resident)/1e6, "MB")
	r.add(part, "  most at any time", float64(f.most)/1e6, "MB")
	sizes, err := f.sizes()
	if err != nil {
		return err
	}
	sent := float64(f.sent.Load())
	r.add(part, "received", sent/1e6, "MB")
	r.atMost(1.2, part, "journal on disk / received, all facts", sizes["journal"]/sent, "")
	r.add(part, "record on disk / received", sizes["record"]/sent, "")
	r.add(part, "trace on disk / received", sizes["trace"]/sent, "")
	return nil
}

func rates(from, to mark) (messages, resources float64) {
	took := to.at.Sub(from.at).Seconds()
	return float64(to.messages-from.messages) / took, float64(to.resources-from.resources) / took
}

// sizes returns the bytes on disk by what they are for. The space that the
// journal holds back for a full disk does not grow, and is left out.
func (f *flowing) sizes() (map[string]float64, error) {
	sizes := map[string]float64{}
	err := filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(f.dir, path) // path is inside
		for _, part := range []string{"journal", "record", "trace"} {
			if strings.HasPrefix(name, part) && filepath.Base(name) != "reserve" {
				sizes[part] += float64(info.Size())
			}
		}
		return nil
	})
	return sizes, err
}

// senderErrors gathers what went wrong in several senders.
type senderErrors struct {
	mu  sync.Mutex
	all []error
}

// add reports whether err is one.
func (s *senderErrors) add(err error) bool {
	if err == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, err)
	return true
}

func (s *senderErrors) join() error { return errors.Join(s.all...) }
