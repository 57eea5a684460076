package fhir

import (
	"sync"
	"testing"
	"time"
)

// Definitions, types, compiled parameters and trees are shared by all
// goroutines; the race detector sees if they are not safe to share.
func TestSharedByManyGoroutines(t *testing.T) {
	shared, _ := Parse([]byte(observed))
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			r, problems := Parse([]byte(smallPatient))
			if len(problems) > 0 {
				t.Error(problems)
			}
			for _, one := range []*Resource{r, shared} {
				for _, p := range Definitions().SearchParameters(one.Type()) {
					if _, err := one.IndexValues(p, time.UTC); err != nil {
						t.Error(err)
					}
				}
			}
			b, err := NewBuilder("Encounter")
			if err != nil || b.Set("class.code", "IMP") != nil {
				t.Error("cannot build", err)
			}
		})
	}
	wait.Wait()
}
