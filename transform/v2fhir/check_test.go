package v2fhir

import (
	"encoding/json"
	"strings"
	"testing"

	"handover"
	"handover/fhir"
)

// checkAssertions holds what is true of all assertions: handles are unique,
// every reference leads to a resource of the message, something refers to what is
// only mentioned, every resource has an identity, every element is JSON, is an element of its type, and says where it
// came from.
func checkAssertions(t *testing.T, name string, a *handover.Assertions) {
	t.Helper()
	handles := map[string]bool{}
	for _, r := range a.Resources {
		if handles[r.Handle] {
			t.Errorf("%s: handle %s twice", name, r.Handle)
		}
		handles[r.Handle] = true
	}
	for _, r := range a.Resources {
		if len(r.Identities) == 0 {
			t.Errorf("%s: %s has no identity", name, r.Handle)
		}
		for _, id := range r.Identities {
			if id.Scope != "" && !handles[id.Scope] {
				t.Errorf("%s: %s is known within %s, which is not there", name, r.Handle, id.Scope)
			}
		}
		for _, e := range r.Elements {
			checkElement(t, name, &r, &e, handles)
		}
	}
	referred := map[string]bool{}
	for _, r := range a.Resources {
		for _, to := range references(a, r.Handle) {
			referred[to] = true
		}
	}
	for _, r := range a.Resources {
		if mentioned[r.Type] && !referred[r.Handle] {
			t.Errorf("%s: nothing refers to %s", name, r.Handle)
		}
	}
	for _, m := range a.Merges {
		if !handles[m.Survivor] || !handles[m.Loser] || m.Moved != "" && !handles[m.Moved] {
			t.Errorf("%s: a merge names a resource that is not there", name)
		}
	}
}

func checkElement(t *testing.T, name string, r *handover.ResourceAssertion, e *handover.Element, handles map[string]bool) {
	t.Helper()
	typ := fhir.Definitions().Type(r.Type)
	p := typ.Property(e.JSONProperty())
	if e.Removed && p == nil && typ.Element(e.Name+"[x]") != nil {
		return // of a choice, whichever it was
	}
	if p == nil || p.Element.BaseName() != e.Name {
		t.Errorf("%s: %s has no element %s (%s)", name, r.Type, e.JSONProperty(), e.Name)
	}
	for _, raw := range []json.RawMessage{e.Value, e.Extra} {
		if raw != nil && !json.Valid(raw) {
			t.Errorf("%s: %s.%s is not JSON", name, r.Handle, e.Name)
		}
		for _, part := range strings.Split(string(raw), `"reference":"`+handover.HandleScheme)[1:] {
			if handle, _, _ := strings.Cut(part, `"`); !handles[handle] {
				t.Errorf("%s: %s.%s refers to %q, which is not there", name, r.Handle, e.Name, handle)
			}
		}
	}
	if e.Removed == (e.Value != nil || e.Extra != nil) {
		t.Errorf("%s: %s.%s is set and removed, or neither", name, r.Handle, e.Name)
	}
	if len(e.From) == 0 {
		t.Errorf("%s: %s.%s does not say where it came from", name, r.Handle, e.Name)
	}
}
