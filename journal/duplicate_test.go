package journal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
)

func TestDuplicates(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		clock := newClock()
		c := config(at)
		c.Now = clock.Now
		j := open(t, c)
		first := appendOne(t, j, message("adt", "42", "one"))

		again := appendOne(t, j, message("adt", "42", "one"))
		if again.First != first.Offset || again.SameControl != 0 {
			t.Errorf("the same message again: %+v, want First %d", again, first.Offset)
		}
		e, err := j.Get(t.Context(), everything, again.Offset)
		if err != nil || e.Kind != handover.Repeated || e.Cause != first.Offset || e.Body.Len() != 0 || e.Gone {
			t.Errorf("what was kept of it: %+v, %v", e, err)
		}
		for name, d := range map[string]handover.Draft{
			"another source":     message("lab", "42", "one"),
			"another control id": message("adt", "43", "one"),
			"no control id":      message("adt", "", "one"),
			"none, once more":    message("adt", "", "one"),
		} {
			if r := appendOne(t, j, d); r.First != 0 || r.SameControl != 0 {
				t.Errorf("%s was taken for a duplicate: %+v", name, r)
			}
		}
		other := appendOne(t, j, message("adt", "42", "two"))
		if other.First != 0 || other.SameControl != first.Offset {
			t.Errorf("other bytes under the same id: %+v, want SameControl %d", other, first.Offset)
		}
		if r := appendOne(t, j, message("adt", "42", "two")); r.First != other.Offset {
			t.Errorf("those other bytes again: %+v, want First %d", r, other.Offset)
		}

		_ = j.Close()
		j = open(t, c)
		clock.add(23 * time.Hour)
		if r := appendOne(t, j, message("adt", "42", "one")); r.First != first.Offset {
			t.Errorf("23 hours later, after opening again: %+v, want First %d", r, first.Offset)
		}
		clock.add(2 * time.Hour)
		late := appendOne(t, j, message("adt", "42", "one"))
		if late.First != 0 {
			t.Errorf("25 hours later: %+v, want a new message", late)
		}
		if r := appendOne(t, j, message("adt", "42", "one")); r.First != late.Offset {
			t.Errorf("and once more: %+v, want First %d", r, late.Offset)
		}
		proven(t, j)
	})
}

func TestWhatFollowsFromADuplicateIsLeftOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		j := open(t, config(at))
		zero, one := 0, 1
		batch := func() []handover.Draft {
			return []handover.Draft{
				message("adt", "1", "unreadable"),
				{Header: handover.Header{Kind: handover.Decided}, CauseInBatch: &zero},
				{Header: handover.Header{Kind: handover.Parked}, CauseInBatch: &one},
				{Header: handover.Header{Kind: handover.Accessed}},
			}
		}
		if _, err := j.Append(t.Context(), batch()); err != nil {
			t.Fatal(err)
		}
		r, err := j.Append(t.Context(), batch())
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []handover.Receipt{{Offset: 5, First: 1}, {First: 1}, {First: 1}, {Offset: 6}} {
			if r[i].Offset != want.Offset || r[i].First != want.First {
				t.Errorf("receipt %d: %+v, want %+v", i, r[i], want)
			}
		}
		want := []handover.FactKind{handover.Received, handover.Decided, handover.Parked, handover.Accessed,
			handover.Repeated, handover.Accessed}
		if kinds := kindsOf(all(t, j)); !slices.Equal(kinds, want) {
			t.Errorf("kept: %v, want %v", kinds, want)
		}
		proven(t, j)
	})
}

func kindsOf(es []handover.Entry) (out []handover.FactKind) {
	for _, e := range es {
		out = append(out, e.Kind)
	}
	return out
}

func TestTwoInFlightAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		j := open(t, config(at))
		receipts := make([]handover.Receipt, 40)
		var wg sync.WaitGroup
		for i := range receipts {
			wg.Go(func() {
				r, err := j.Append(context.Background(), []handover.Draft{message("adt", "7", "same")})
				if err != nil {
					t.Error(err)
					return
				}
				receipts[i] = r[0]
			})
		}
		wg.Wait()
		firsts := 0
		for _, r := range receipts {
			if r.First == 0 {
				firsts++
			} else if r.First != 1 {
				t.Errorf("a repeat of %d, want 1", r.First)
			}
		}
		if firsts != 1 {
			t.Errorf("%d were taken for the first", firsts)
		}
	})
}

func TestBatchOfItsOwnDuplicates(t *testing.T) {
	j := open(t, config(storetest.SQLite(t)))
	r, err := j.Append(t.Context(), []handover.Draft{message("f", "1", "a"), message("f", "1", "a"), message("f", "1", "b")})
	if err != nil {
		t.Fatal(err)
	}
	if r[0].First != 0 || r[1].First != 1 || r[2].First != 0 || r[2].SameControl != 1 {
		t.Errorf("receipts %+v", r)
	}
}

// The window is restored from stored blocks of marks and from the facts after
// them, across volumes.
func TestWindowAcrossBlocksAndVolumes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		c := config(at)
		c.VolumeSize = 200_000
		j := open(t, c)
		const n = 9000 // two blocks and a rest
		var batch []handover.Draft
		for i := range n {
			batch = append(batch, message("adt", fmt.Sprint(i), fmt.Sprint("text of ", i)))
			if len(batch) == 500 {
				if _, err := j.Append(t.Context(), batch); err != nil {
					t.Fatal(err)
				}
				batch = nil
			}
		}
		_ = j.Close()
		j = open(t, c)
		for _, i := range []int{0, 4095, 4096, 8191, 8192, n - 1} {
			if r := appendOne(t, j, message("adt", fmt.Sprint(i), fmt.Sprint("text of ", i))); r.First != handover.Offset(i+1) {
				t.Errorf("message %d again: %+v", i, r)
			}
		}
		proven(t, j)
	})
}

func TestSiteKeyMatters(t *testing.T) {
	c := config(storetest.SQLite(t))
	c.SiteKey = nil // then the signing key's secret serves, and lasts
	j := open(t, c)
	appendOne(t, j, message("adt", "1", "x"))
	if err := errors.Join(j.Close()); err != nil {
		t.Fatal(err)
	}
	j = open(t, c)
	if r := appendOne(t, j, message("adt", "1", "x")); r.First != 1 {
		t.Errorf("without a site key: %+v", r)
	}
}
