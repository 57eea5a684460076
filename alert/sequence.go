package alert

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"handover"
)

// Sequence is the kind of alert that tells of numbers that a source left out.
const Sequence = "sequence"

// Numbers follows the numbers that sources give their messages (MSH-13, HL7 v2.9
// §2.10.1), where they do: each is one more than that before it.
type Numbers struct {
	mu   sync.Mutex
	last map[string]int64 // by source
	gaps map[string][]gap
}

// NewNumbers knows of none.
func NewNumbers() *Numbers { return &Numbers{last: map[string]int64{}, gaps: map[string][]gap{}} }

// gap are numbers that never came.
type gap struct {
	first, last int64
	since       time.Time // when a later one came
}

const (
	// numbersLate is how long numbers may be behind later ones, since they come over
	// several connections, or are sent again.
	numbersLate = time.Minute
	// numbersBack is how far a number is behind that before it where the source has
	// begun to count anew, and does not send an old message again.
	numbersBack = 1000
	// gapsAtMost is how many gaps are told at a time, and gapsKept of how many of a source
	// is known: one that counts in twos would else make their number grow for ever.
	gapsAtMost = 20
	gapsKept   = 1000
)

// Heard takes in the number of a message that came; what is no number above zero says
// that the next one may be any.
func (n *Numbers) Heard(source, number string, now time.Time) {
	if number == "" {
		return
	}
	is, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	n.mu.Lock()
	defer n.mu.Unlock()
	before, known := n.last[source]
	switch {
	case err != nil || is <= 0:
		delete(n.last, source)
	case !known || is == before+1 || is == 1 || is < before-numbersBack:
		n.last[source] = is
		n.fill(source, is)
	case is > before:
		n.last[source] = is
		if len(n.gaps[source]) < gapsKept {
			n.gaps[source] = append(n.gaps[source], gap{before + 1, is - 1, now})
		}
	default:
		n.fill(source, is)
	}
}

// fill takes a number that came out of the gaps.
func (n *Numbers) fill(source string, is int64) {
	i := slices.IndexFunc(n.gaps[source], func(g gap) bool { return g.first <= is && is <= g.last })
	if i < 0 {
		return
	}
	g := n.gaps[source][i]
	var left []gap
	for _, part := range []gap{{g.first, is - 1, g.since}, {is + 1, g.last, g.since}} {
		if part.first <= part.last {
			left = append(left, part)
		}
	}
	n.gaps[source] = slices.Replace(n.gaps[source], i, i+1, left...)
}

// subject names a gap, so that a later start finds it again.
func (g gap) subject(source string) string { return fmt.Sprintf("%s %d-%d", source, g.first, g.last) }

// readSubject reads what subject wrote.
func readSubject(s string) (source string, g gap, ok bool) {
	source, numbers, found := strings.Cut(s, " ")
	first, last, _ := strings.Cut(numbers, "-")
	var err, err2 error
	g.first, err = strconv.ParseInt(first, 10, 64)
	g.last, err2 = strconv.ParseInt(last, 10, 64)
	return source, g, found && err == nil && err2 == nil
}

// Restore takes in the gaps of which alerts are open, for the start.
func (n *Numbers) Restore(open []Listed) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range open {
		if source, g, ok := readSubject(l.Subject); ok && l.Kind == Sequence {
			g.since = l.Opened
			n.gaps[source] = append(n.gaps[source], g)
		}
	}
}

// settle forgets the gaps of which a person has said that they are known: nothing else
// would ever close their alerts.
func (n *Numbers) settle(open []Listed) {
	for _, l := range open {
		source, told, ok := readSubject(l.Subject)
		if l.Kind == Sequence && !l.Acknowledged.IsZero() && ok {
			n.gaps[source] = slices.DeleteFunc(n.gaps[source], func(g gap) bool { return g.first == told.first && g.last == told.last })
		}
	}
}

// WatchNumbers tells of numbers that never came, until they do or a person acknowledges
// it; open lists the alerts that are open.
func WatchNumbers(n *Numbers, open func() []Listed) Watch {
	return Watch{Kinds: []string{Sequence}, Look: func(_ context.Context, now time.Time) (out []handover.Alert, err error) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.settle(open())
		for _, source := range slices.Sorted(maps.Keys(n.gaps)) {
			for _, g := range n.gaps[source] {
				if now.Sub(g.since) < numbersLate {
					continue
				}
				if len(out) == gapsAtMost {
					return out, nil
				}
				out = append(out, handover.Alert{Kind: Sequence, Subject: g.subject(source), Severity: handover.Warning,
					Text: fmt.Sprintf("%s has left out %s of MSH-13: a later one came at %s", source, g.numbers(), g.since.UTC().Format(time.RFC3339))})
			}
		}
		return out, nil
	}}
}

func (g gap) numbers() string {
	if g.first == g.last {
		return fmt.Sprintf("the number %d", g.first)
	}
	return fmt.Sprintf("the numbers %d to %d", g.first, g.last)
}
