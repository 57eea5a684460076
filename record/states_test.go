package record

import (
	"fmt"
	"testing"
)

// What one message did is found by the next without a look into the tables.
func TestStateCacheKeepsWhatWasApplied(t *testing.T) {
	c := newStateCache(1, 64<<10)
	var all []ref
	for i := range 50 {
		rid := int64(i + 1)
		s := &state{ref: ref{"Patient", fmt.Sprint("p", i)}, rid: &rid, version: 1, content: []byte(`{"resourceType":"Patient"}`)}
		c.applied(s, encodedState(s))
		all = append(all, s.ref)
	}
	for i, r := range all {
		if s := c.get(r); s == nil || *s.rid != int64(i+1) || s.version != 1 {
			t.Errorf("%s: %v", r, s)
		}
	}
	c.clear()
	if c.get(all[0]) != nil {
		t.Error("there is something after clear")
	}
}

// A key leads to what it was put for until a resource has it as its id.
func TestLeads(t *testing.T) {
	l := newLeads()
	to := ref{"Patient", "p"}
	l.put("k", to, 1)
	if got, ok := l.get("k"); !ok || got != to {
		t.Errorf("%v, %t", got, ok)
	}
	if _, ok := l.get("other"); ok {
		t.Error("a key leads somewhere that was never put")
	}
	if l.drop("k"); l.at("k") {
		t.Error("it leads there after it was dropped")
	}
	l.put("k", to, 1)
	if l.clear(); l.at("k") {
		t.Error("it leads there after clear")
	}
}

func (l *leads) at(key string) bool { _, ok := l.get(key); return ok }
