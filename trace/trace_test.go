package trace_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"handover"
	"handover/bodies"
	"handover/internal/store"
	"handover/internal/store/storetest"
	"handover/trace"
)

// facts is a journal in memory: entry i has offset i+1.
type facts []handover.Entry

func (f *facts) Get(_ context.Context, o handover.Offset) (handover.Entry, error) {
	if o < 1 || int(o) > len(*f) {
		return handover.Entry{}, &handover.Error{Kind: handover.NotFound}
	}
	return (*f)[o-1], nil
}

func (f *facts) Open(ctx context.Context, o handover.Offset) (io.ReadCloser, error) {
	e, err := f.Get(ctx, o)
	return io.NopCloser(strings.NewReader(large(e.Body.Size))), err
}

// large is a message of that many bytes, most of them in one field.
func large(size int64) string {
	head := "MSH|^~\\&|A|B|C|D|20260302||ORU^R01|BIG|P|2.5.1\rPID|1||900009^^^QSG^MR\rOBX|1|TX|x||"
	return head + strings.Repeat("A", int(size)-len(head))
}

var start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func (f *facts) add(e handover.Entry) handover.Offset {
	e.Offset = handover.Offset(len(*f) + 1)
	e.Time = start.Add(time.Duration(len(*f)) * time.Minute)
	*f = append(*f, e)
	return e.Offset
}

func (f *facts) message(source, msh9, control, patient string) handover.Offset {
	body := fmt.Sprintf("MSH|^~\\&|A|B|C|D|20260302||%s|%s|P|2.5.1\rPID|1||%s\r", msh9, control, patient)
	return f.add(handover.Entry{
		Header: handover.Header{Kind: handover.Received, Source: source, Answer: "AA", Conn: "c1", Release: "r1"},
		Body:   handover.Body{Bytes: []byte(body)},
	})
}

func (f *facts) follow(kind handover.FactKind, cause handover.Offset, body any) handover.Offset {
	data, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return f.add(handover.Entry{
		Header: handover.Header{Kind: kind, Cause: cause, Source: (*f)[cause-1].Source}, Body: handover.Body{Bytes: data},
	})
}

// day is a journal in which each thing happens once.
func day() *facts {
	f := &facts{}
	admitted := f.message("pas", "ADT^A01^ADT_A01", "P1", "900001^^^QSG^MR~9990000018^^^NHS^NH") // 1
	f.follow(handover.Decided, admitted, handover.Decision{State: handover.StateRouted, Routes: []string{"record"}})
	f.follow(handover.Asserted, admitted, handover.Assertions{Source: "pas", Left: []handover.Left{{Field: "PID-10", Reason: "no-map"}}})
	f.follow(handover.Written, admitted, handover.Writes{Writes: []handover.Write{{Type: "Patient", ID: "p1", Version: 1}}})
	f.add(handover.Entry{Header: handover.Header{Kind: handover.Repeated, Source: "pas", Cause: admitted}}) // 5
	result := f.message("lab", "ORU^R01", "L1", "900001^^^QSG^MR")                                          // 6
	f.follow(handover.Decided, result, handover.Decision{State: handover.StateWaiting, Reason: "no-route"})
	f.message("lab", "ACK", "L2", "")                                                                                                         // 8
	bad := f.add(handover.Entry{Header: handover.Header{Kind: handover.Received, Source: "lab"}, Body: handover.Body{Bytes: []byte("junk")}}) // 9
	f.follow(handover.Decided, bad, handover.Decision{State: handover.StateRefused, Reason: "unreadable"})
	f.add(handover.Entry{Header: handover.Header{Kind: handover.Received, Source: "lab"}, Body: handover.Body{File: "spooled", Size: 1 << 20}}) // 11
	return f
}

