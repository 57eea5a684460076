package balance_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/balance"
	"handover/internal/store"
	"handover/internal/store/storetest"
)

// facts is a journal in memory.
type facts struct {
	mu  sync.Mutex
	all []handover.Entry
}

var start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func (f *facts) Outlines(_ context.Context, after handover.Offset, limit int) ([]handover.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.all[after:min(int(after)+limit, len(f.all))]), nil
}

func (f *facts) Wait(ctx context.Context, after handover.Offset) (handover.Offset, error) {
	for {
		f.mu.Lock()
		n := handover.Offset(len(f.all))
		f.mu.Unlock()
		if n > after || ctx.Err() != nil {
			return n, ctx.Err()
		}
		time.Sleep(time.Millisecond)
	}
}

func (f *facts) add(kind handover.FactKind, source string, cause handover.Offset, body any) handover.Offset {
	f.mu.Lock()
	defer f.mu.Unlock()
	data, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	at := handover.Offset(len(f.all) + 1)
	f.all = append(f.all, handover.Entry{
		Offset: at, Header: handover.Header{Kind: kind, Source: source, Cause: cause, Time: start.Add(time.Duration(at) * time.Minute)},
		Body: handover.Body{Bytes: data},
	})
	return at
}

func (f *facts) message(source string) handover.Offset {
	return f.add(handover.Received, source, 0, nil)
}

func (f *facts) decide(message handover.Offset, d handover.Decision) handover.Offset {
	return f.add(handover.Decided, f.all[message-1].Source, message, d)
}

// send makes a delivery to the lab.
func (f *facts) send(message handover.Offset) handover.DeliveryID {
	of := f.decide(message, handover.Decision{State: handover.StateRouted, Routes: []string{"results"}, Deliveries: []handover.Delivery{{To: "lab", Route: "results"}}})
	return handover.DeliveryID{Of: of, To: "lab"}
}

func (f *facts) attempt(id handover.DeliveryID, try int) handover.Offset {
	return f.add(handover.Attempted, "pas", 1, handover.Attempt{DeliveryID: id, Try: try})
}

func (f *facts) end(id handover.DeliveryID, ending handover.Ending) handover.Offset {
	return f.add(handover.Ended, "pas", 1, handover.Result{DeliveryID: id, Try: 1, Ending: ending})
}

// tables are tables as they should be, unless a test changes them.
type tables struct {
	applied handover.Offset
	states  map[handover.Offset]handover.State
	parked  map[string]map[handover.Offset]bool
	made    map[handover.Offset]int
	fault   string
}

func (m *tables) Tally(ctx context.Context, from, before handover.Offset) (applied handover.Offset, messages, weight int64, err error) {
	for at, s := range m.states {
		if at >= from && at < before {
			messages++
			weight += s.Weight(at)
		}
	}
	return m.applied, messages, weight, nil
}

func (m *tables) StatesOf(_ context.Context, from, before handover.Offset) (handover.Offset, map[handover.Offset]handover.State, error) {
	out := map[handover.Offset]handover.State{}
	for at, s := range m.states {
		if at >= from && at < before {
			out[at] = s
		}
	}
	return m.applied, out, nil
}

func (m *tables) OpenIn(_ context.Context, destination string, from, before handover.Offset) (handover.Offset, map[handover.Offset]bool, error) {
	out := map[handover.Offset]bool{}
	for at, parked := range m.parked[destination] {
		if at >= from && at < before {
			out[at] = parked
		}
	}
	return m.applied, out, nil
}

func (m *tables) Sound(context.Context, int64, int64) (applied handover.Offset, next, versions int64, fault string, err error) {
	for _, n := range m.made {
		versions += int64(n)
	}
	return m.applied, 0, versions, m.fault, nil
}

func (m *tables) Made(_ context.Context, from, before handover.Offset, fn func(handover.Offset)) (handover.Offset, error) {
	for at, n := range m.made {
		for range n {
			if at >= from && at < before {
				fn(at)
			}
		}
	}
	return m.applied, nil
}

