package handover_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"handover"
)

func TestErrorText(t *testing.T) {
	cases := []struct {
		err  error
		want string
	}{
		{&handover.Error{Op: "reading route", Where: "routes/adt.yaml:4", Err: errors.New("no such destination")},
			"routes/adt.yaml:4: reading route: no such destination"},
		{&handover.Error{Op: "opening volume 12", Kind: handover.Full, Err: io.ErrShortWrite}, "opening volume 12: short write"},
		{&handover.Error{Kind: handover.NotFound}, "not-found"},
		{&handover.Error{Kind: handover.Invalid, Where: "PID-5.1"}, "PID-5.1: invalid"},
	}
	for _, c := range cases {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestKindOf: the outermost Error counts, through any wrapping.
func TestKindOf(t *testing.T) {
	inner := &handover.Error{Kind: handover.Full}
	outer := &handover.Error{Kind: handover.Unavailable, Err: inner}
	for _, c := range []struct {
		err  error
		want handover.Kind
	}{
		{fmt.Errorf("appending: %w", inner), handover.Full},
		{fmt.Errorf("appending: %w", outer), handover.Unavailable},
		{errors.New("plain"), handover.Internal},
	} {
		if got := handover.KindOf(c.err); got != c.want {
			t.Errorf("KindOf(%v) = %v, want %v", c.err, got, c.want)
		}
	}
}

// TestEveryKindHasConsequences: no kind is left without an answer of each sort.
func TestEveryKindHasConsequences(t *testing.T) {
	for k := handover.Internal; k <= handover.Usage; k++ {
		c := k.Consequence()
		if c.Name == "" || c.HTTP < 400 || c.Issue == "" || c.Ack == "" || c.Condition == "" || c.Exit == 0 {
			t.Errorf("kind %d: %+v", k, c)
		}
	}
	if handover.Kind(200).Consequence() != handover.Internal.Consequence() {
		t.Error("an unknown kind is not treated as a fault of our own")
	}
}
