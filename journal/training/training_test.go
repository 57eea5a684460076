package training_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"handover"
	"handover/hl7v2"
	"handover/journal/training"
)

func TestSameSeedSameBytes(t *testing.T) {
	for name, make := range map[string]func(uint64, int) [][]byte{"messages": training.Messages, "facts": training.Facts} {
		one, again, other := make(5, 20), make(5, 20), make(6, 20)
		if !bytes.Equal(bytes.Join(one, nil), bytes.Join(again, nil)) {
			t.Errorf("%s: the same seed gave other bytes", name)
		}
		if bytes.Equal(bytes.Join(one, nil), bytes.Join(other, nil)) {
			t.Errorf("%s: another seed gave the same bytes", name)
		}
	}
}

func TestMessagesParse(t *testing.T) {
	for i, m := range training.Messages(5, 200) {
		parsed, problems := hl7v2.Parse(m)
		if parsed == nil || parsed.Len() < 2 || parsed.ControlID() == "" {
			t.Errorf("message %d cannot be read: %v", i, problems)
		}
	}
}

func TestFactsDecode(t *testing.T) {
	for i, f := range training.Facts(5, 50) {
		var said handover.Assertions
		var wrote handover.Writes
		if i%2 == 0 {
			if err := json.Unmarshal(f, &said); err != nil || len(said.Resources) < 2 {
				t.Errorf("fact %d: %d resources, %v", i, len(said.Resources), err)
			}
		} else if err := json.Unmarshal(f, &wrote); err != nil || len(wrote.Writes) < 2 {
			t.Errorf("fact %d: %d writes, %v", i, len(wrote.Writes), err)
		}
	}
}
