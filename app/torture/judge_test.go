package torture

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"handover"
	"handover/balance"
)

// honest are books of six messages in which nothing is wrong: to careful one is parked
// as unknown and one as rejected; to again one came twice, as it may; to sealed
// all of them wait.
func honest() Books {
	b := Books{
		Destinations: []Destination{{Name: "careful"}, {Name: "again", Repeats: true}, {Name: "sealed", Shut: true}},
		Receivers:    map[string]ReceiverBook{"careful": emptyBook(), "again": emptyBook(), "sealed": emptyBook()},
		Kept: &Kept{Messages: map[string][]Message{}, Decided: map[handover.Offset]int{},
			Deliveries: map[handover.DeliveryID]*Delivery{}, States: map[handover.State]int{}},
	}
	sent := SentBook{Source: "now"}
	for n := range 6 {
		m := Sent{Control: fmt.Sprint("M", n), Patient: fmt.Sprint("P", n%2), Digest: sha256.Sum256([]byte{byte(n)})}
		sent.Messages = append(sent.Messages, m)
		at := handover.Offset(1 + 2*n)
		b.Kept.Messages[m.Control] = []Message{{at, m.Digest}}
		b.Kept.Decided[at] = 1
		for _, to := range b.Destinations {
			d := &Delivery{Control: m.Control, State: accepted, Tries: 1}
			b.Kept.Deliveries[handover.DeliveryID{Of: at + 1, To: to.Name}] = d
			r := b.Receivers[to.Name]
			if to.Shut {
				d.State = waiting
				continue
			}
			r.Came[m.Control], r.Said[m.Control], r.Order = 1, 1, append(r.Order, m.Control)
			b.Receivers[to.Name] = r
		}
	}
	b.Sent = []SentBook{sent}
	b.of("M1", "careful").State, b.of("M1", "careful").Reason, b.of("M1", "careful").Unknown = parked, "unknown", 1
	b.Receivers["careful"].Said["M1"] = 0
	b.of("M2", "careful").State, b.of("M2", "careful").Reason = parked, "rejected"
	b.Receivers["careful"].Said["M2"], b.Receivers["careful"].Rejected["M2"] = 0, 1
	b.of("M3", "again").Tries, b.of("M3", "again").Unknown, b.Receivers["again"].Came["M3"] = 2, 1, 2
	b.Balance = &balance.Report{Balanced: true, Sources: []balance.SourceBook{{Name: "now", Received: 9, Refused: 1, Duplicate: 2, Routed: 6}},
		Destinations: []balance.DestinationBook{
			{Name: "careful", Created: 6, Accepted: 4, Parked: 1, Unknown: 1}, {Name: "again", Created: 6, Accepted: 6}, {Name: "sealed", Created: 6, InFlight: 6},
		}}
	return b
}

func emptyBook() ReceiverBook {
	return ReceiverBook{Came: map[string]int{}, Said: map[string]int{}, Rejected: map[string]int{}}
}

// of returns a message's delivery to a destination.
func (b Books) of(control, to string) *Delivery {
	for id, d := range b.Kept.Deliveries {
		if id.To == to && d.Control == control {
			return d
		}
	}
	return nil
}

func TestJudgeFindsNothingInHonestBooks(t *testing.T) {
	counts, found := honest().Judge()
	want := Counts{Acknowledged: 6, Resent: 1, Unknown: 1, Rejected: 1, Waiting: 6, Delivered: 10}
	if counts != want || len(found) > 0 {
		t.Errorf("%+v, %v", counts, found)
	}
}

