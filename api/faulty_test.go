package api_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/journal"
	"handover/record"
	"handover/trace"
)

// deleted is a record whose one resource was deleted.
type deleted struct{ *record.Record }

func (deleted) Read(context.Context, handover.Access, handover.Offset, string, string) (record.Resource, error) {
	return record.Resource{}, &handover.Error{Op: "reading a resource", Kind: handover.Gone, Err: errors.New("the resource was deleted")}
}

func (deleted) History(context.Context, handover.Access, handover.Offset, string, string, int, string) (record.Page, error) {
	return record.Page{Resources: []record.Resource{{Type: "Patient", ID: "p1", Version: 2, LastUpdated: noon}}}, nil
}

const secret = "Secret-Family"

// faulty is a record that fails, with an error that tells too much.
type faulty struct {
	*record.Record
	err    error
	thrown any
}

func (f faulty) Search(context.Context, handover.Access, record.Query) (record.Page, error) {
	if f.thrown != nil {
		panic(f.thrown)
	}
	return record.Page{}, f.err
}

// TestOurFaultsTellNothing: what others put into an error of our own side does
// not reach the client, and a panic's value not even the log.
func TestOurFaultsTellNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		status int
		issue  string
	}{
		{"unknown error", errors.New(secret), 500, "exception"},
		{"internal", &handover.Error{Op: secret, Err: errors.New(secret)}, 500, "exception"},
		{"unavailable", &handover.Error{Op: "x", Kind: handover.Unavailable, Err: errors.New(secret)}, 503, "transient"},
		{"full", &handover.Error{Kind: handover.Full, Err: errors.New(secret)}, 507, "no-store"},
		{"took too long", context.DeadlineExceeded, 503, "transient"},
	} {
		var log bytes.Buffer
		h := newHouse(t)
		h.config.Record, h.config.Log = faulty{Record: h.record, err: c.err}, slog.New(slog.NewTextHandler(&log, nil))
		h.open()
		a := h.get("/fhir/Patient?identifier=urn:x|" + secret)
		issues := a.outcome(t, c.status)
		if !strings.HasPrefix(issues[0], c.issue+":") || strings.Contains(a.body, secret) {
			t.Errorf("%s: %s", c.name, a.body)
		}
		if !strings.Contains(log.String(), a.Header.Get("X-Request-Id")) || strings.Contains(log.String(), "identifier") {
			t.Errorf("%s: logged %s", c.name, &log)
		}
	}
}

func TestAPanicIsAnswered(t *testing.T) {
	var log bytes.Buffer
	h := newHouse(t)
	h.config.Record, h.config.Log = faulty{Record: h.record, thrown: secret}, slog.New(slog.NewTextHandler(&log, nil))
	h.open()
	a := h.get("/fhir/Patient")
	a.outcome(t, http.StatusInternalServerError)
	if strings.Contains(a.body+log.String(), secret) || !strings.Contains(log.String(), "thrown=string") {
		t.Errorf("answer %s, log %s", a.body, &log)
	}
}

func TestWhatTheRecordRefusesIsTheClientsFault(t *testing.T) {
	h := newHouse(t)
	h.config.Record = faulty{Record: h.record, err: &handover.Error{Op: "searching", Kind: handover.Unsupported, Where: "code", Err: errors.New("not yet")}}
	h.open()
	if issues := h.get("/fhir/Observation?code=x").outcome(t, http.StatusBadRequest); issues[0] != "not-supported http.code: searching: not yet" {
		t.Errorf("got %v", issues)
	}
}

// expired is a journal whose bodies retention has removed.
type expired struct{ *journal.Journal }

func (e expired) Get(ctx context.Context, access handover.Access, at handover.Offset) (handover.Entry, error) {
	entry, err := e.Journal.Get(ctx, access, at)
	entry.Gone, entry.Body = true, handover.Body{}
	return entry, err
}

// stuck is a trace that does not answer.
type stuck struct{ *trace.Trace }

func (stuck) Applied(context.Context) (handover.Offset, error) { return 0, errors.New(secret) }

func (stuck) Counts(context.Context, time.Time) (map[string]map[handover.State]int64, error) {
	return nil, errors.New(secret)
}
