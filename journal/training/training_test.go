package training_test

import (
	"bytes"
	"testing"

	"handover/hl7v2"
	"handover/journal/training"
)

func TestSameSeedSameBytes(t *testing.T) {
	one, again, other := training.Messages(5, 20), training.Messages(5, 20), training.Messages(6, 20)
	if !bytes.Equal(bytes.Join(one, nil), bytes.Join(again, nil)) {
		t.Error("the same seed gave other bytes")
	}
	if bytes.Equal(bytes.Join(one, nil), bytes.Join(other, nil)) {
		t.Error("another seed gave the same bytes")
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