// TestJudgeNamesEachFault makes one thing wrong at a time: it must be found, and
// named.
func TestJudgeNamesEachFault(t *testing.T) {
	for _, c := range []struct {
		what, text string
		spoil      func(*Books)
	}{
		{Lost, "M4 was acknowledged and is not there", func(b *Books) {
			at := b.Kept.Messages["M4"][0].Offset
			delete(b.Kept.Messages, "M4")
			delete(b.Kept.Decided, at)
			for _, to := range b.Destinations {
				delete(b.Kept.Deliveries, handover.DeliveryID{Of: at + 1, To: to.Name})
			}
		}},
		{Lost, "M4 is there with other bytes", func(b *Books) { b.Kept.Messages["M4"][0].Digest[0]++ }},
		{Doubled, "M4 was acknowledged and is there 2 times", func(b *Books) {
			b.Kept.Messages["M4"] = append(b.Kept.Messages["M4"], Message{99, b.Kept.Messages["M4"][0].Digest})
		}},
		{Disordered, "M4 stands before", func(b *Books) { b.Kept.Messages["M4"][0].Offset = 1 }},
		{Unaccounted, "M9 is there, and nobody has heard", func(b *Books) { b.Kept.Messages["M9"] = []Message{{Offset: 99}} }},
		{Unaccounted, "message 3 was never decided", func(b *Books) { b.Kept.Decided[3] = 0 }},
		{Doubled, "message 3 was decided 2 times", func(b *Books) { b.Kept.Decided[3] = 2 }},
		{NotHad, "M0 is held to be delivered to careful, which had it 0 times", func(b *Books) { delete(b.Receivers["careful"].Came, "M0") }},
		{NotHad, "M0 is held to be delivered to careful, which had it 1 times and said so 0 times", func(b *Books) { delete(b.Receivers["careful"].Said, "M0") }},
		{NotHad, "M0 is held to be delivered to sealed", func(b *Books) { b.of("M0", "sealed").State = accepted }},
		{NotRejected, "M2 is held to be rejected by careful", func(b *Books) { delete(b.Receivers["careful"].Rejected, "M2") }},
		{Unaccounted, "M0 has no delivery to again", func(b *Books) { delete(b.Kept.Deliveries, handover.DeliveryID{Of: 2, To: "again"}) }},
		{Unaccounted, "M0 to again is waiting at the end", func(b *Books) { b.of("M0", "again").State = waiting }},
		{Unaccounted, "M0 to sealed is under way at the end", func(b *Books) { b.of("M0", "sealed").State = underWay }},
		{Doubled, "M0 has 2 deliveries to again", func(b *Books) {
			b.Kept.Deliveries[handover.DeliveryID{Of: 99, To: "again"}] = &Delivery{Control: "M0", State: accepted, Tries: 1}
		}},
		{Unaccounted, "M0 has a delivery to again, which does not get such", func(b *Books) { b.Destinations[1].From = []string{"later"} }},
		{Unaccounted, "M9 came to careful, and nothing says that it should", func(b *Books) { b.Receivers["careful"].Came["M9"] = 1 }},
		{Unaccounted, "M0 came to again 2 times, of 1 tries", func(b *Books) { b.Receivers["again"].Came["M0"] = 2 }},
		{Doubled, "M0 was sent to careful 2 times", func(b *Books) {
			b.Receivers["careful"].Came["M0"], b.of("M0", "careful").Tries, b.of("M0", "careful").Unknown = 2, 2, 1
		}},
		{Doubled, "M3 was sent to again 2 times; 0 tries ended as unknown", func(b *Books) { b.of("M3", "again").Unknown = 0 }},
		{Disordered, "M4 came to again before M2", func(b *Books) {
			order := b.Receivers["again"].Order
			order[2], order[4] = order[4], order[2]
		}},
		{Unbalanced, "it says itself", func(b *Books) { b.Balance.Balanced = false }},
		{Unbalanced, "it has 7 messages that were taken, and the journal 6", func(b *Books) { b.Balance.Sources[0].Received++ }},
		{Unbalanced, "it has 5 deliveries to careful that were accepted, and the journal 4", func(b *Books) { b.Balance.Destinations[0].Accepted++ }},
		{Unbalanced, "offset 7: an outcome of no try", func(b *Books) {
			b.Balance.Findings = []balance.Finding{{Part: "deliveries", Offset: 7, Text: "an outcome of no try"}}
		}},
	} {
		b := honest()
		c.spoil(&b)
		_, found := b.Judge()
		if !slices.ContainsFunc(found, func(f Finding) bool { return f.What == c.what && strings.Contains(f.Text, c.text) }) {
			t.Errorf("%s: %s: found is %v", c.what, c.text, found)
		}
	}
}

// TestReleasedIsNoFault: what a person lets go may come twice, and is counted.
func TestReleasedIsNoFault(t *testing.T) {
	b := honest()
	d := b.of("M1", "careful")
	d.State, d.Tries, d.Released = accepted, 2, 1
	b.Receivers["careful"].Came["M1"], b.Receivers["careful"].Said["M1"] = 2, 1
	b.Balance = nil
	if counts, found := b.Judge(); counts.Released != 1 || len(found) > 0 {
		t.Errorf("%+v, %v", counts, found)
	}
}
