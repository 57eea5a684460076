package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"handover"
	"handover/alert"
)

// tagsOf returns "system code" of a resource's tags, and whether it reads otherwise as it
// would without them.
func tagsOf(t *testing.T, content []byte) (tags []string) {
	t.Helper()
	var r struct {
		Meta struct {
			VersionID string
			Tag       []struct{ System, Code, Display string }
		}
	}
	if err := json.Unmarshal(content, &r); err != nil || r.Meta.VersionID == "" {
		t.Fatalf("%v: %s", err, content)
	}
	for _, tag := range r.Meta.Tag {
		tags = append(tags, tag.System+" "+tag.Code+" "+tag.Display)
	}
	return tags
}

// TestStale: what depends on a source that is silent or behind says so, and nothing else
// does; a search says it of all, since what did not come is not found.
func TestStale(t *testing.T) {
	h := aDay(t)
	opened := func(kind, source string) alert.Listed {
		return alert.Listed{Alert: handover.Alert{Kind: kind, Subject: source, Text: "since \"long\""}}
	}
	h.config.Alerts = alerts{[]alert.Listed{opened(alert.Silence, "lab"), opened(alert.Late, "pas"), opened(alert.Behind, "clinic")}}
	h.open()
	const tag = "urn:x-handover-code-system:stale-source lab since \"long\""
	pas, lab := "/fhir/Patient/"+patientID("PAS", "900001"), "/fhir/Patient/"+patientID("LAB", "L77")
	for _, c := range []struct {
		target, as string
		header     []string
		tags       []string
	}{
		{lab, "all", []string{"lab; silence"}, []string{tag}},
		{pas, "all", nil, nil},
		{lab, "lab", []string{"lab; silence"}, []string{tag}},
	} {
		a := h.get(c.target, "X-Test-As: "+c.as)
		if got := a.Header.Values("X-Handover-Stale"); !slices.Equal(got, c.header) {
			t.Errorf("%s as %s: header %q, want %q", c.target, c.as, got, c.header)
		}
		if got := tagsOf(t, []byte(a.body)); !slices.Equal(got, c.tags) {
			t.Errorf("%s as %s: tags %q, want %q", c.target, c.as, got, c.tags)
		}
	}
	for target, want := range map[string]string{
		"/fhir/Observation":                "[[lab; silence clinic; behind] 2 of 2]",
		"/fhir/Patient":                    "[[lab; silence clinic; behind] 1 of 2]",
		"/fhir/Patient?identifier=nobody":  "[[lab; silence clinic; behind] 0 of 0]",
		"/fhir/Patient?identifier=900001":  "[[lab; silence clinic; behind] 0 of 1]",
		"/fhir/Observation?_summary=count": "[[lab; silence clinic; behind] 0 of 0]",
	} {
		a := h.get(target)
		var b bundleOf
		a.into(t, http.StatusOK, &b)
		marked := 0
		for _, e := range b.Entry {
			marked += len(tagsOf(t, e.Resource))
		}
		if got := fmt.Sprintf("[%v %d of %d]", a.Header.Values("X-Handover-Stale"), marked, len(b.Entry)); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
	if a := h.get("/fhir/Patient", "X-Test-As: pas"); len(a.Header.Values("X-Handover-Stale")) != 0 {
		t.Error("who does not see a source is told of it")
	}
}

// TestATagBesideOthers: tags that a resource has stay.
func TestATagBesideOthers(t *testing.T) {
	h := newHouse(t)
	h.hear(h.receive("lab", "ORU^R01", "L1", "L77^^^LAB^MR"), "lab", "ORU^R01", say("Patient", "LAB", "L77", `meta={"tag":[{"system":"urn:example:x","code":"y","display":"z"}]}`))
	h.apply()
	h.config.Alerts = alerts{[]alert.Listed{{Alert: handover.Alert{Kind: alert.Behind, Subject: "lab", Text: "late"}}}}
	h.open()
	a := h.get("/fhir/Patient/" + patientID("LAB", "L77"))
	if got := tagsOf(t, []byte(a.body)); !slices.Equal(got, []string{"urn:example:x y z", "urn:x-handover-code-system:stale-source lab late"}) {
		t.Errorf("%q", got)
	}
}
