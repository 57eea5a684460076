package torture

import (
	"fmt"
	"maps"
	"slices"

	"handover"
	"handover/balance"
)

// What may be found, as Finding.What says it.
const (
	Lost        = "lost"                            // acknowledged and not there, or not as it was sent
	NotHad      = "taken as delivered that was not" // the receiver never said that it has it
	NotRejected = "taken as rejected that was not"  // the receiver never said so
	Unaccounted = "unaccounted"                     // there, and nobody can say what became of it
	Doubled     = "doubled without leave"           // kept twice, or sent twice where nothing lets it
	Disordered  = "out of order"                    // before what was sent before it
	Unbalanced  = "the balance does not agree"      // with itself, or with the books
	Unproven    = "not proven"                      // by `handover verify`
	Stuck       = "the engine did not do its work"  // it did not start, stop, answer or deliver in time
)

// Finding is one thing that may not be.
type Finding struct {
	What string `json:"what"`
	Text string `json:"text"`
}

// String reads as "lost: now-1-7 was acknowledged and is there 0 times".
func (f Finding) String() string { return f.What + ": " + f.Text }

// Destination says what a receiver is to get, and what it is to be spared. What is
// here is said by who wrote the configuration, and not read out of it.
type Destination struct {
	Name    string
	From    []string // sources of which it gets every message; nil: of all
	Repeats bool     // what is unknown may be sent again
	Shut    bool     // nothing can be sent there at all
}

// Books are the books of all sides after everything has come to rest.
type Books struct {
	Sent         []SentBook
	Kept         *Kept
	Destinations []Destination
	Receivers    map[string]ReceiverBook // by destination
	Balance      *balance.Report         // nil: it is not looked at
}

// Counts are what the books come to. Of what was found the counts are of messages and
// deliveries, not of findings.
type Counts struct {
	Acknowledged int `json:"acknowledged"`
	Lost         int `json:"lost"`
	NotHad       int `json:"taken_as_delivered_that_were_not"`
	Unaccounted  int `json:"unaccounted"`
	Doubled      int `json:"duplicated_without_leave"`
	Resent       int `json:"duplicated_by_policy"`  // arrived twice where the destination lets it
	Released     int `json:"duplicated_by_release"` // arrived twice, since a person let an unknown one go
	Unknown      int `json:"unknown"`               // parked, since nobody can say whether they arrived
	Rejected     int `json:"rejected"`              // parked, since the receiver said so
	Waiting      int `json:"waiting"`
	Delivered    int `json:"delivered"`
}

// Judge holds the books against each other. It finds nothing where every acknowledged
// message is kept once, with its bytes, in its connection's order, decided once, and
// nothing else is kept; where each has one delivery to each destination, which the
// receiver's own book bears out; and where the balance says the same.
func (b Books) Judge() (Counts, []Finding) {
	j := &judge{Books: b, sent: map[string]string{}}
	j.messages()
	j.decisions()
	for _, d := range b.Destinations {
		j.deliveries(d)
	}
	if b.Balance != nil {
		j.balance()
	}
	return j.Counts, j.found
}

type judge struct {
	Books
	Counts
	sent  map[string]string // MSH-10 → source, of what was acknowledged
	found []Finding
}

func (j *judge) find(count *int, what, format string, args ...any) {
	if count != nil {
		*count++
	}
	j.found = append(j.found, Finding{what, fmt.Sprintf(format, args...)})
}

// messages holds the senders' books against the journal.
func (j *judge) messages() {
	for _, book := range j.Sent {
		last := handover.Offset(0)
		for _, m := range book.Messages {
			j.Acknowledged++
			j.sent[m.Control] = book.Source
			at := j.Kept.Messages[m.Control]
			switch {
			case len(at) == 0:
				j.find(&j.Lost, Lost, "%s was acknowledged and is not there", m.Control)
				continue
			case len(at) > 1:
				j.find(&j.Doubled, Doubled, "%s was acknowledged and is there %d times", m.Control, len(at))
			}
			if at[0].Digest != m.Digest {
				j.find(&j.Lost, Lost, "%s is there with other bytes", m.Control)
			}
			if at[0].Offset <= last {
				j.find(nil, Disordered, "%s stands before the message that was sent before it", m.Control)
			}
			last = at[0].Offset
		}
	}
	for _, control := range slices.Sorted(maps.Keys(j.Kept.Messages)) {
		if _, sent := j.sent[control]; !sent {
			j.find(&j.Unaccounted, Unaccounted, "%s is there, and nobody has heard that it is", control)
		}
	}
}