func open(t *testing.T, place store.Place, f *facts) *trace.Trace {
	t.Helper()
	tr, err := trace.Open(t.Context(), trace.Config{Place: place, Facts: f, Bodies: &bodies.Form{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

var all = handover.Everything(handover.Actor{ID: "test"})

func offsets(t *testing.T, tr *trace.Trace, access handover.Access, q trace.Query) string {
	t.Helper()
	found, err := tr.Search(t.Context(), access, q)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range found {
		out = append(out, m.Offset.String())
	}
	return strings.Join(out, " ")
}

func TestSearch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, place store.Place) {
		f := day()
		tr := open(t, place, f)
		if err := tr.Apply(t.Context(), *f); err != nil {
			t.Fatal(err)
		}
		cases := []struct {
			name string
			q    trace.Query
			want string
		}{
			{"all, newest first", trace.Query{}, "11 9 8 6 5 1"},
			{"limit", trace.Query{Limit: 2}, "11 9"},
			{"page", trace.Query{Limit: 2, Before: 9}, "8 6"},
			{"source", trace.Query{Source: "pas"}, "5 1"},
			{"type and event", trace.Query{Type: "ADT^A01"}, "5 1"},
			{"type alone", trace.Query{Type: "ADT"}, "5 1"},
			{"type without event", trace.Query{Type: "ACK"}, "8"},
			{"patient", trace.Query{Patient: "900001"}, "6 1"},
			{"patient with authority", trace.Query{Patient: "NHS|9990000018"}, "1"},
			{"patient of a large message", trace.Query{Patient: "900009"}, "11"},
			{"control id", trace.Query{Control: "L1"}, "6"},
			{"routed", trace.Query{State: handover.StateRouted}, "1"},
			{"duplicate", trace.Query{State: handover.StateDuplicate}, "5"},
			{"waiting", trace.Query{State: handover.StateWaiting}, "6"},
			{"refused", trace.Query{State: handover.StateRefused}, "9"},
			{"undecided", trace.Query{State: handover.StateReceived}, "11 8"},
			{"since", trace.Query{Since: start.Add(7 * time.Minute)}, "11 9 8"},
			{"nothing", trace.Query{Control: "L1", Source: "pas"}, ""},
		}
		for _, c := range cases {
			if got := offsets(t, tr, all, c.q); got != c.want {
				t.Errorf("%s: got %q, want %q", c.name, got, c.want)
			}
		}
		if undecided, err := tr.Undecided(t.Context(), 0, 10); err != nil || fmt.Sprint(undecided) != "[8 11]" {
			t.Errorf("undecided: %v, %v", undecided, err)
		}
	})
}

func TestStory(t *testing.T) {
	storetest.Each(t, func(t *testing.T, place store.Place) {
		f := day()
		tr := open(t, place, f)
		if err := tr.Apply(t.Context(), *f); err != nil {
			t.Fatal(err)
		}
		s, err := tr.Story(t.Context(), all, 1)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, fact := range s.Facts {
			kinds = append(kinds, fact.Offset.String()+" "+fact.Kind)
		}
		if got := strings.Join(kinds, ", "); got != "1 received, 2 decided, 3 asserted, 4 written, 5 repeated" {
			t.Errorf("facts: %s", got)
		}
		want := []trace.Version{{Type: "Patient", ID: "p1", Version: 1}}
		if diff := cmp.Diff(want, s.Wrote); diff != "" || len(s.Left) != 1 || len(s.Repeats) != 1 || s.Decision == nil {
			t.Errorf("story %+v\n%s", s, diff)
		}
	})
}

// TestApplyTwice: in any batches, and again from the start, the same rows.
func TestApplyTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, place store.Place) {
		f := day()
		tr := open(t, place, f)
		for i := range *f {
			if err := tr.Apply(t.Context(), (*f)[:i+1]); err != nil {
				t.Fatal(err)
			}
		}
		if got := offsets(t, tr, all, trace.Query{}); got != "11 9 8 6 5 1" {
			t.Errorf("messages: %s", got)
		}
		if got := offsets(t, tr, all, trace.Query{State: handover.StateRouted}); got != "1" {
			t.Errorf("routed: %s", got)
		}
		if at, err := tr.Applied(t.Context()); err != nil || at != 11 {
			t.Errorf("applied %d, %v", at, err)
		}
	})
}

// TestAccess: what may not be seen is neither listed nor told apart from what
// does not exist.
func TestAccess(t *testing.T) {
	f := day()
	tr := open(t, store.Place{Dir: t.TempDir()}, f)
	if err := tr.Apply(t.Context(), *f); err != nil {
		t.Fatal(err)
	}
	labOnly := handover.Access{Sees: func(r handover.Row) bool { return r.Source == "lab" }}
	if got := offsets(t, tr, labOnly, trace.Query{Limit: 3}); got != "11 9 8" {
		t.Errorf("lab sees %s", got)
	}
	if got := offsets(t, tr, labOnly, trace.Query{Patient: "900001"}); got != "6" {
		t.Errorf("lab sees %s of the patient", got)
	}
	if got := offsets(t, tr, handover.Access{}, trace.Query{}); got != "" {
		t.Errorf("nobody sees %s", got)
	}
	_, hidden := tr.Story(t.Context(), labOnly, 1)
	_, absent := tr.Story(t.Context(), labOnly, 2)
	for _, err := range []error{hidden, absent} {
		if handover.KindOf(err) != handover.NotFound {
			t.Errorf("got %v", err)
		}
	}
	if !bytes.Equal([]byte(strings.ReplaceAll(hidden.Error(), "1", "2")), []byte(absent.Error())) {
		t.Errorf("%q tells more than %q", hidden, absent)
	}
}
