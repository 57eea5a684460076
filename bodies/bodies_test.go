package bodies

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"handover"
)

var testKey = []byte("a key for tests, which opens nothing")

// asserted is a fact of the body.
func asserted(body []byte) *handover.Entry {
	return &handover.Entry{Offset: 2, Header: handover.Header{Kind: handover.Asserted, Cause: 1, Format: MediaType}, Body: handover.Body{Bytes: body}}
}

func written(body []byte) *handover.Entry {
	return &handover.Entry{Offset: 3, Header: handover.Header{Kind: handover.Written, Cause: 1, Format: MediaType}, Body: handover.Body{Bytes: body}}
}

// learned is a form that knows what another one numbered.
func learned(t testing.TB, from *Form) *Form {
	t.Helper()
	to := &Form{SiteKey: from.SiteKey, Shapes: &Shapes{}}
	if body := from.Shapes.Since(0); body != nil {
		if n, err := to.Shapes.Learn(body); err != nil || n != from.Shapes.Len() {
			t.Fatal(n, err)
		}
	}
	return to
}

// there and back again, by a reader that has nothing but the facts.
func roundTrip(t testing.TB, a handover.Assertions, w handover.Writes) {
	t.Helper()
	f := &Form{SiteKey: testKey, Shapes: &Shapes{}}
	said, did := f.AppendAssertions(nil, &a), f.AppendWrites(nil, 1, &a, &w)
	reader := learned(t, f)
	gotA, err := reader.Assertions(asserted(said))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(a, gotA, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("assertions read back otherwise (-want +got):\n%s", d)
	}
	gotW, err := reader.Writes(written(did), &gotA)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(w, gotW, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("writes read back otherwise (-want +got):\n%s", d)
	}
}

// raw is a value as the transform made it.
func raw(s string) json.RawMessage { return json.RawMessage(s) }

// result is a message of two observations, with all that an Asserted fact can
// hold.
func result() handover.Assertions {
	at := time.Date(2026, 1, 2, 3, 4, 5, 600, time.FixedZone("", 3600))
	from := func(fields ...string) (out []handover.Origin) {
		for i, f := range fields {
			out = append(out, handover.Origin{Path: "value[" + string(rune('0'+i)) + "]", Field: f, Rule: "segment/OBX-Observation:7"})
		}
		return out
	}
	return handover.Assertions{
		Source: "lab", Event: "ORU^R01", EventTime: at, SentTime: at.UTC(), Digest: []byte{0, 255, 7},
		Resources: []handover.ResourceAssertion{
			{Type: "Patient", Handle: "Patient-1", Patient: "Patient-1", Identities: []handover.Identity{{Authority: "A", Type: "MR", Value: "7"}},
				Elements: []handover.Element{
					{Name: "identifier", Part: "PID-3", Value: raw(`[{"system":"A","value":"7"}]`), From: from("PID-3[2].1")},
					{Name: "identifier", Part: "MRG-1", Value: raw(`[{"system":"A","value":"7"},{"value":"8"}]`)},
					{Name: "birthDate", Value: raw(`"1970-01-01"`), Extra: raw(`{"extension":[{"url":"http://x","valueDecimal":-1.50e3,"b":[true,null,[],{}]}]}`)},
					{Name: "name", Removed: true, From: from("PID-5")},
					{Name: "contact", Part: "NK1/", Removed: true, Listed: true},
				}},
			{Type: "Observation", Handle: "Observation-1", Patient: "Patient-1", Correction: true, Renamed: true,
				Identities: []handover.Identity{{Type: "FILL", Value: "1", Order: true}, {Value: "n", Scope: "Specimen-2"}},
				Elements: []handover.Element{
					{Name: "value", Property: "valueString", Value: raw(`"a\"\\\u00e9é"`), From: from("OBX[1]-5", "OBX[1]-6", "OBR[2]-4", "PID-3")},
					{Name: "subject", Value: raw(`{"reference":"urn:handover:Patient-1","display":"urn:handover:Patient-1"}`)},
					{Name: "note", Part: "NTE/3", Value: raw(`[{"text":""}]`)},
				}},
			{Type: "Observation", Handle: "odd", Patient: "nobody", Identities: []handover.Identity{{Value: "", Scope: "nobody"}},
				Elements: []handover.Element{
					{Name: "value", Property: "valueString", Value: raw(`"b"`), From: from("OBX[12]-5", "OBX[12]-6", "OBR[2]-4", "PID-3")},
					{Name: "hasMember", Part: "Observation//FILL/1", Value: raw(`[{"reference":"urn:handover:Observation-1"}]`)},
					{Name: "hasMember", Part: "Observation//FILL/2", Value: raw(`[{"reference":"urn:handover:nobody"}]`)},
					{Name: "spaced", Value: raw(`{ "a": 1 }`), From: from("OBX[#0]-1", "OBX[07]-1", "OBX[99999999999999999999]-1", "OBX[]-1", "OBX[3")},
					{Name: "hash", Value: raw(`"#"`)},
					{Name: "broken", Value: raw(`{"a":`), Extra: raw(`"`)},
				}},
			{Type: "Specimen", Handle: "Specimen-1", Identities: []handover.Identity{{Value: "s"}}},
			{Type: "Specimen", Handle: "Specimen-2", Identities: []handover.Identity{{Value: "s", Scope: "Observation-1"}}},
			{Type: "Specimen", Handle: "Specimen-2", Identities: []handover.Identity{{Value: "twice"}}},
		},
		Merges: []handover.Merge{{Kind: "move", Event: "ADT^A45", Survivor: "a", Loser: "b", Moved: "c"}},
		Left:   []handover.Left{{Field: "ZPD-3", Reason: "no-map: \x00\xff"}},
	}
}

