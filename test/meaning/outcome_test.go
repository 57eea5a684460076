package meaning

import (
	"fmt"
	"strings"

	"handover"
)

// quiet are the types that stories are seldom about: the log tells of them only
// what went wrong.
var quiet = map[string]bool{
	"MessageHeader": true, "Provenance": true, "Device": true, "Location": true, "Organization": true,
	"Practitioner": true, "PractitionerRole": true,
}

// log tells of each message what it made of the record.
func (h *hospital) log() []byte {
	h.t.Helper()
	a := h.asking()
	var b strings.Builder
	for _, said := range h.heard {
		fmt.Fprintf(&b, "%s %s\n", said.name, said.asserted.Event)
		w := said.writes
		for _, v := range w.Writes {
			if !quiet[v.Type] {
				fmt.Fprintf(&b, "  wrote %s version %d\n", a.name(v.Type+"/"+v.ID), v.Version)
			}
		}
		a.stale(&b, "same", w.Same)
		a.stale(&b, "older", w.Older)
		a.stale(&b, "parked", w.Parked)
		a.stale(&b, "flagged", w.Flagged)
		for _, p := range said.problems {
			fmt.Fprintf(&b, "  problem %s: %s\n", p.Where, p.Text)
		}
		for _, l := range said.asserted.Left {
			if !ordinary(l.Reason) {
				fmt.Fprintf(&b, "  left %s: %s\n", l.Field, l.Reason)
			}
		}
	}
	return []byte(b.String())
}

func (a *asking) stale(b *strings.Builder, what string, list []handover.Stale) {
	for _, s := range list {
		if quiet[s.Type] && what != "parked" && what != "flagged" {
			continue
		}
		fmt.Fprintf(b, "  %s %s", what, a.name(s.Type+"/"+s.ID))
		if s.Reason != "" {
			fmt.Fprintf(b, ": %s", s.Reason)
		}
		b.WriteByte('\n')
	}
}

// ordinary reports whether the reason says only that HL7's map has no place for
// the field, which stories are not about.
func ordinary(reason string) bool {
	for _, r := range []string{"no-map", "no-condition", "required"} {
		if strings.HasPrefix(reason, r+":") {
			return true
		}
	}
	return false
}
