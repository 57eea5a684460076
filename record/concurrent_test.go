package record

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
)

// TestComposeApplyAndReadAtOnce lets one goroutine compose while another applies
// and others read: every version is there once, and the facts give the tables.
func TestComposeApplyAndReadAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		ctx := context.Background()
		r := open(t, at, Config{CachedStates: 3, CachedPacks: 2000}) // so small that most is read again
		l := newLedger(t, r)
		const messages = 120
		facts := make(chan []handover.Entry, 8)
		var readers sync.WaitGroup
		var failed error
		applied := make(chan struct{})
		go func() {
			defer close(applied)
			for batch := range facts {
				if failed == nil {
					failed = r.Apply(ctx, batch)
				}
			}
		}()
		for n := range 2 {
			readers.Go(func() {
				for i := range 20 {
					offset := handover.Offset(3 * (i + 1 + n))
					if _, err := r.Read(ctx, all, offset, "Patient", patientID("0")); err != nil {
						t.Error(err)
					}
					if _, err := r.Search(ctx, all, Query{Type: "Observation", Where: []Condition{{Param: "patient", Values: []string{patientID("0")}}}}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for i := range messages {
			from := len(l.entries)
			l.compose(result(i, fmt.Sprint(i%7), fmt.Sprint("V", i%7), fmt.Sprint(i%11, "-", i%7), fmt.Sprint(i)))
			facts <- l.entries[from:]
		}
		close(facts)
		<-applied
		readers.Wait()
		if failed != nil {
			t.Fatal(failed)
		}
		versions := map[string]int64{}
		for _, e := range l.entries {
			if e.Kind != handover.Written {
				continue
			}
			var w handover.Writes
			if err := json.Unmarshal(e.Body.Bytes, &w); err != nil {
				t.Fatal(err)
			}
			for _, v := range w.Writes {
				if versions[v.ID]++; versions[v.ID] != v.Version {
					t.Errorf("%s has version %d after %d", v.Type, v.Version, versions[v.ID]-1)
				}
			}
		}
		for id, version := range versions {
			for _, typ := range []string{"Patient", "Encounter", "Observation"} {
				if got, err := r.Read(ctx, all, 0, typ, id); err == nil && got.Version != version {
					t.Errorf("%s: version %d, written %d", typ, got.Version, version)
				}
			}
		}
		if diffs := l.verify(); len(diffs) > 0 {
			t.Errorf("differences: %v", diffs)
		}
	})
}
