package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"handover/reconcile"
)

// compare posts a list.
func (h *house) compare(query, list string, headers ...string) answer {
	r := httptest.NewRequest(http.MethodPost, "/api/v1/reconcile?"+query, strings.NewReader(list))
	r.Header.Set("Content-Type", "text/csv; charset=utf-8")
	return h.send(r, headers...)
}

func TestReconcile(t *testing.T) {
	h := aDay(t)
	var r reconcile.Report
	h.compare("source=pas", "identifier,gender\nurn:example:pas|900001,male\n900002,\n").into(t, http.StatusOK, &r)
	if r.Source != "pas" || r.Lines != 2 || r.Compared != 1 || r.Agree != 0 || r.Counts[reconcile.Differs] != 1 || r.Counts[reconcile.NotInRecord] != 1 || len(r.Findings) != 2 {
		t.Errorf("%+v", r)
	}
	if f := r.Findings[0]; f.ID != patientID("PAS", "900001") || f.Record != "female" || f.Extract != "male" || f.Line != 2 {
		t.Errorf("%+v", f)
	}
	// The laboratory's patient is not of the administration, and not the other way.
	r = reconcile.Report{}
	h.compare("source=lab", "identifier\nL77\n").into(t, http.StatusOK, &r)
	if r.All() != 0 || r.Agree != 1 {
		t.Errorf("%+v", r)
	}
	r = reconcile.Report{}
	h.compare("source=lab&type=Observation&limit=1", "identifier\nR9\nR8\n").into(t, http.StatusOK, &r)
	if r.All() != 4 || len(r.Findings) != 1 {
		t.Errorf("%+v", r)
	}
	r = reconcile.Report{}
	h.compare("source=pas&made=2031-03-04T12:00:01Z", "identifier\n").into(t, http.StatusOK, &r)
	if r.All() != 0 || r.Later != 1 {
		t.Errorf("what was heard after the list was made is held against it: %+v", r)
	}
}

func TestReconcileRefuses(t *testing.T) {
	h := aDay(t)
	for _, c := range []struct {
		query, list, want string
		status            int
	}{
		{"", "identifier\n", "there is no such source", http.StatusNotFound},
		{"source=registry", "identifier\n", "there is no such source", http.StatusNotFound},
		{"source=pas&type=Person2", "identifier\n", "no resource type", http.StatusBadRequest},
		{"source=pas&made=yesterday", "identifier\n", "it is a span back from now", http.StatusBadRequest},
		{"source=pas&limit=-1", "identifier\n", "not negative", http.StatusBadRequest},
		{"source=pas&colour=blue", "identifier\n", "no such parameter", http.StatusBadRequest},
		{"source=pas", "identifier,gender\n1\n", "line 2: reading the extract: it has not as many cells", http.StatusBadRequest},
		{"source=pas", "identifier,name\n900001,x\n", "name one of its elements", http.StatusBadRequest},
	} {
		if got := h.compare(c.query, c.list).failure(t, c.status); !strings.Contains(got, c.want) {
			t.Errorf("%s %q: %s", c.query, c.list, got)
		}
	}
	h.ask(http.MethodPost, "/api/v1/reconcile?source=pas").failure(t, http.StatusUnsupportedMediaType)
	long := "identifier\n" + strings.Repeat("9", 65<<20)
	h.compare("source=pas", long).failure(t, http.StatusRequestEntityTooLarge)
}
