package bench

import (
	"context"
	"errors"
	"runtime"
	"time"

	"handover"
	"handover/hl7v2"
	"handover/transform/v2fhir"
)

// languages measures what needs no disk, on one core.
func languages(ctx context.Context, c Config, r *Report) error {
	const part = "One core, no disk"
	machine(r)
	bar := c.bar(3, "parsing and converting")
	defer bar.Finish()
	short := shortResult()
	took, allocs := c.repeat(func() error { return read(short) })
	_ = bar.Add(1) // draws only, as everywhere
	r.atMost(4, part, "parse a 1.2 KB ORU and read MSH-9, MSH-10, PID-3, PID-5, every OBX-5", took.Seconds()*1e6, "µs")
	r.atMost(4, part, "  allocations", allocs, "")
	converter := v2fhir.New(v2fhir.Config{Source: "bench", Zone: time.UTC})
	for _, m := range []struct {
		name string
		goal float64
		data []byte
	}{
		{"convert ADT^A01", 8000, first((*pen).admit)}, {"convert ORU^R01 of 20 OBX", 1500, first(result(1, "F"))},
	} {
		took, allocs := c.repeat(func() error { return convert(converter, m.data) })
		_ = bar.Add(1)
		r.atLeast(m.goal, part, m.name, 1/took.Seconds(), "messages/s")
		r.add(part, "  allocations", allocs, "")
		if err := convert(converter, m.data); err != nil {
			return err
		}
	}
	return errors.Join(read(short), ctx.Err())
}

// first is one message by itself.
func first(write func(*pen)) []byte {
	m := messageAt(0)
	p := newPen(0, m.bed, m.bed)
	write(p)
	return []byte(p.text.String())
}

// shortResult is a result of about 1.2 KB.
func shortResult() []byte {
	whole := first(result(1, "F"))
	end, lines := 0, 0
	for i, b := range whole {
		if b != '\r' {
			continue
		}
		if lines++; lines <= 5 || i < 1200 {
			end = i + 1
		}
	}
	return whole[:end]
}

var errUnread = errors.New("a message of our own could not be read")

// Sink keeps the compiler from leaving out what is measured.
var Sink int

// read parses a message and reads what an engine needs to route it.
func read(data []byte) error {
	m, _ := hl7v2.Parse(data)
	if m == nil {
		return errUnread
	}
	code, trigger, structure := m.Type()
	n := len(code) + len(trigger) + len(structure) + len(m.ControlID())
	pid := m.First("PID")
	n += len(pid.Field(3).Component(1).Text()) + len(pid.Field(3).Component(4).Text())
	n += len(pid.Field(5).Component(1).Text()) + len(pid.Field(5).Component(2).Text())
	for obx := range m.All("OBX") {
		n += len(obx.Field(5).Text())
	}
	Sink = n
	return nil
}

func convert(c *v2fhir.Converter, data []byte) error {
	m, _ := hl7v2.Parse(data)
	if m == nil {
		return errUnread
	}
	a, _ := c.Convert(m)
	if len(a.Resources) == 0 {
		return &handover.Error{Op: "converting", Kind: handover.Internal, Err: errUnread}
	}
	return nil
}

// repeat runs do for a spell, on one core, and returns processor time and
// allocations of one run.
func (c Config) repeat(do func() error) (time.Duration, float64) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for range 100 {
		_ = do() // warms up; the caller looks at the error
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n := 0
	took := processorTime(func() {
		for start := time.Now(); time.Since(start) < c.spell(); {
			for range 20 {
				_ = do()
				n++
			}
		}
	})
	runtime.ReadMemStats(&after)
	return took / time.Duration(n), float64(after.Mallocs-before.Mallocs) / float64(n)
}
