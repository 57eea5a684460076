package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"handover/hl7v2"
	"handover/transform/v2fhir"
)

// The hospital sends what the report says it sends: the same at any time, in
// the stated mix, readable, and each message once.
func TestHospital(t *testing.T) {
	const n = 4 * beds * stayLong
	kinds, controls, patients := map[string]int{}, map[string]bool{}, map[string]bool{}
	bytesSent := 0
	for i := range n {
		m := messageAt(i)
		if !bytes.Equal(m.bytes, messageAt(i).bytes) {
			t.Fatalf("message %d is not the same twice", i)
		}
		parsed, problems := hl7v2.Parse(m.bytes)
		if parsed == nil || len(problems) > 0 {
			t.Fatalf("message %d: %v", i, problems)
		}
		code, trigger, structure := parsed.Type()
		if hl7v2.StructureOf(code, trigger, "") != structure {
			t.Errorf("message %d: structure %s is not the standard's for its event", i, structure)
		}
		kinds[code]++
		controls[parsed.ControlID()] = true
		patients[parsed.Get("PID-3.1").Text()] = true
		bytesSent += len(m.bytes)
		if code == "ORU" {
			obx := 0
			for range parsed.All("OBX") {
				obx++
			}
			if obx != 20 {
				t.Fatalf("message %d has %d OBX", i, obx)
			}
		}
	}
	for code, percent := range map[string]int{"ORU": 40, "ADT": 25, "ORM": 20, "SIU": 15} {
		if kinds[code] != n*percent/100 {
			t.Errorf("%d %s of %d, want %d %%", kinds[code], code, n, percent)
		}
	}
	if len(controls) != n || len(patients) < n/stayLong {
		t.Errorf("%d control ids and %d patients in %d messages", len(controls), len(patients), n)
	}
	if mean := bytesSent / n; mean < 1000 || mean > 1600 {
		t.Errorf("%d bytes a message", mean)
	}
}

// Every tenth has the same mix, so that the first and last can be compared.
func TestHospitalIsEven(t *testing.T) {
	for from := 0; from < 10*beds; from += beds {
		results := 0
		for i := range beds {
			if bytes.Contains(messageAt(from+i).bytes, []byte("|ORU^R01^")) {
				results++
			}
		}
		if results != beds*40/100 {
			t.Errorf("from message %d: %d results of %d", from, results, beds)
		}
	}
}

func TestShortResult(t *testing.T) {
	if n := len(shortResult()); n < 1000 || n > 1300 {
		t.Errorf("it has %d bytes", n)
	}
	if err := read(shortResult()); err != nil {
		t.Error(err)
	}
}

func TestReport(t *testing.T) {
	r := newReport()
	r.atLeast(800, "a", "fast enough", 1234.5, "messages/s")
	r.atLeast(800, "a", "too slow", 700, "messages/s")
	r.atMost(0.35, "b", "small enough", 0.3512, "")
	r.add("b", "no goal", 0.004, "s")
	if r.Missed() != 1 {
		t.Errorf("%d missed, want 1", r.Missed())
	}
	var out strings.Builder
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1,234 messages/s", "≥ 800", "MISSED", "≤ 0.35", "0.00 s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

func TestPercentile(t *testing.T) {
	var times []time.Duration
	for i := range 1000 {
		times = append(times, time.Duration(1000-i))
	}
	if p := percentile(times, 99); p != 991 {
		t.Errorf("it is %d", p)
	}
	if percentile(nil, 99) != 0 {
		t.Error("of nothing it is not 0")
	}
}

// The raw file holds every byte that append said is synced.
func TestRawFile(t *testing.T) {
	dir := t.TempDir()
	raw, err := newRawFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				if err := raw.append([]byte("synthetic")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	kept, err := os.ReadFile(raw.file.Name())
	if err != nil || len(kept) != 8*50*len("synthetic") {
		t.Errorf("%d bytes are kept (%v)", len(kept), err)
	}
	if err := raw.file.Close(); err != nil {
		t.Fatal(err)
	}
	if raw.append([]byte("late")) == nil {
		t.Error("a closed file takes bytes")
	}
}

// A short run has every figure, and none that is nothing.
func TestFlow(t *testing.T) {
	steps := 0
	r, err := Run(t.Context(), Config{
		Dir: t.TempDir(), Messages: 600, Only: []string{"flow"},
		Progress: func(int64, string) Bar { return countingBar{&steps} },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Figures {
		if f.Value <= 0 {
			t.Errorf("%s is %g", f.Name, f.Value)
		}
	}
	if len(r.Figures) < 10 || steps != 2*600 { // written, and then recorded
		t.Errorf("%d figures, %d steps of 1,200", len(r.Figures), steps)
	}
}

type countingBar struct{ steps *int }

func (b countingBar) Add(n int) error { *b.steps += n; return nil }
func (countingBar) Finish() error     { return nil }

// A measurement that is told to end ends, with an error.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	if _, err := Run(ctx, Config{Dir: t.TempDir(), Only: []string{"flow"}}); err == nil {
		t.Error("no error")
	}
}

// BenchmarkConvert converts the messages of the sustained run.
func BenchmarkConvert(b *testing.B) {
	for name, write := range map[string]func(*pen){
		"ADT_A01": (*pen).admit, "ORM_O01": order(1), "ORU_R01": result(1, "F"), "SIU_S12": book(1, "S12"),
	} {
		b.Run(name, func(b *testing.B) {
			c, data := v2fhir.New(v2fhir.Config{Source: "bench", Zone: time.UTC}), first(write)
			b.ReportAllocs()
			for b.Loop() {
				if err := convert(c, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRead parses a short result and reads what routing needs.
func BenchmarkRead(b *testing.B) {
	data := shortResult()
	b.ReportAllocs()
	for b.Loop() {
		if err := read(data); err != nil {
			b.Fatal(err)
		}
	}
}
