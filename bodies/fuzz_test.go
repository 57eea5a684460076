package bodies

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"handover"
)

// FuzzAssertions: whatever a transform says reads back the same.
func FuzzAssertions(f *testing.F) {
	f.Add("OBX[2]-5", "PID-13", `{"a":["x",1,null,{"reference":"urn:handover:A-1"}]}`, "a\x80b")
	f.Add("OBX[#1]-5", "A///", `{"a\":1}`, "")
	f.Add("OBX[07]-5", "OBX-1", `"#"`, "urn:handover:")
	f.Fuzz(func(t *testing.T, field, part, value, text string) {
		a := handover.Assertions{Source: text, Resources: []handover.ResourceAssertion{
			{Type: "A", Handle: "A-1", Patient: text, Identities: []handover.Identity{{Authority: text, Value: part, Scope: "A-1"}},
				Elements: []handover.Element{
					{Name: "x", Property: text, Part: part, Value: json.RawMessage(value), From: []handover.Origin{{Field: field, Path: text, Rule: part}}},
					{Name: "x", Part: text, Extra: json.RawMessage(value), From: []handover.Origin{{Field: text}, {Field: field}}},
				}},
			{Type: text, Handle: text, Identities: []handover.Identity{{Value: text, Order: true}}},
		}}
		id := handover.ResourceID(testKey, "A", text+" of "+text, part)
		w := handover.Writes{
			Writes: []handover.Write{{Type: "A", ID: id, Handles: []string{"A-1", text}, Patient: text, Content: json.RawMessage(`{"resourceType":"A","id":"` + id + `","x":` + value + `}`)},
				{Type: "A", ID: text, Content: json.RawMessage(value), Sources: []handover.ElementSource{{Source: text}}}},
			Same: []handover.Stale{{Type: text, ID: part, Handle: text, Aliases: []handover.Alias{{Authority: text, Value: part}}}},
		}
		roundTrip(t, a, w)
	})
}

// FuzzBodies: a body from anywhere gives a fact or an error, and what it gives
// can be written again.
func FuzzBodies(f *testing.F) {
	form := &Form{SiteKey: testKey, Shapes: &Shapes{}}
	a := result()
	w := resultWrites(&a)
	said, did := form.AppendAssertions(nil, &a), form.AppendWrites(nil, 1, &a, &w)
	f.Add(form.Shapes.Since(0), said, did)
	f.Fuzz(func(t *testing.T, shapes, said, did []byte) {
		form := &Form{SiteKey: testKey, Shapes: &Shapes{}}
		_, _ = form.Shapes.Learn(shapes)
		got, err := form.Assertions(asserted(said))
		if err != nil {
			return
		}
		again, err := form.Assertions(asserted(form.AppendAssertions(nil, &got)))
		if d := cmp.Diff(got, again, cmpopts.EquateEmpty()); err != nil || d != "" {
			t.Fatal(err, d)
		}
		wrote, err := form.Writes(written(did), &got)
		if err != nil {
			return
		}
		rewrote, err := form.Writes(written(form.AppendWrites(nil, 1, &got, &wrote)), &got)
		if d := cmp.Diff(wrote, rewrote, cmpopts.EquateEmpty()); err != nil || d != "" {
			t.Fatal(err, d)
		}
	})
}
