package v2fhir

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/hl7v2"
	"handover/internal/golden"
)

// The stories mirror the mapping guide: message/ADT_A01, segment/PID,
// datatype/CX. A story may have a file "only" with the resource types to show,
// and a file "zone" with the source's time zone.
func TestGolden(t *testing.T) {
	golden.Run(t, "testdata/golden", func(t *testing.T, s *golden.Story) ([]byte, string) {
		m, _ := hl7v2.Parse(s.Message())
		if m == nil {
			t.Fatal("the story's message cannot be read")
		}
		c := Config{Source: "story"}
		if zone, ok := s.File("zone"); ok {
			loc, err := time.LoadLocation(strings.TrimSpace(zone))
			if err != nil {
				t.Fatal(err)
			}
			c.Zone = loc
		}
		a, problems := New(c).Convert(m)
		checkAssertions(t, "story", &a)
		only, _ := s.File("only")
		return storyJSON(t, &a, strings.Fields(only)), storyLog(&a, problems, strings.Fields(only))
	})
}

// storyJSON shows each resource by its handle, references by handle.
func storyJSON(t *testing.T, a *handover.Assertions, only []string) []byte {
	t.Helper()
	out := map[string]any{}
	for _, r := range a.Resources {
		if len(only) > 0 && !slices.Contains(only, r.Type) {
			continue
		}
		shown := map[string]any{}
		for _, e := range r.Elements {
			if e.Removed && e.Part == "" {
				shown[e.Name] = "(removed)"
			}
		}
		for _, e := range wholeElements(r.Elements) {
			if e.Value != nil {
				shown[e.JSONProperty()] = json.RawMessage(strings.ReplaceAll(string(e.Value), handover.HandleScheme, ""))
			}
			if e.Extra != nil {
				shown["_"+e.JSONProperty()] = json.RawMessage(strings.ReplaceAll(string(e.Extra), handover.HandleScheme, ""))
			}
		}
		out[r.Handle] = shown
	}
	data, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// storyLog shows identities, corrections, merges, what was left and problems.
func storyLog(a *handover.Assertions, problems []handover.Problem, only []string) string {
	var b strings.Builder
	for _, r := range a.Resources {
		if len(only) > 0 && !slices.Contains(only, r.Type) {
			continue
		}
		for _, id := range r.Identities {
			fmt.Fprintf(&b, "%s is %s\n", r.Handle, describe(id))
		}
		for _, e := range r.Elements {
			if e.Removed && e.Part != "" {
				fmt.Fprintf(&b, "%s.%s of %s is removed\n", r.Handle, e.Name, e.Part)
			}
		}
		if r.Correction {
			fmt.Fprintf(&b, "%s is a correction\n", r.Handle)
		}
	}
	for _, m := range a.Merges {
		fmt.Fprintf(&b, "%s %s <- %s %s\n", m.Kind, m.Survivor, m.Loser, m.Moved)
	}
	for _, l := range a.Left {
		fmt.Fprintf(&b, "left %s %s\n", l.Field, l.Reason)
	}
	for _, p := range problems {
		fmt.Fprintf(&b, "problem %s %s\n", p.Where, p.Text)
	}
	return b.String()
}

// describe shows an identity; the digest in a message's own is cut.
func describe(id handover.Identity) string {
	if id.Type == "message" {
		control, rest, _ := strings.Cut(id.Value, "/")
		_, rest, _ = strings.Cut(rest, "/")
		return "message " + control + "/.../" + rest
	}
	s := id.Value
	if id.Authority != "" {
		s += " of " + id.Authority
	}
	if id.Type != "" {
		s += " as " + id.Type
	}
	if id.Scope != "" {
		s += " within " + id.Scope
	}
	if id.Order {
		s += " (order)"
	}
	return s
}