// check returns the balance of a journal and what its tables hold.
func check(t *testing.T, at store.Place, f *facts, m *tables) balance.Report {
	t.Helper()
	b, err := balance.Open(t.Context(), balance.Config{Place: at, Facts: f, Messages: m, Deliveries: m, Record: m, Round: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { b.Run(ctx) })
	var r balance.Report
	for r.Checked.IsZero() {
		if r, err = b.Report(t.Context(), time.Time{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	run.Wait()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return r
}

// day is a journal in which each thing happens once, and its tables.
func day() (*facts, *tables) {
	f := &facts{}
	m := &tables{states: map[handover.Offset]handover.State{}, parked: map[string]map[handover.Offset]bool{"lab": {}}, made: map[handover.Offset]int{}}
	one := f.message("pas") // 1
	f.decide(one, handover.Decision{State: handover.StateRouted, Routes: []string{"record"}, Record: &handover.Tally{Asserted: 3, Made: 2, Same: 1, Versions: 2}})
	m.states[one], m.made[4] = handover.StateRouted, 2
	f.add(handover.Asserted, "pas", one, nil)
	f.add(handover.Written, "pas", one, nil)                                      // 4
	m.states[f.add(handover.Repeated, "pas", one, nil)] = handover.StateDuplicate // 5
	m.states[6] = handover.StateRefused
	f.decide(f.message("pas"), handover.Decision{State: handover.StateRefused, Reason: "unreadable"}) // 6, 7
	m.states[8] = handover.StateFiltered
	f.decide(f.message("pas"), handover.Decision{State: handover.StateFiltered, Reason: "tests", Routes: []string{"results"}}) // 8, 9
	for _, ending := range []handover.Ending{handover.Accepted, handover.Rejected, handover.Unknown, handover.Failed} {
		message := f.message("pas")
		m.states[message] = handover.StateRouted
		id := f.send(message)
		f.attempt(id, 1)
		f.end(id, ending)
		switch ending {
		case handover.Rejected, handover.Unknown:
			m.parked["lab"][id.Of] = true
			f.add(handover.Parked, "pas", message, handover.Parking{DeliveryID: id, Reason: string(ending), Owner: "lab desk"})
		case handover.Failed:
			m.parked["lab"][id.Of] = false
		}
	}
	given := f.message("pas")
	m.states[given] = handover.StateRouted
	f.add(handover.Cancelled, "pas", given, handover.Ruling{DeliveryID: f.send(given), Why: "sent by phone"})
	m.states[f.message("pas")] = handover.StateReceived
	m.applied = handover.Offset(len(f.all))
	return f, m
}

func TestBalance(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		f, m := day()
		r := check(t, at, f, m)
		if !r.Balanced || len(r.Findings) > 0 {
			t.Errorf("it does not balance: %v", r.Findings)
		}
		got, err := json.Marshal(struct{ S, D, R, W any }{r.Sources, r.Destinations, r.Record, r.Routes})
		if err != nil {
			t.Fatal(err)
		}
		want := `{"S":[{"name":"pas","received":10,"refused":1,"duplicate":1,"filtered":1,"rules":{"tests":1},"routed":6,"waiting":0,"undecided":1,"oldest":` +
			m.applied.String() + `,"difference":0}],` +
			`"D":[{"name":"lab","created":5,"accepted":1,"parked":1,"owners":{"lab desk":2},"unknown":1,"inFlight":1,"cancelled":1,"difference":0}],` +
			`"R":[{"source":"pas","asserted":3,"made":2,"same":1,"versions":2,"difference":0}],` +
			`"W":[{"name":"record","routed":1,"filtered":0,"deliveries":0},{"name":"results","routed":5,"filtered":1,"deliveries":5}]}`
		if string(got) != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		// Opened again it knows the same, and goes on.
		m.states[m.applied] = handover.StateWaiting
		f.decide(m.applied, handover.Decision{State: handover.StateWaiting, Reason: "no-route"})
		m.applied++
		if r = check(t, at, f, m); !r.Balanced || r.Sources[0].Waiting != 1 || r.Sources[0].Undecided != 0 || r.UpTo != m.applied {
			t.Errorf("after it was opened again: %+v", r)
		}
	})
}

// TestFindings: each fault of facts, counts and tables is found, and named by offset.
func TestFindings(t *testing.T) {
	dayOf := func(change func(f *facts, m *tables)) (*facts, *tables) {
		f, m := day()
		change(f, m)
		return f, m
	}
	for name, c := range map[string]struct {
		change func(f *facts, m *tables)
		want   string // part, offset, and a word
	}{
		"a message was passed over": {func(f *facts, m *tables) {
			f.decide(f.message("pas"), handover.Decision{State: handover.StateRouted})
			m.states[m.applied+1], m.applied = handover.StateRouted, m.applied+2
		}, "messages 31 passed over"},
		"a decision twice": {func(f *facts, m *tables) {
			f.decide(1, handover.Decision{State: handover.StateRouted})
		}, "messages 32 decided before"},
		"an outcome twice": {func(f *facts, m *tables) {
			f.end(handover.DeliveryID{Of: 11, To: "lab"}, handover.Accepted)
		}, "deliveries 32 has ended or never was"},
		"an outcome of no try": {func(f *facts, m *tables) {
			f.end(handover.DeliveryID{Of: 25, To: "lab"}, handover.Failed)
		}, "deliveries 32 never began"},
		"resources unaccounted for": {func(f *facts, m *tables) {
			f.decide(31, handover.Decision{State: handover.StateRouted, Record: &handover.Tally{Asserted: 4, Made: 3}})
			f.add(handover.Asserted, "pas", 31, nil)
			f.add(handover.Written, "pas", 31, nil)
			m.states[31] = handover.StateRouted
			m.applied += 3
		}, "record 32 3 are accounted for"},
		"nothing was written": {func(f *facts, m *tables) {
			f.decide(31, handover.Decision{State: handover.StateRouted, Record: &handover.Tally{Asserted: 1, Made: 1, Versions: 1}})
			f.decide(f.message("pas"), handover.Decision{State: handover.StateRouted})
			m.states[31], m.states[33] = handover.StateRouted, handover.StateRouted
			m.applied += 3
		}, "record 32 was not written"},
		"a message gone from the trace":  {func(_ *facts, m *tables) { delete(m.states, 1) }, "messages 1 does not have it"},
		"another state in the trace":     {func(_ *facts, m *tables) { m.states[1] = handover.StateWaiting }, "messages 1 as waiting"},
		"a message of nobody":            {func(_ *facts, m *tables) { m.states[2] = handover.StateRouted }, "messages 2 which it is not"},
		"a delivery gone from the queue": {func(_ *facts, m *tables) { delete(m.parked["lab"], 25) }, "deliveries 25 is in no queue"},
		"a delivery that has ended":      {func(_ *facts, m *tables) { m.parked["lab"][11] = false }, "deliveries 11 never was"},
		"a version gone":                 {func(_ *facts, m *tables) { m.made[4]-- }, "record 4 made 2 versions, and the record has 1"},
		"the door saw more": {func(f *facts, m *tables) {
			f.add(handover.Counted, "", 0, handover.Counting{UpTo: m.applied, Sources: map[string]handover.DoorCount{"pas": {Taken: 12, Kept: 12}}})
		}, `counts 32 "came" was counted 12 times`},
		"the door saw less": {func(f *facts, m *tables) {
			f.add(handover.Counted, "", 0, handover.Counting{UpTo: m.applied, Sources: map[string]handover.DoorCount{"pas": {Taken: 9, Kept: 9}}})
		}, `counts 32 at least 10 times`},
		"accepted by nobody": {func(f *facts, m *tables) {
			f.add(handover.Counted, "", 0, handover.Counting{UpTo: m.applied, Destinations: map[string]handover.SendCount{"lab": {Begun: 4, Rejected: 1}}})
		}, `counts 32 "accepted" was counted 0 times`},
	} {
		t.Run(name, func(t *testing.T) {
			f, m := dayOf(c.change)
			r := check(t, store.Place{Dir: t.TempDir()}, f, m)
			var got []string
			for _, one := range r.Findings {
				got = append(got, one.Part+" "+one.Offset.String()+" "+one.Text)
			}
			part, offset, word := cut3(c.want)
			if len(got) != 1 || !strings.HasPrefix(got[0], part+" "+offset+" ") || !strings.Contains(got[0], word) || r.Balanced {
				t.Errorf("found %q, want one of %q", got, c.want)
			}
		})
	}
	f, m := dayOf(func(f *facts, m *tables) {
		f.add(handover.Counted, "", 0, handover.Counting{UpTo: m.applied, Sources: map[string]handover.DoorCount{"pas": {Taken: 11, Kept: 10}},
			Destinations: map[string]handover.SendCount{"lab": {Begun: 4, Accepted: 1, Rejected: 1, Failed: 1, Unknown: 1}}})
	})
	if r := check(t, store.Place{Dir: t.TempDir()}, f, m); !r.Balanced {
		t.Errorf("right counts: %v", r.Findings)
	}
}

func cut3(s string) (a, b, c string) {
	a, rest, _ := strings.Cut(s, " ")
	b, c, _ = strings.Cut(rest, " ")
	return a, b, c
}
