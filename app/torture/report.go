package torture

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"handover/balance"
)

// Report is what was done, and what was found.
type Report struct {
	Seed    uint64 `json:"seed"`
	Dir     string `json:"dir"`
	Memory  bool   `json:"in_memory,omitempty"` // the folder is on no disk
	Kept    string `json:"kept,omitempty"`      // where everything is left to be looked at
	Killed  Part   `json:"killed"`
	Failing Part   `json:"failing_disk"`
	Passed  bool   `json:"passed"`
}

// Part is one of the two.
type Part struct {
	Rounds   int `json:"rounds"`             // lives that were ended, or met a fault
	Starting int `json:"starting,omitempty"` // kills while the engine started
	// Judged says that the books were held against each other: else Counts say nothing.
	Judged bool `json:"judged"`
	Counts
	Again     int            `json:"tried_again"` // tries that senders had to make again
	Refused   int            `json:"told_to_try_again"`
	Facts     int            `json:"facts"`
	Answer    Spread         `json:"acknowledged_within"`
	Ready     Spread         `json:"ready_within"` // from the start after a kill
	Receivers map[string]int `json:"receivers"`    // what they did but accept, how often
	Disk      map[string]int `json:"disk,omitempty"`
	Findings  []Finding      `json:"findings"`
	More      int            `json:"more,omitempty"` // findings that are not listed

	ready   []time.Duration
	balance *balance.Report
}

// mostFindings is how many are listed of a part.
const mostFindings = 50

func (p *Part) find(found ...Finding) {
	room := min(len(found), mostFindings-len(p.Findings))
	p.Findings = append(p.Findings, found[:room]...)
	p.More += len(found) - room
}

func (r *Report) found() int {
	return len(r.Killed.Findings) + r.Killed.More + len(r.Failing.Findings) + r.Failing.More
}

// took takes the receivers' books, and how often each fault came about.
func (p *Part) took(receivers map[string]*Receiver) map[string]ReceiverBook {
	books := map[string]ReceiverBook{}
	p.Receivers = map[string]int{}
	for name, r := range receivers {
		books[name] = r.Book()
		for what, n := range books[name].Did {
			p.Receivers[what] += n
		}
	}
	return books
}

// senders takes what the senders noted.
func (p *Part) senders(all []*Sender) {
	_, again, refused := sums(all)
	p.Again, p.Refused = int(again), int(refused)
	var took []time.Duration
	for _, s := range all {
		took = append(took, s.took...)
	}
	p.Answer, p.Ready = spread(took), spread(p.ready)
}

// Spread is how long something took, mostly.
type Spread struct{ P50, P99, Max time.Duration }

// spread sorts a copy.
func spread(all []time.Duration) (s Spread) {
	if len(all) == 0 {
		return s
	}
	sorted := slices.Sorted(slices.Values(all))
	at := func(share float64) time.Duration { return sorted[int(math.Ceil(share*float64(len(sorted))))-1] }
	return Spread{at(0.5), at(0.99), at(1)}
}

// MarshalJSON gives milliseconds.
func (s Spread) MarshalJSON() ([]byte, error) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return json.Marshal(map[string]float64{"p50_ms": ms(s.P50), "p99_ms": ms(s.P99), "max_ms": ms(s.Max)})
}

// UnmarshalJSON reads them.
func (s *Spread) UnmarshalJSON(text []byte) error {
	var ms struct {
		P50 float64 `json:"p50_ms"`
		P99 float64 `json:"p99_ms"`
		Max float64 `json:"max_ms"`
	}
	if err := json.Unmarshal(text, &ms); err != nil {
		return err
	}
	of := func(v float64) time.Duration { return time.Duration(v * float64(time.Millisecond)) }
	*s = Spread{of(ms.P50), of(ms.P99), of(ms.Max)}
	return nil
}

