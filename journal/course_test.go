package journal_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
	"handover/journal"
)

// TestAnyCourse lets a journal go through many courses of appending, sealing,
// tending, removing, copying and opening again, drawn by a seed, with bodies of all
// lengths. Whatever happens, each body is the one that was appended, or was removed
// by rule. The long form (HANDOVER_LONG=1) follows many more.
func TestAnyCourse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		courses := uint64(5)
		if os.Getenv("HANDOVER_LONG") == "1" {
			courses = 60
		}
		if at.URL != "" {
			courses = 1 // one database, and nothing is packed anew there
		}
		for seed := range courses {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				if at.URL == "" {
					at.Dir = t.TempDir()
				}
				follow(t, at, rand.New(rand.NewPCG(seed, 7)))
			})
		}
	})
}

func follow(t *testing.T, at store.Place, rng *rand.Rand) {
	c := &course{t: t, rng: rng, clock: newClock(), bodies: map[handover.Offset][]byte{}, removed: map[handover.Retention]time.Time{}}
	c.config = config(at)
	c.config.Now, c.config.LargeBody = c.clock.Now, 150_000
	c.config.VolumeSize = int64(1) << (14 + rng.IntN(10))
	c.journal = open(t, c.config)
	steps := []func(){c.append, c.append, c.append, c.append, c.seal, c.tend, c.remove, c.reopen}
	if at.URL == "" {
		steps = append(steps, c.copy)
	}
	for range 20 {
		steps[rng.IntN(len(steps))]()
		c.clock.add(time.Duration(rng.IntN(3600)) * time.Second)
	}
	c.check(c.journal)
	c.reopen()
	c.check(c.journal)
}

// course is one journal and what should be in it.
type course struct {
	t       *testing.T
	rng     *rand.Rand
	clock   *clock
	config  journal.Config
	journal *journal.Journal

	mu      sync.Mutex
	bodies  map[handover.Offset][]byte
	removed map[handover.Retention]time.Time // bodies of the class before it may be gone
}

// append lets a few senders append at once.
func (c *course) append() {
	var group sync.WaitGroup
	for range 1 + c.rng.IntN(4) {
		rng := rand.New(rand.NewPCG(c.rng.Uint64(), 1))
		group.Go(func() {
			for range 1 + rng.IntN(4) {
				c.batch(rng)
			}
		})
	}
	group.Wait()
}

// batch appends what shares packs, mostly.
func (c *course) batch(rng *rand.Rand) {
	var drafts []handover.Draft
	var contents [][]byte
	class, format := handover.Retention(rng.IntN(3)), []string{"application/hl7-v2", "application/json"}[rng.IntN(2)]
	for range 1 + rng.IntN(60) {
		content := anyContent(rng)
		if len(drafts) == 0 && rng.IntN(3) == 0 {
			content = bytes.Repeat([]byte("synthetic and longer than a pack|"), 3000)
		}
		d := handover.Draft{
			Header: handover.Header{
				Kind: handover.Decided, Class: class, Actor: "test", Format: format,
			},
			Body: handover.Body{Bytes: content},
		}
		if int64(len(content)) > c.config.LargeBody || rng.IntN(60) == 0 {
			d.Body = spooled(c.t, content)
		}
		drafts, contents = append(drafts, d), append(contents, content)
	}
	receipts, err := c.journal.Append(c.t.Context(), drafts)
	if err != nil {
		c.t.Error(err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, r := range receipts {
		c.bodies[r.Offset] = contents[i]
	}
}

// anyContent is mostly short, sometimes longer than a pack, and sometimes does not
// compress.
func anyContent(rng *rand.Rand) []byte {
	size := rng.IntN(1500)
	switch rng.IntN(40) {
	case 0:
		size = 0
	case 1:
		size = rng.IntN(30_000)
	case 2:
		size = rng.IntN(200_000)
	}
	content := bytes.Repeat(fmt.Appendf(nil, "synthetic %03d|", rng.IntN(1000)), 1+size/14)[:size]
	if rng.IntN(8) == 0 {
		for i := range content {
			content[i] = byte(rng.Uint32())
		}
	}
	return content
}

func (c *course) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *course) seal() { c.must(c.journal.Seal(c.t.Context())) }
func (c *course) tend() { c.must(c.journal.Tend(c.t.Context())) }

func (c *course) remove() {
	class := []handover.Retention{handover.KeepMessage, handover.KeepRecord}[c.rng.IntN(2)]
	before := c.clock.Now().Add(-time.Duration(c.rng.IntN(10)) * time.Hour)
	if before.After(c.removed[class]) {
		c.removed[class] = before
	}
	_, err := c.journal.Expire(c.t.Context(), class, before)
	c.must(err)
}

func (c *course) reopen() {
	c.must(c.journal.Close())
	c.journal = open(c.t, c.config)
}

// copy checks a copy of the journal.
func (c *course) copy() {
	twin := c.config
	twin.Dir = c.t.TempDir()
	_, err := c.journal.Freeze(c.t.Context(), twin.Dir)
	c.must(err)
	j := open(c.t, twin)
	defer j.Close()
	c.check(j)
}

// check reads everything.
func (c *course) check(j *journal.Journal) {
	c.t.Helper()
	proven(c.t, j)
	found := 0
	for _, e := range all(c.t, j) {
		want, ours := c.bodies[e.Offset]
		if !ours {
			continue // a removal, or a checkpoint
		}
		found++
		if e.Gone {
			if !e.Time.Before(c.removed[e.Class]) {
				c.t.Errorf("fact %d of class %d lost its body", e.Offset, e.Class)
			}
			continue
		}
		content, err := j.Open(c.t.Context(), everything, e.Offset)
		c.must(err)
		got, err := io.ReadAll(content)
		c.must(err)
		c.must(content.Close())
		if !bytes.Equal(got, want) {
			c.t.Errorf("the body of fact %d is another", e.Offset)
		}
	}
	if found != len(c.bodies) {
		c.t.Errorf("%d facts of %d are there", found, len(c.bodies))
	}
}
