package torture

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"handover"
	"handover/hl7v2"
	"handover/journal"
)

var everything = handover.Everything(handover.Actor{ID: "test"})

// kept is what the journal has of the messages, by control id.
type kept struct {
	received map[string][]handover.Offset
	content  map[string][sha256.Size]byte
	repeated int
	refused  int
	decided  map[handover.Offset]int // decisions by message
	state    map[handover.State]int
}

// readJournal goes through all facts of a folder that no engine uses.
func readJournal(t *testing.T, dir string) *kept {
	t.Helper()
	j, err := journal.Open(context.Background(), journal.Config{Dir: dir, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	k := &kept{received: map[string][]handover.Offset{}, content: map[string][sha256.Size]byte{},
		decided: map[handover.Offset]int{}, state: map[handover.State]int{}}
	for from := handover.Offset(1); ; {
		facts, err := j.Read(context.Background(), everything, from, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(facts) == 0 {
			return k
		}
		for _, f := range facts {
			k.add(t, j, f)
		}
		from = facts[len(facts)-1].Offset + 1
	}
}

func (k *kept) add(t *testing.T, j *journal.Journal, f handover.Entry) {
	t.Helper()
	switch f.Kind {
	case handover.Received:
		if f.Answer != "AA" {
			k.refused++
			return
		}
		body, err := j.Open(context.Background(), everything, f.Offset)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(body)
		if err != nil || body.Close() != nil {
			t.Fatal(err)
		}
		m, _ := hl7v2.Parse(content)
		if m == nil {
			t.Errorf("offset %d: what was accepted is no message", f.Offset)
			return
		}
		k.received[m.ControlID()] = append(k.received[m.ControlID()], f.Offset)
		k.content[m.ControlID()] = sha256.Sum256(content)
		k.decided[f.Offset] += 0
	case handover.Repeated:
		k.repeated++
	case handover.Decided:
		var d handover.Decision
		if err := json.NewDecoder(bytes.NewReader(f.Body.Bytes)).Decode(&d); err != nil {
			t.Errorf("offset %d: %v", f.Offset, err)
		}
		k.decided[f.Cause]++
		k.state[d.State]++
	}
}

// judge holds the senders' books against the journal: every acknowledged
// message once, with its bytes, in its connection's order, and decided once;
// and nothing else.
func (k *kept) judge(t *testing.T, all []*sender) {
	t.Helper()
	known := 0
	for _, s := range all {
		last := handover.Offset(0)
		for n := range s.acked.Load() {
			control := s.control(n)
			at := k.received[control]
			if len(at) != 1 {
				t.Errorf("%s was acknowledged and is there %d times", control, len(at))
				continue
			}
			if k.content[control] != sha256.Sum256(s.message(n)) {
				t.Errorf("%s is there with other bytes", control)
			}
			if at[0] <= last {
				t.Errorf("%s stands before the message that was sent before it", control)
			}
			last = at[0]
			known++
		}
	}
	if len(k.received) != known {
		t.Errorf("the journal has %d messages, %d were acknowledged", len(k.received), known)
	}
	for at, n := range k.decided {
		if n != 1 {
			t.Errorf("message %d was decided %d times", at, n)
		}
	}
}

// summary tells what was judged.
func (k *kept) summary() string {
	return fmt.Sprintf("%d messages kept, %d came again, %d refused and kept, decisions %v",
		len(k.received), k.repeated, k.refused, k.state)
}