// String reads as "3.1 ms, 12 ms, 140 ms".
func (s Spread) String() string {
	if s.Max == 0 {
		return "-"
	}
	var out []string
	for _, d := range []time.Duration{s.P50, s.P99, s.Max} {
		if ms := float64(d.Microseconds()) / 1000; ms < 10 {
			out = append(out, fmt.Sprintf("%.1f ms", ms))
		} else {
			out = append(out, fmt.Sprintf("%.0f ms", ms))
		}
	}
	return strings.Join(out, ", ")
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) error {
	fmt.Fprintf(w, "seed %d, in %s%s\n\n", r.Seed, r.Dir, map[bool]string{true: ", which is memory: this says nothing of a disk"}[r.Memory])
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(killed, failing any, what string) { fmt.Fprintf(t, "%v\t%v\t%s\n", killed, failing, what) }
	k, f := r.Killed, r.Failing
	counted := func(killed, failing int, what string) { row(k.counted(killed), f.counted(failing), "  "+what) }
	row("kill -9", "failing disk", "")
	row(k.Rounds+k.Starting, f.Rounds, "  lives of the engine that ended so")
	counted(k.Acknowledged, f.Acknowledged, "messages acknowledged")
	counted(k.Lost, f.Lost, "lost (must be 0)")
	counted(k.NotHad, f.NotHad, "taken as delivered that were not (must be 0)")
	counted(k.Unaccounted, f.Unaccounted, "unaccounted (must be 0)")
	counted(k.Doubled, f.Doubled, "duplicated without leave (must be 0)")
	counted(k.Resent, f.Resent, "duplicated where the destination lets it")
	counted(k.Released, f.Released, "duplicated since a person let an unknown one go")
	counted(k.Unknown, f.Unknown, "unknown whether they arrived: parked for a person")
	counted(k.Rejected, f.Rejected, "rejected by the receiver: parked for a person")
	counted(k.Delivered, f.Delivered, "delivered, with what was let go at the end")
	counted(k.Waiting, f.Waiting, "still waiting for a receiver whose TLS never works")
	counted(k.Again, f.Again, "tries that senders had to make again")
	counted(k.Facts, f.Facts, "facts proven")
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nacknowledged within (p50, p99, max): %v; on the failing disk %v\n", k.Answer, f.Answer)
	fmt.Fprintf(w, "ready after a kill (p50, p99, max): %v\n", k.Ready)
	fmt.Fprintf(w, "\nwhat receivers did beside accepting:\n%s", listed(k.Receivers, f.Receivers))
	fmt.Fprintf(w, "\nwhat the disk did, and the clock:\n%s", listed(f.Disk))
	fmt.Fprint(w, scope)
	return r.verdict(w)
}

// counted is a count, if there is one.
func (p *Part) counted(n int) string {
	if !p.Judged {
		return "-"
	}
	return strconv.Itoa(n)
}

// scope says what was real.
const scope = `
kill -9: the program as a process of its own, on this disk as it is.
failing disk: the engine in this process. Its files are on this disk, and every sync that
succeeds is a sync of it; what fails, and what a loss of power takes away, is simulated above it.
Not shown: a drive that says it has synced and has not. Only pulling its plug shows that.

`

// listed gives a line for each thing that happened.
func listed(all ...map[string]int) string {
	sum := map[string]int{}
	for _, counts := range all {
		for what, n := range counts {
			sum[what] += n
		}
	}
	var out strings.Builder
	for _, what := range slices.Sorted(maps.Keys(sum)) {
		fmt.Fprintf(&out, "%6d  %s\n", sum[what], what)
	}
	return out.String()
}

func (r *Report) verdict(w io.Writer) error {
	for _, p := range []Part{r.Killed, r.Failing} {
		for _, f := range p.Findings {
			fmt.Fprintln(w, f)
		}
		if p.More > 0 {
			fmt.Fprintf(w, "and %d more\n", p.More)
		}
	}
	if !r.Killed.Judged || !r.Failing.Judged {
		fmt.Fprintln(w, "Where there is a - the books could not be compared, since the engine did not come so far.")
	}
	verdict := "PASS: nothing that was acknowledged is lost, and nothing is taken for what it is not."
	if !r.Passed {
		verdict = fmt.Sprintf("FAIL: %d findings; ", r.found())
		if r.Kept != "" {
			verdict += "everything is left in " + r.Kept
		} else {
			verdict += fmt.Sprintf("--seed %d does it again as far as that goes, and --keep leaves everything to be looked at.", r.Seed)
		}
	}
	_, err := fmt.Fprintln(w, verdict)
	return err
}
