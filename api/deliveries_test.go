package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/deliver"
)

// outbox is what is to be sent, made up.
type outbox struct {
	paused  map[string]bool
	entries []deliver.Entry
	done    []string
}

func newOutbox() *outbox {
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	id := func(of handover.Offset, to string) handover.DeliveryID { return handover.DeliveryID{Of: of, To: to} }
	return &outbox{paused: map[string]bool{}, entries: []deliver.Entry{
		{DeliveryID: id(2, "registry"), Message: 1, Source: "pas", Route: "out", State: "parked", Created: at, Since: at, Tries: 1,
			Reason: "rejected", Owner: "interfaces", Deadline: at.Add(time.Hour)},
		{DeliveryID: id(9, "registry"), Message: 8, Source: "lab", Route: "out", State: "waiting", Created: at, Since: at},
	}}
}

func (o *outbox) List(_ context.Context, access handover.Access, q deliver.Query) (out []deliver.Entry, err error) {
	for _, e := range o.entries {
		if access.May(handover.Row{Source: e.Source}) && (q.State == "" || q.State == e.State) && e.Of > q.After.Of && (q.Limit == 0 || len(out) < q.Limit) {
			out = append(out, e)
		}
	}
	return out, nil
}

func (o *outbox) Statuses(context.Context) ([]deliver.Status, error) {
	return []deliver.Status{{
		Name: "registry", Owner: "interfaces", Waiting: 3, Parked: 1, Overdue: 1, Failures: 2, Last: "connection refused",
		Tries: map[handover.Ending]int64{handover.Accepted: 5, handover.Failed: 2},
	}}, nil
}

func (o *outbox) Pause(_ context.Context, by handover.Access, p handover.Pause) error {
	return o.halt(by, "pause", p)
}

func (o *outbox) Resume(_ context.Context, by handover.Access, p handover.Pause) error {
	return o.halt(by, "resume", p)
}

// halt takes orders for one destination, one source and one route.
func (o *outbox) halt(by handover.Access, act string, p handover.Pause) error {
	switch {
	case p.Source == "pas" && by.May(handover.Row{Source: "pas"}), p.Route == "admissions":
		o.done = append(o.done, by.Actor.ID+" "+act+" "+p.Source+p.Route+" "+p.Why)
		o.paused[p.Source+p.Route] = act == "pause"
		return nil
	case p.Destination != "":
		return o.decide(by, act, handover.DeliveryID{Of: 2, To: p.Destination}, p.Why)
	}
	return &handover.Error{Op: "pausing", Kind: handover.NotFound}
}

// Paused tells of what was ordered.
func (o *outbox) Paused(p handover.Pause) (deliver.Halt, bool) {
	return deliver.Halt{By: "somebody", Why: "it moves"}, o.paused[p.Source+p.Route]
}

func (o *outbox) Resend(_ context.Context, by handover.Access, message handover.Offset, to []string, _ []byte, why string) (handover.Offset, error) {
	return 77, o.decide(by, "resend", handover.DeliveryID{Of: message + 1, To: to[0]}, why)
}

func (o *outbox) decide(by handover.Access, act string, id handover.DeliveryID, why string) error {
	for _, e := range o.entries {
		if e.DeliveryID == id && by.May(handover.Row{Source: e.Source}) {
			o.done = append(o.done, strings.Join([]string{by.Actor.ID, act, id.Of.String(), id.To, why}, " "))
			return nil
		}
	}
	return &handover.Error{Kind: handover.NotFound, Err: errors.New("no such delivery is open")}
}

func (o *outbox) Park(_ context.Context, by handover.Access, id handover.DeliveryID, why string) error {
	return o.decide(by, "park", id, why)
}

func (o *outbox) Release(_ context.Context, by handover.Access, id handover.DeliveryID, why string) error {
	return o.decide(by, "release", id, why)
}

func (o *outbox) Cancel(_ context.Context, by handover.Access, id handover.DeliveryID, why string) error {
	return o.decide(by, "cancel", id, why)
}

func TestDeliveries(t *testing.T) {
	h := aDay(t)
	const parked = `{"of":2,"to":"registry","message":1,"source":"pas","route":"out","state":"parked","created":"2026-03-02T08:00:00Z",` +
		`"since":"2026-03-02T08:00:00Z","tries":1,"reason":"rejected","owner":"interfaces","deadline":"2026-03-02T09:00:00Z"}`
	if got := h.get("/api/v1/deliveries?limit=1").body; got != `{"deliveries":[`+parked+`],"after":"registry/2"}`+"\n" {
		t.Errorf("the first page: %s", got)
	}
	if got := h.get("/api/v1/deliveries?limit=1&after=registry/2").body; !strings.Contains(got, `"of":9`) || strings.Contains(got, `"after"`) {
		t.Errorf("the second page: %s", got)
	}
	if got := h.get("/api/v1/deliveries?state=parked&destination=registry&reason=rejected").body; got != `{"deliveries":[`+parked+`]}`+"\n" {
		t.Errorf("what is parked: %s", got)
	}
	for _, query := range []string{"state=gone", "limit=0", "limit=x", "after=registry", "colour=red"} {
		h.get("/api/v1/deliveries?"+query).failure(t, http.StatusBadRequest)
	}
}