// resultWrites is what the record makes of it, with all that a Written fact can
// hold.
func resultWrites(a *handover.Assertions) handover.Writes {
	patient := handover.ResourceID(testKey, "Patient", "A", "7")
	order := a.Resources[1].Identities[0].Qualified("lab", "", "Patient/"+patient)
	observation := handover.ResourceID(testKey, "Observation", order, "1")
	other := handover.ResourceID(testKey, "Specimen", "elsewhere", "s")
	return handover.Writes{
		Writes: []handover.Write{
			{Type: "Patient", ID: patient, Handles: []string{"Patient-1"}, Version: 3, Patient: patient,
				Aliases: []handover.Alias{{Authority: "A", Value: "7"}, {Authority: "B", Value: "8"}},
				Content: raw(`{"resourceType":"Patient","id":"` + patient + `","identifier":[{"value":"8"},{"system":"A","value":"7"}],"name":[{"family":"X"}],` +
					`"birthDate":"1970-01-01","_birthDate":{"extension":[{"url":"http://x","valueDecimal":-1.50e3,"b":[true,null,[],{}]}]}}`),
				Sources: []handover.ElementSource{{Source: "lab", From: 1}, {Element: "name", Part: "PID-5", Source: "pas", From: -7}}},
			{Type: "Observation", ID: observation, Handles: []string{"Observation-1", "nobody"}, Version: 1, Patient: patient,
				Aliases: []handover.Alias{{Authority: order, Value: "1"}}, Sources: []handover.ElementSource{{Source: "lab", From: 1}},
				Content: raw(`{"resourceType":"Observation","id":"` + observation + `","valueString":"a\"\\\u00e9é","subject":{"reference":"Patient/` + patient +
					`","display":"urn:handover:Patient-1"}}`)},
			{Type: "Task", ID: "short", Version: -1, Content: raw(`{"resourceType":"Other"}`)},
			{Type: "Task", ID: observation, Patient: other},
			{Type: "Task", ID: "x", Content: raw(`{"resourceType":"Task","id":"x","a":[1,2`)},
		},
		Same:   []handover.Stale{{Type: "Specimen", ID: other, Handle: "Specimen-1"}, {Type: "Other", ID: other, Handle: "Specimen-1"}},
		Older:  []handover.Stale{{Type: "Observation", ID: observation, Handle: "odd", Reason: "newer word stands", Aliases: []handover.Alias{{}, {Authority: "x", Value: ""}}}},
		Parked: []handover.Stale{{Type: "Specimen", ID: "named", Handle: "Specimen-2"}},
		United: []handover.United{{Type: "Patient", ID: patient, Into: other, Aliases: []handover.Alias{{Authority: "A", Value: "7"}}},
			{Type: "Encounter", ID: "short"}},
		Flagged: []handover.Stale{{}, {Type: "Patient", ID: patient, Handle: "Patient-1", Reason: "look"}},
	}
}

