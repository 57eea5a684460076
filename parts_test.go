package handover

import (
	gocmp "cmp"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handover/internal/rawjson"
)

func TestComparePart(t *testing.T) {
	sorted := []string{"", "NK1:a", "ORC-2", "ORC-3", "PID-02", "PID-2", "PID-2.9", "PID-13", "PID-13-1", "PV1-7", "Z"}
	for i, a := range sorted {
		for j, b := range sorted {
			if got, want := ComparePart(a, b), gocmp.Compare(i, j); got != want {
				t.Errorf("ComparePart(%q, %q) = %d, want %d", a, b, got, want)
			}
		}
	}
}

// FuzzComparePart: it is an order, and tells all that differ apart.
func FuzzComparePart(f *testing.F) {
	f.Add("PID-2", "PID-13", "PID-02")
	f.Add("", "0", "00")
	f.Add("a1b", "a01b", "a1a")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if (ComparePart(a, b) == 0) != (a == b) || ComparePart(a, b) != -ComparePart(b, a) {
			t.Errorf("%q and %q: %d and %d", a, b, ComparePart(a, b), ComparePart(b, a))
		}
		if ComparePart(a, b) <= 0 && ComparePart(b, c) <= 0 && ComparePart(a, c) > 0 {
			t.Errorf("%q, %q, %q go in a circle", a, b, c)
		}
	})
}

func TestJoin(t *testing.T) {
	type e = Element
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	for name, c := range map[string]struct {
		entries      []Element
		value, extra string
	}{
		"none":            {},
		"one stands":      {entries: []e{{Part: "a", Value: raw(`{"b":1,"_b":{}}`)}}, value: `{"b":1,"_b":{}}`},
		"arrays in order": {entries: []e{{Part: "PID-13", Value: raw(`[3]`)}, {Part: "PID-2", Value: raw(`[1,2]`)}}, value: `[1,2,3]`},
		"removed, empty":  {entries: []e{{Part: "a", Value: raw(`[1]`)}, {Part: "b", Removed: true}, {Part: "c", Value: raw(`[]`)}}, value: `[1]`},
		"said twice":      {entries: []e{{Part: "MRG-1", Value: raw(`[{"value":"1"}]`)}, {Part: "PID-3", Value: raw(`[{"value":"2"},{"value":"1"}]`)}}, value: `[{"value":"1"},{"value":"2"}]`},
		"twice by one":    {entries: []e{{Part: "a", Value: raw(`[1,1]`)}, {Part: "b", Value: raw(`[2,2,1]`)}}, value: `[1,1,2,2]`},
		"the whole first": {entries: []e{{Part: "a", Value: raw(`[1]`)}, {Value: raw(`[2]`)}}, value: `[2,1]`},
		"the last of one": {entries: []e{{Part: "a", Value: raw(`[1]`)}, {Part: "a", Value: raw(`[2]`)}}, value: `[2]`},
		"unsaid at last":  {entries: []e{{Part: "a", Value: raw(`[1]`)}, {Part: "a", Removed: true}}},
		"objects":         {entries: []e{{Part: "b", Value: raw(`{"end":"2"}`)}, {Part: "a", Value: raw(`{"start":"1"}`)}}, value: `{"start":"1","end":"2"}`},
		"objects deeply":  {entries: []e{{Part: "a", Value: raw(`{"x":{"p":1,"q":[1]},"y":1}`)}, {Part: "b", Value: raw(`{"x":{"q":[2],"p":3}}`)}}, value: `{"x":{"p":3,"q":[1,2]},"y":1}`},
		"later one wins":  {entries: []e{{Part: "a", Value: raw(`{"s":"1","_s":{"id":"a"}}`)}, {Part: "b", Value: raw(`{"s":"2"}`)}}, value: `{"s":"2"}`},
		"unlike kinds":    {entries: []e{{Part: "a", Value: raw(`{"s":1}`)}, {Part: "b", Value: raw(`[1]`)}}, value: `[1]`},
		"primitives":      {entries: []e{{Part: "b", Value: raw(`["x"]`)}, {Part: "c", Extra: raw(`[{"id":"i"}]`)}}, value: `["x",null]`, extra: `[null,{"id":"i"}]`},
		"scalars":         {entries: []e{{Part: "a", Value: raw(`1`), Extra: raw(`{"id":"i"}`)}, {Part: "b", Value: raw(`2`)}}, value: `2`},
	} {
		_, value, extra := Join(Arrange(c.entries))
		if string(value) != c.value || string(extra) != c.extra {
			t.Errorf("%s: got %s and %s, want %s and %s", name, value, extra, c.value, c.extra)
		}
	}
}