func TestDestinations(t *testing.T) {
	h := aDay(t)
	want := `{"destinations":[{"name":"registry","owner":"interfaces","waiting":3,"parked":1,"overdue":1,"failures":2,` +
		`"last":"connection refused","strays":0,"tries":{"accepted":5,"failed":2}}]}` + "\n"
	if got := h.get("/api/v1/destinations").body; got != want {
		t.Errorf("destinations: %s", got)
	}
	figures := h.get("/metrics").body
	for _, line := range []string{
		`handover_deliveries{destination="registry",state="waiting"} 3`,
		`handover_deliveries{destination="registry",state="parked"} 1`,
		`handover_deliveries_overdue{destination="registry"} 1`,
		`handover_stray_answers_total{destination="registry"} 0`,
		`handover_destination_failures{destination="registry"} 2`,
		`handover_delivery_tries_total{destination="registry",ending="accepted"} 5`,
	} {
		if !strings.Contains(figures, line+"\n") {
			t.Errorf("no line %s in %s", line, figures)
		}
	}
}

func TestDeciding(t *testing.T) {
	h := aDay(t)
	decide := func(target, body string, headers ...string) answer {
		return h.send(httptest.NewRequest(http.MethodPost, "/api/v1/deliveries/"+target, strings.NewReader(body)), headers...)
	}
	for target, status := range map[string]int{"3/registry/park": 404, "2/moon/park": 404, "2/registry/keep": 404, "x/registry/park": 404} {
		decide(target, `{"why":"because"}`).failure(t, status)
	}
	for _, body := range []string{"", "{}", `{"why":" "}`, `why`, `{"why":"` + strings.Repeat("x", 9000) + `"}`} {
		decide("2/registry/park", body).failure(t, http.StatusBadRequest)
	}
	decide("2/registry/release", `{"why":"because"}`, "X-Test-As: lab").failure(t, http.StatusNotFound)
	for _, act := range []string{"park", "release", "cancel"} {
		if a := decide("2/registry/"+act, `{"why":"because"}`); a.StatusCode != http.StatusOK || a.body != `{"of":2,"to":"registry"}`+"\n" {
			t.Errorf("%s: %d %s", act, a.StatusCode, a.body)
		}
	}
	halt := func(target, body string) answer {
		return h.send(httptest.NewRequest(http.MethodPost, "/api/v1/"+target, strings.NewReader(body)))
	}
	halt("destinations/registry/pause", "{}").failure(t, http.StatusBadRequest)
	halt("destinations/moon/pause", `{"why":"because"}`).failure(t, http.StatusNotFound)
	halt("destinations/registry/stop", `{"why":"because"}`).failure(t, http.StatusNotFound)
	for _, act := range []string{"pause", "resume"} {
		if a := halt("sources/pas/"+act, `{"why":"because"}`); a.StatusCode != http.StatusOK || strings.Contains(a.body, `"paused":{"since":"0001-01-01T00:00:00Z","by":"somebody","why":"it moves"}`) != (act == "pause") {
			t.Errorf("%s: %d %s", act, a.StatusCode, a.body)
		}
		if a := halt("routes/admissions/"+act, `{"why":"because"}`); a.StatusCode != http.StatusOK || strings.Contains(a.body, `"why":"it moves"`) != (act == "pause") {
			t.Errorf("%s: %d %s", act, a.StatusCode, a.body)
		}
		if a := halt("destinations/registry/"+act, `{"why":"because"}`); a.StatusCode != http.StatusOK || !strings.Contains(a.body, `"name":"registry"`) {
			t.Errorf("%s: %d %s", act, a.StatusCode, a.body)
		}
	}
	again := func(target, body string) answer {
		return h.send(httptest.NewRequest(http.MethodPost, "/api/v1/messages/"+target+"/resend", strings.NewReader(body)))
	}
	again("1", `{"to":["registry"]}`).failure(t, http.StatusBadRequest)
	again("1", `{"why":"because"}`).failure(t, http.StatusBadRequest)
	again("7", `{"to":["registry"],"why":"because"}`).failure(t, http.StatusNotFound)
	if a := again("1", `{"to":["registry"],"why":"because"}`); a.StatusCode != http.StatusOK || a.body != `{"of":77}`+"\n" {
		t.Errorf("resend: %d %s", a.StatusCode, a.body)
	}
	if got := strings.Join(h.outbox.done, ", "); got != "test park 2 registry because, test release 2 registry because, test cancel 2 registry because, test pause pas because, test pause admissions because, test pause 2 registry because, test resume pas because, test resume admissions because, test resume 2 registry because, test resend 2 registry because" {
		t.Errorf("done was: %s", got)
	}
}