func TestFactsReadBack(t *testing.T) {
	a := result()
	roundTrip(t, a, resultWrites(&a))
	roundTrip(t, handover.Assertions{}, handover.Writes{})
}

// A shape that is common to many messages is numbered once, and a message that
// is like another needs no new one.
func TestShapesAreNumberedOnce(t *testing.T) {
	f := &Form{SiteKey: testKey, Shapes: &Shapes{}}
	a := result()
	f.AppendAssertions(nil, &a)
	n := f.Shapes.Len()
	a.Resources[0].Elements[0].Value = raw(`[{"system":"other","value":"9"}]`)
	a.Resources[1].Elements[0].From[0].Field, a.Resources[1].Elements[0].From[1].Field = "OBX[77]-5", "OBX[77]-6"
	f.AppendAssertions(nil, &a)
	if f.Shapes.Len() != n || f.Shapes.Since(n) != nil {
		t.Errorf("%d shapes, want %d", f.Shapes.Len(), n)
	}
	// The two valueString elements differ only in numbers and text.
	if first, second := a.Resources[1].Elements[:1], a.Resources[2].Elements[:1]; first[0].Name != second[0].Name {
		t.Fatal("the test compares the wrong elements")
	}
}

// No value that a message brought is in a shape.
func TestShapesHoldNoContent(t *testing.T) {
	f := &Form{SiteKey: testKey, Shapes: &Shapes{}}
	const secret = "SECRET"
	a := handover.Assertions{Source: secret, Event: secret, Resources: []handover.ResourceAssertion{{
		Type: "Patient", Handle: "Patient-1", Identities: []handover.Identity{{Authority: secret, Type: secret, Value: secret}},
		Elements: []handover.Element{
			{Name: "name", Value: raw(`[{"family":"SECRET","given":["SECRET",-1234567]},"urn:handover:SECRET","urn:handover:Patient-1"]`)},
			{Name: "link", Part: "Patient/SECRET/SECRET/SECRET", Value: raw(`{"other":{"reference":"urn:handover:Patient-1"}}`)},
			{Name: "link", Part: "NK1/SECRET", Value: raw(`{ "a":"SECRET" }`), Extra: raw(`"SECRET"`)},
			{Name: "name", Part: "PID-SECRET", Value: raw(`"SECRET"`)},
		},
	}}}
	roundTrip(t, a, handover.Writes{})
	f.AppendAssertions(nil, &a)
	if body := string(f.Shapes.Since(0)); f.Shapes.Len() == 0 || strings.Contains(body, secret) || strings.Contains(body, "1234567") {
		t.Errorf("%d shapes: %q", f.Shapes.Len(), body)
	}
}

func TestShapesAreForgotten(t *testing.T) {
	f := &Form{SiteKey: testKey, Shapes: &Shapes{}}
	a := result()
	f.AppendAssertions(nil, &a)
	whole, n := f.Shapes.Since(0), f.Shapes.Len()
	f.Shapes.Forget(2)
	if f.Shapes.Len() != 2 {
		t.Fatal(f.Shapes.Len())
	}
	f.AppendAssertions(nil, &a)
	if f.Shapes.Len() != n || !bytes.Equal(f.Shapes.Since(0), whole) {
		t.Errorf("%d shapes after numbering again, want the same %d", f.Shapes.Len(), n)
	}
}

