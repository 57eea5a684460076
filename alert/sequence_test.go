package alert

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"handover"
)

// told are the subjects of what the watch finds.
func told(t *testing.T, n *Numbers, now time.Time, open ...Listed) string {
	t.Helper()
	found, err := WatchNumbers(n, func() []Listed { return open }).Look(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, a := range found {
		out = append(out, a.Subject)
	}
	return strings.Join(out, ", ")
}

func TestNumbers(t *testing.T) {
	for came, want := range map[string]string{
		"1 2 3 4":                 "",
		"17 18 22 23":             "pas 19-21",
		"17 20 18 19":             "", // over two connections
		"17 22 19 20":             "pas 18-18, pas 21-21",
		"17 17 18 18 20":          "pas 19-19", // sent again
		"500 501 1 2 3":           "",          // begins anew
		"5000 5001 3001 3002":     "",          // begins anew elsewhere
		"5000 5001 4999 5003":     "pas 5002-5002",
		"8 -1 20 21":              "", // says that any may follow
		"8 0 20 22":               "pas 21-21",
		"8  9 11":                 "pas 10-10", // one without a number says nothing
		"8 x 20":                  "",
		"1 3 5 7 9":               "pas 2-2, pas 4-4, pas 6-6, pas 8-8",
		"8 9223372036854775807 9": "pas 10-9223372036854775806",
	} {
		n := NewNumbers()
		for _, number := range strings.Split(came, " ") {
			n.Heard("pas", number, monday)
		}
		if got := told(t, n, monday.Add(time.Second)); got != "" {
			t.Errorf("%s: told at once: %s", came, got)
		}
		if got := told(t, n, monday.Add(numbersLate)); got != want {
			t.Errorf("%s: %q, want %q", came, got, want)
		}
	}
}

// TestNumbersAfterARestart: what was told is known again, closes when the numbers come,
// and when a person says that it is known.
func TestNumbersAfterARestart(t *testing.T) {
	n := NewNumbers()
	open := []Listed{
		{Alert: handover.Alert{Kind: Sequence, Subject: "pas 18-19"}, Opened: monday},
		{Alert: handover.Alert{Kind: Sequence, Subject: "lab 5-5"}, Opened: monday},
		{Alert: handover.Alert{Kind: Silence, Subject: "pas 7-8"}, Opened: monday},
	}
	n.Restore(open)
	later := monday.Add(time.Hour)
	if got := told(t, n, later, open...); got != "lab 5-5, pas 18-19" {
		t.Error(got)
	}
	n.Heard("pas", "20", later)
	n.Heard("pas", "18", later)
	n.Heard("pas", "19", later)
	if got := told(t, n, later, open...); got != "lab 5-5" {
		t.Error(got)
	}
	open[1].Acknowledged = later
	if got := told(t, n, later, open...); got != "" {
		t.Error(got)
	}
}

// TestManyGaps: a feed of which most is missing does not raise thousands of alerts.
func TestManyGaps(t *testing.T) {
	n := NewNumbers()
	for i := range 3 * gapsKept {
		n.Heard("pas", fmt.Sprint(1+2*i), monday)
	}
	if got := len(n.gaps["pas"]); got != gapsKept {
		t.Errorf("%d are kept", got)
	}
	if got := strings.Split(told(t, n, monday.Add(time.Hour)), ", "); len(got) != gapsAtMost || !slices.Contains(got, "pas 2-2") {
		t.Errorf("%d are told", len(got))
	}
}