func TestArrangeLeadsIntoTheWhole(t *testing.T) {
	got := Arrange([]Element{
		{Name: "telecom", Part: "PID-14", Value: json.RawMessage(`[{"value":"w"}]`), From: []Origin{{Path: "telecom[0].value", Field: "PID-14.1"}, {Path: "telecom"}}},
		{Name: "telecom", Part: "PID-40", Value: json.RawMessage(`[{"value":"i"},{"value":"m"}]`), From: []Origin{{Path: "telecom[0].value", Field: "PID-40.1"}, {Path: "telecom[1]", Field: "PID-40[2]"}}},
		{Name: "telecom", Part: "PID-13", Value: json.RawMessage(`[{"value":"h"},{"value":"i"}]`), From: []Origin{{Path: "telecom[1].value", Field: "PID-13[2].1"}}},
	})
	var paths []string
	for _, e := range got {
		for _, o := range e.From {
			paths = append(paths, o.Field+"="+o.Path)
		}
	}
	if d := cmp.Diff([]string{"PID-13[2].1=telecom[1].value", "PID-14.1=telecom[2].value", "=telecom", "PID-40.1=telecom[1].value", "PID-40[2]=telecom[3]"}, paths); d != "" {
		t.Error(d)
	}
}

// Whatever is said in parts, the whole is JSON, does not depend on the order of
// the entries, and has every item of every array.
func TestJoinOfAnyParts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var entries []Element
		for _, part := range []string{"", "A-1", "A-2", "A-10"}[:1+random.IntN(4)] {
			entries = append(entries, Element{Part: part, Value: anyValue(random, 2)})
		}
		_, want, _ := Join(Arrange(entries))
		if !json.Valid(want) {
			t.Fatalf("%v became %s", entries, want)
		}
		random.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		if _, got, _ := Join(Arrange(entries)); string(got) != string(want) {
			t.Fatalf("shuffled: got %s, want %s", got, want)
		}
		for _, e := range entries {
			if !allArrays(entries) {
				break
			}
			rawjson.Items(e.Value, func(item []byte) {
				there := false
				rawjson.Items(want, func(o []byte) { there = there || string(o) == string(item) })
				if !there {
					t.Fatalf("%s is not in %s", item, want)
				}
			})
		}
	}
}

// anyValue makes up JSON without white space.
func anyValue(random *rand.Rand, depth int) json.RawMessage {
	kind := random.IntN(3)
	if depth == 0 {
		kind = 2
	}
	var list []string
	switch kind {
	case 0:
		for range random.IntN(3) {
			list = append(list, string(anyValue(random, depth-1)))
		}
		return json.RawMessage("[" + strings.Join(list, ",") + "]")
	case 1:
		names := []string{`"a"`, `"_a"`, `"b"`}
		for _, n := range names {
			if random.IntN(2) == 0 {
				list = append(list, n+":"+string(anyValue(random, depth-1)))
			}
		}
		return json.RawMessage("{" + strings.Join(list, ",") + "}")
	}
	return json.RawMessage([]string{`1`, `"x,]"`, `null`}[random.IntN(3)])
}

func TestJoinCopies(t *testing.T) {
	a := []Element{{Part: "a", Value: json.RawMessage(`[1]`)}, {Part: "b", Value: json.RawMessage(`[2]`)}}
	before := slices.Clone(a)
	_, value, _ := Join(Arrange(a))
	copy(value, "xxxxx")
	if d := cmp.Diff(before, a); d != "" {
		t.Error(d)
	}
}