func TestShapesAreLearned(t *testing.T) {
	f, g := &Form{SiteKey: testKey, Shapes: &Shapes{}}, &Form{SiteKey: testKey, Shapes: &Shapes{}}
	a, b := result(), handover.Assertions{Resources: []handover.ResourceAssertion{{Elements: []handover.Element{{Name: "other"}}}}}
	f.AppendAssertions(nil, &a)
	g.AppendAssertions(nil, &b)
	whole := f.Shapes.Since(0)
	for _, bad := range [][]byte{nil, whole[:len(whole)-1], append(bytes.Clone(whole), 0), f.Shapes.Since(1), g.Shapes.Since(0)} {
		s := &Shapes{}
		if bytes.Equal(bad, g.Shapes.Since(0)) { // right by itself, but not after the others
			if _, err := s.Learn(whole); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Learn(bad); handover.KindOf(err) != handover.Invalid {
			t.Errorf("learned %q: %v", bad, err)
		}
	}
	if n, err := f.Shapes.Learn(whole); err != nil || n != f.Shapes.Len() {
		t.Errorf("what is known was not learned again: %d, %v", n, err)
	}
}

// Where there is no room for more shapes, elements stand whole.
func TestShapesAreBounded(t *testing.T) {
	f := &Form{SiteKey: testKey, Shapes: &Shapes{}}
	f.Shapes.bytes = maxShapeBytes
	a := result()
	body := f.AppendAssertions(nil, &a)
	if f.Shapes.Len() != 0 {
		t.Fatal(f.Shapes.Len())
	}
	got, err := f.Assertions(asserted(body))
	if d := cmp.Diff(a, got, cmpopts.EquateEmpty()); d != "" || err != nil {
		t.Error(err, d)
	}
}

// A program that puts contents together otherwise than the one that wrote them
// must not give another history.
func TestChangedContentsAreTold(t *testing.T) {
	f := &Form{SiteKey: testKey, Shapes: &Shapes{}}
	a := result()
	w := resultWrites(&a)
	body := f.AppendWrites(nil, 1, &a, &w)
	a.Resources[0].Elements[2].Value = raw(`"1970-01-02"`)
	if _, err := f.Writes(written(body), &a); !errors.Is(err, errChanged) || handover.KindOf(err) != handover.Invalid {
		t.Error(err)
	}
}

// A body that is cut off, or of which one byte is another, is an error or reads
// as something, but is never a fault of ours.
func TestDamagedFacts(t *testing.T) {
	f := &Form{SiteKey: testKey, Shapes: &Shapes{}}
	a := result()
	w := resultWrites(&a)
	said, did := f.AppendAssertions(nil, &a), f.AppendWrites(nil, 1, &a, &w)
	for i := range said {
		if _, err := f.Assertions(asserted(said[:i])); err == nil {
			t.Errorf("%d bytes of an asserted fact were taken for all", i)
		}
		said[i] ^= 0x55
		_, _ = f.Assertions(asserted(said)) // may even be another fact
		said[i] ^= 0x55
	}
	for i := range did {
		if _, err := f.Writes(written(did[:i]), &a); err == nil {
			t.Errorf("%d bytes of a written fact were taken for all", i)
		}
		did[i] ^= 0x55
		_, _ = f.Writes(written(did), &a)
		did[i] ^= 0x55
	}
}

func TestJSONIsReadToo(t *testing.T) {
	a := result()
	w := resultWrites(&a)
	w.Writes = w.Writes[:4] // the last one has a content that is no JSON
	entry := &handover.Entry{Header: handover.Header{Format: "application/json"}, Body: handover.Body{Bytes: w.AppendJSON(nil)}}
	got, err := new(Form).Writes(entry, &a)
	if d := cmp.Diff(w, got, cmpopts.EquateEmpty()); d != "" || err != nil {
		t.Error(err, d)
	}
	entry.Body.Bytes = []byte(`{"source":"SECRET`)
	if _, err = new(Form).Assertions(entry); handover.KindOf(err) != handover.Invalid || strings.Contains(err.Error(), "SECRET") {
		t.Error(err)
	}
}
