package torture

import (
	"encoding/json"
	"testing"
	"time"

	"handover"
	"handover/balance"
	"handover/internal/store"
)

// balanced asks the running engine for its balance, and fails if it does not.
func (e *engine) balanced() balance.Report {
	e.t.Helper()
	var r balance.Report
	e.get("/api/v1/balance", &r)
	if !r.Balanced {
		e.t.Errorf("the books do not balance: %+v", r)
	}
	return r
}

// foundWithin is how soon a fault must be found, and named, among a million messages.
const foundWithin = time.Minute

// balanceAmong breaks what a stopped engine holds, and then a running one: each fault
// must be found, and named by its offset, within a minute.
func balanceAmong(e *engine) {
	e.t.Helper()
	e.start()
	began := time.Now()
	for e.balanced().Checked.IsZero() && !e.t.Failed() {
		time.Sleep(time.Second)
	}
	e.t.Logf("a round of the balance after a start: %v", time.Since(began).Round(time.Second))
	e.stop()

	passed, doubled := breakFacts(e.t, e.data)
	began = time.Now()
	e.start()
	e.find("a decision that was dropped", began, "messages", passed)
	e.find("an outcome that came twice", began, "deliveries", doubled)
	for _, c := range []struct{ what, table, choose, remove, part string }{
		{"a message that the trace lost", "trace", `SELECT id FROM message ORDER BY id LIMIT 1 OFFSET (SELECT count(*) / 2 FROM message)`,
			`DELETE FROM message WHERE id = ?`, "messages"},
		{"a resource that the record lost", "record", `SELECT pack FROM resource WHERE rid = (SELECT max(rid) / 3 FROM resource)`,
			`DELETE FROM resource WHERE rid = (SELECT max(rid) / 3 FROM resource) AND pack = ?`, "record"},
		{"a version that the record lost", "record", `SELECT pack FROM version WHERE rid >= (SELECT max(rid) / 3 * 2 FROM version) ORDER BY rid LIMIT 1`,
			`DELETE FROM version WHERE (rid, version) IN (SELECT rid, version FROM version WHERE rid >= (SELECT max(rid) / 3 * 2 FROM version) AND pack = ? ORDER BY rid LIMIT 1)`, "record"},
	} {
		at := remove(e.t, e.data, c.table, c.choose, c.remove)
		e.find(c.what, time.Now(), c.part, at)
	}
}

// breakFacts adds to the journal what cannot be: a message that nobody decided before
// a later one, and the end of a try that never was. It returns their offsets.
func breakFacts(t *testing.T, data string) (passed, doubled handover.Offset) {
	t.Helper()
	j := openJournal(t, data)
	defer j.Close()
	fact := func(kind handover.FactKind, body any) handover.Draft {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return handover.Draft{Header: handover.Header{Kind: kind, Source: "now", Class: handover.KeepForever, Actor: "test", Format: "application/json"},
			Body: handover.Body{Bytes: text}}
	}
	message := func(answer string) handover.Draft {
		d := fact(handover.Received, nil)
		d.Header.Answer, d.Header.Class, d.Header.Format = answer, handover.KeepMessage, "application/hl7-v2"
		d.Body.Bytes = []byte("MSH|^~\\&|A|B|C|D|20260302||ADT^A01|" + answer + "|P|2.5.1\rPID|1||1^^^TEST^MR\r")
		return d
	}
	later := 1
	decided := fact(handover.Decided, handover.Decision{State: handover.StateRouted})
	decided.CauseInBatch = &later
	receipts, err := j.Append(t.Context(), []handover.Draft{message("AE"), message("AA"), decided,
		fact(handover.Ended, handover.Result{DeliveryID: handover.DeliveryID{Of: 2, To: "nowhere"}, Try: 1, Ending: handover.Accepted})})
	if err != nil {
		t.Fatal(err)
	}
	return receipts[0].Offset, receipts[3].Offset
}

// remove takes a row out of a table of a running engine, and returns the offset that
// names it.
func remove(t *testing.T, data, table, choose, remove string) (at handover.Offset) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Place: store.Place{Dir: data}, Name: table, Schema: []string{""}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		var n int64
		if _, err := tx.Get(t.Context(), []any{&n}, choose); err != nil {
			return err
		}
		at = handover.Offset(n)
		_, err := tx.Exec(t.Context(), remove, n)
		return err
	})
	if err != nil || at == 0 {
		t.Fatalf("%s: offset %d, %v", remove, at, err)
	}
	return at
}

// find waits until the balance names the offset.
func (e *engine) find(what string, began time.Time, part string, at handover.Offset) {
	e.t.Helper()
	for {
		var r balance.Report
		e.get("/api/v1/balance", &r)
		for _, f := range r.Findings {
			if f.Part == part && f.Offset == at {
				e.t.Logf("%s is named after %v: offset %d, %s", what, time.Since(began).Round(100*time.Millisecond), at, f.Text)
				return
			}
		}
		if time.Since(began) > foundWithin {
			e.t.Errorf("%s (%s, offset %d) is not found within %v: %+v", what, part, at, foundWithin, r.Findings)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestBalanceAmongMany does to some thousand messages what TestStartAtAMillion does to
// a million in the end.
func TestBalanceAmongMany(t *testing.T) {
	if !long() {
		t.Skip("a long test: set HANDOVER_LONG=1")
	}
	e := newEngine(t, t.TempDir(), "")
	e.start() // makes the keys
	e.stop()
	putMessages(t, e.data, 0, 3000)
	e.start()
	e.awaitDecided(time.Minute)
	e.stop()
	balanceAmong(e)
	e.stop()
}
