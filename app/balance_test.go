package app

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"handover/balance"
	"handover/deliver"
	"handover/internal/store"
	"handover/wire/mllp"
)

// TestBalance: rows that go while the engine runs are found and named, by the table
// they were in, and found no more once they are back.
func TestBalance(t *testing.T) {
	l := newLab(t)
	l.code = func(control string) string {
		if control == "M7" {
			return "AR"
		}
		return "AA"
	}
	dir := t.TempDir()
	e, err := Open(t.Context(), Config{Site: sending(l), Dir: dir, Drain: time.Second, Round: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, e)
	sendAll(t, e, 0, 40)
	sendAll(t, e, 3, 1) // once more
	// Who was admitted has another name a day later: a second version.
	later := bytes.ReplaceAll(bytes.ReplaceAll(admission(50), []byte("20260302"), []byte("20260303")), []byte("Testperson^N"), []byte("Testperson^M"))
	client, err := mllp.Dial(t.Context(), mllp.ClientConfig{Address: e.Addr("pas")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Send(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	_ = client.Close()
	report := func() balance.Report {
		r, err := e.balance.Report(t.Context(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	var r balance.Report
	waitFor(t, func() bool {
		r = report()
		traced, err := e.trace.Applied(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return traced == e.journal.Tail() && len(r.Destinations) > 0 && r.Destinations[0].Accepted == 40 && r.Destinations[0].Parked == 1 && !r.Checked.IsZero()
	})
	if s := r.Sources[0]; !r.Balanced || s.Received != 42 || s.Duplicate != 1 || s.Routed != 41 {
		t.Fatalf("%+v", r)
	}
	if d := r.Record[0]; d.Asserted == 0 || d.Made == 0 || d.Asserted != d.Made+d.Same+d.Older+d.Parked {
		t.Errorf("%+v", d)
	}
	parked, err := e.deliveries.List(t.Context(), engineAccess, deliver.Query{})
	if err != nil || len(parked) != 1 {
		t.Fatal(parked, err)
	}
	for _, c := range []struct {
		name, away, back, want string
	}{
		{"trace", keep("message", "id = 1"), giveBack("message"), "messages 1 the trace does not have"},
		{"trace", `UPDATE message SET state = 'waiting' WHERE id = 1`, `UPDATE message SET state = 'routed' WHERE id = 1`, "messages 1 the trace has it as"},
		{"deliver", keep("open", "1 = 1"), giveBack("open"), fmt.Sprintf("deliveries %d delivery %[1]d/lab is open by the", parked[0].Of)},
		{"record", keep("version", "rid = (SELECT min(rid) FROM version) AND version = 1"), giveBack("version"), "record * it made * versions, and the record has"},
		{"record", keep("resource", "rid = 2"), giveBack("resource"), "record * it made * versions, and the record has"},
		{"record", keep("resource", "rid = (SELECT max(rid) FROM resource)"), giveBack("resource"), "record * it made * versions, and the record has"},
		{"record", `UPDATE version SET rid = -rid WHERE rid = (SELECT min(rid) FROM version) AND version = 1`, `UPDATE version SET rid = -rid WHERE rid < 0`, "record 0 rows"},
	} {
		alter(t, dir, c.name, c.away)
		var got []string
		waitFor(t, func() bool {
			got = nil
			for _, f := range report().Findings {
				got = append(got, fmt.Sprintf("%s %d %s", f.Part, f.Offset, f.Text))
			}
			return len(got) > 0
		})
		if len(got) != 1 || !like(got[0], c.want) {
			t.Errorf("after %s: %q, want %q", c.away, got, c.want)
		}
		alter(t, dir, c.name, c.back)
		waitFor(t, func() bool { return report().Balanced })
	}
	stop()
	// The counts of the end are a fact, and agree; a second engine counts anew.
	e, stop = running(t, dir, sending(l))
	sendAll(t, e, 100, 5)
	waitFor(t, func() bool { return len(l.taken()) == 45 })
	if err := e.count(t.Context()); err != nil {
		t.Error(err)
	}
	if r, err := e.balance.Report(t.Context(), time.Time{}); err != nil || !r.Balanced || r.Sources[0].Received != 47 {
		t.Errorf("%+v, %v", r, err)
	}
	stop()
}

// like reports whether the text begins with the pattern, in which * is any word.
func like(text, pattern string) bool {
	words, wanted := strings.Fields(text), strings.Fields(pattern)
	for i, w := range wanted {
		if i >= len(words) || w != "*" && w != words[i] {
			return false
		}
	}
	return true
}

// keep takes one row out of a table, and giveBack puts it back.
func keep(table, where string) string {
	return fmt.Sprintf("CREATE TABLE kept AS SELECT * FROM %s WHERE %s; DELETE FROM %[1]s WHERE %[2]s", table, where)
}

func giveBack(table string) string {
	return fmt.Sprintf("INSERT INTO %s SELECT * FROM kept; DROP TABLE kept", table)
}

// alter changes a table of a running engine.
func alter(t *testing.T, dir, name, statements string) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Place: store.Place{Dir: dir}, Name: name, Schema: []string{""}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		for _, one := range strings.Split(statements, ";") {
			if _, err := tx.Exec(t.Context(), one); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}
