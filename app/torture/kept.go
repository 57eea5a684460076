package torture

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"handover"
	"handover/journal"
)

// Kept is what a journal has of messages and deliveries.
type Kept struct {
	Messages   map[string][]Message // by MSH-10: what was answered with AA
	Decided    map[handover.Offset]int
	Deliveries map[handover.DeliveryID]*Delivery
	Facts      int
	Repeated   int // messages that came again
	Refused    int // messages that were kept and not accepted
	States     map[handover.State]int
}

// Message is a message as it was kept.
type Message struct {
	Offset handover.Offset
	Digest [sha256.Size]byte
}

// Delivery is what the facts tell of a delivery, by the rules of
// docs/formats/deliver.md.
type Delivery struct {
	Control  string // MSH-10 of its message
	State    string // waiting, under way, parked, accepted, cancelled
	Reason   string // of what is parked
	Tries    int
	Unknown  int // tries that ended as unknown
	Released int // times that a person let it go
}

// ReadKept goes through all facts of a data folder that no engine uses.
func ReadKept(ctx context.Context, dir string) (*Kept, error) {
	j, err := journal.Open(ctx, journal.Config{Dir: dir, Reserve: -1})
	if err != nil {
		return nil, err
	}
	k := &Kept{Messages: map[string][]Message{}, Decided: map[handover.Offset]int{},
		Deliveries: map[handover.DeliveryID]*Delivery{}, States: map[handover.State]int{}}
	err = k.read(ctx, j)
	return k, errors.Join(err, j.Close())
}

func (k *Kept) read(ctx context.Context, j *journal.Journal) error {
	controls := map[handover.Offset]string{}
	for from := handover.Offset(1); ; {
		facts, err := j.Read(ctx, everything, from, 0)
		if err != nil || len(facts) == 0 {
			return err
		}
		for _, f := range facts {
			k.Facts++
			switch f.Kind {
			case handover.Received:
				err = k.received(ctx, j, f, controls)
			case handover.Repeated:
				k.Repeated++
			default:
				err = k.told(f, controls)
			}
			if err != nil {
				return fmt.Errorf("fact %d: %w", f.Offset, err)
			}
		}
		from = facts[len(facts)-1].Offset + 1
	}
}

var everything = handover.Everything(handover.Actor{ID: "torture"})

func (k *Kept) received(ctx context.Context, j *journal.Journal, f handover.Entry, controls map[handover.Offset]string) error {
	if f.Answer != "AA" {
		k.Refused++
		return nil
	}
	body, err := j.Open(ctx, everything, f.Offset)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(body)
	if err = errors.Join(err, body.Close()); err != nil {
		return err
	}
	fields := strings.SplitN(string(content[:min(len(content), 512)]), "|", 11)
	if len(fields) < 11 {
		return errors.New("what was accepted is no message")
	}
	control := fields[9]
	controls[f.Offset] = control
	k.Messages[control] = append(k.Messages[control], Message{f.Offset, sha256.Sum256(content)})
	k.Decided[f.Offset] += 0
	return nil
}

// told takes in a fact that is about a message or a delivery.
func (k *Kept) told(f handover.Entry, controls map[handover.Offset]string) error {
	var said struct {
		handover.DeliveryID
		State      handover.State
		Deliveries []struct{ To string }
		Ending     string
		Reason     string
		Late       bool
	}
	if f.Kind == handover.Decided {
		k.Decided[f.Cause]++
	} else if f.Format != "application/json" {
		return nil
	}
	if err := json.Unmarshal(f.Body.Bytes, &said); err != nil {
		if f.Kind == handover.Decided {
			return err
		}
		return nil // of a kind that is not looked at
	}
	if f.Kind == handover.Decided {
		k.States[said.State]++
		for _, one := range said.Deliveries {
			k.Deliveries[handover.DeliveryID{Of: f.Offset, To: one.To}] = &Delivery{Control: controls[f.Cause], State: waiting}
		}
		return nil
	}
	if d := k.Deliveries[said.DeliveryID]; d != nil {
		d.take(f.Kind, said.Ending, said.Reason, said.Late)
	}
	return nil
}

// The states of a delivery.
const (
	waiting   = "waiting"
	underWay  = "under way"
	parked    = "parked"
	accepted  = "accepted"
	cancelled = "cancelled"
)

func (d *Delivery) take(kind handover.FactKind, ending, reason string, late bool) {
	switch kind {
	case handover.Attempted:
		d.Tries++
	case handover.Ended:
		if ending == string(handover.Unknown) && !late {
			d.Unknown++
		}
	case handover.Released:
		d.Released++
	}
	if d.State == accepted || d.State == cancelled {
		return
	}
	switch kind {
	case handover.Attempted:
		d.State = underWay
	case handover.Ended:
		if ending == string(handover.Accepted) {
			d.State = accepted
		} else if !late {
			d.State = waiting
		}
	case handover.Parked:
		d.State, d.Reason = parked, reason
	case handover.Released:
		d.State = waiting
	case handover.Cancelled:
		d.State = cancelled
	}
}

// Count returns how many deliveries are in each state, and parked for each reason.
func (k *Kept) Count() map[string]int {
	out := map[string]int{}
	for _, d := range k.Deliveries {
		if out[d.State]++; d.State == parked {
			out["parked as "+d.Reason]++
		}
	}
	return out
}

// Summary tells in a line what is there.
func (k *Kept) Summary() string {
	return fmt.Sprintf("%d messages kept, %d came again, %d refused and kept, decisions %v",
		len(k.Messages), k.Repeated, k.Refused, k.States)
}
