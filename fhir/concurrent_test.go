package fhir

import (
	"fmt"
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

// TestAPropertyIsOnePointer: whoever asks first for a type's properties, at the same
// time as others, gets what all get: what is told apart by pointers depends on it.
func TestAPropertyIsOnePointer(t *testing.T) {
	for range 200 {
		fresh := &Type{Name: "Made"}
		for i := range 60 {
			fresh.Elements = append(fresh.Elements, &Element{Name: fmt.Sprint("e", i), Max: 1, Types: []ElementType{{Type: fresh}}})
		}
		got := make([]*Property, 8)
		var begin, ended sync.WaitGroup
		begin.Add(1)
		for i := range got {
			ended.Go(func() {
				begin.Wait()
				got[i] = fresh.Property("e7")
			})
		}
		begin.Done()
		ended.Wait()
		for _, p := range got {
			if p == nil || p != got[0] {
				t.Fatal("two have different properties of one type")
			}
		}
	}
}