// decisions: each kept message is decided once.
func (j *judge) decisions() {
	for _, at := range slices.Sorted(maps.Keys(j.Kept.Decided)) {
		switch n := j.Kept.Decided[at]; {
		case n == 0:
			j.find(&j.Unaccounted, Unaccounted, "message %d was never decided", at)
		case n > 1:
			j.find(&j.Doubled, Doubled, "message %d was decided %d times", at, n)
		}
	}
}

// deliveries holds a receiver's book against the journal.
func (j *judge) deliveries(to Destination) {
	book, mine := j.Receivers[to.Name], map[string][]*Delivery{}
	for id, d := range j.Kept.Deliveries {
		if id.To == to.Name {
			mine[d.Control] = append(mine[d.Control], d)
		}
	}
	for _, control := range slices.Sorted(maps.Keys(mine)) {
		for _, d := range mine[control] {
			j.delivery(to, book, d)
		}
	}
	for _, control := range slices.Sorted(maps.Keys(j.sent)) {
		wants := to.From == nil || slices.Contains(to.From, j.sent[control])
		switch n := len(mine[control]); {
		case wants && n == 0:
			j.find(&j.Unaccounted, Unaccounted, "%s has no delivery to %s", control, to.Name)
		case n > 1:
			j.find(&j.Doubled, Doubled, "%s has %d deliveries to %s", control, n, to.Name)
		case n == 1 && !wants:
			j.find(&j.Unaccounted, Unaccounted, "%s has a delivery to %s, which does not get such messages", control, to.Name)
		}
	}
	for _, control := range slices.Sorted(maps.Keys(book.Came)) {
		if len(mine[control]) == 0 {
			j.find(&j.Unaccounted, Unaccounted, "%s came to %s, and nothing says that it should", control, to.Name)
		}
	}
	j.order(to, book, mine)
}

// delivery holds one delivery against what its receiver saw and said.
func (j *judge) delivery(to Destination, book ReceiverBook, d *Delivery) {
	came, said, rejected := book.Came[d.Control], book.Said[d.Control], book.Rejected[d.Control]
	switch {
	case d.State == accepted:
		j.Delivered++
		if came == 0 || said == 0 {
			j.find(&j.NotHad, NotHad, "%s is held to be delivered to %s, which had it %d times and said so %d times", d.Control, to.Name, came, said)
		}
	case d.State == waiting && to.Shut:
		j.Waiting++
	case d.State == parked && d.Reason == string(handover.Unknown):
		j.Unknown++
	case d.State == parked && d.Reason == string(handover.Rejected):
		j.Rejected++
		if rejected == 0 {
			j.find(nil, NotRejected, "%s is held to be rejected by %s, which never did", d.Control, to.Name)
		}
	case d.State != parked:
		j.find(&j.Unaccounted, Unaccounted, "%s to %s is %s at the end", d.Control, to.Name, d.State)
	}
	switch {
	case came > d.Tries:
		j.find(&j.Unaccounted, Unaccounted, "%s came to %s %d times, of %d tries that were written down", d.Control, to.Name, came, d.Tries)
	case came <= 1: // as it should be
	case came > 1+d.Released+d.Unknown, !to.Repeats && d.Released == 0:
		j.find(&j.Doubled, Doubled, "%s was sent to %s %d times; %d tries ended as unknown, and it was let go %d times",
			d.Control, to.Name, came, d.Unknown, d.Released)
	case came-rejected <= 1: // it was taken once
	case d.Released > 0:
		j.Released++
	default:
		j.Resent++
	}
}

// order: what nobody parked came, for the first time, in the order in which its
// patient's messages were sent.
func (j *judge) order(to Destination, book ReceiverBook, mine map[string][]*Delivery) {
	place := map[string]int{}
	for i, control := range book.Order {
		place[control] = i
	}
	for _, sent := range j.Sent {
		last := map[string]string{} // patient → the last message that came
		for _, m := range sent.Messages {
			at, came := place[m.Control]
			if !came || len(mine[m.Control]) != 1 || mine[m.Control][0].State == parked || mine[m.Control][0].Released > 0 {
				continue
			}
			if before, any := last[m.Patient]; any && at < place[before] {
				j.find(nil, Disordered, "%s came to %s before %s of the same patient, which was sent before it", m.Control, to.Name, before)
			}
			last[m.Patient] = m.Control
		}
	}
}
