package app

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"handover"
)

// appended makes drafts and receipts of messages with bodies of one length.
func appended(from handover.Offset, n, size int) (drafts []handover.Draft, receipts []handover.Receipt) {
	for i := range n {
		drafts = append(drafts, handover.Draft{
			Header: handover.Header{Kind: handover.Received, Source: "pas"}, Key: []byte{1}, Body: handover.Body{Bytes: make([]byte, size)},
		})
		receipts = append(receipts, handover.Receipt{Offset: from + handover.Offset(i), Time: time.Unix(int64(i), 0)})
	}
	return drafts, receipts
}

func TestRecentLeavesHoles(t *testing.T) {
	drafts, receipts := appended(100, 8, 10)
	drafts[2].Body = handover.Body{File: "spooled", Size: 10}
	receipts[3] = handover.Receipt{Offset: 103, First: 7}
	cause := 4
	drafts[5].Header.Kind, drafts[5].CauseInBatch = handover.Asserted, &cause
	receipts[6] = handover.Receipt{First: 7} // left out, because it follows from a repeated one
	receipts[7].Offset = 106
	var r recent
	r.add(drafts, receipts)

	if found, _ := r.from(100, 10); len(found) != 2 || found[1].Offset != 101 || !found[1].Time.Equal(receipts[1].Time) {
		t.Errorf("from 100: %v", found)
	}
	if found, _ := r.from(100, 1); len(found) != 1 {
		t.Errorf("more than asked for: %d", len(found))
	}
	if found, next := r.from(102, 10); found != nil || next != 104 {
		t.Errorf("from 102: %v, then %d, want nothing, then 104", found, next)
	}
	found, _ := r.from(104, 10)
	if len(found) != 3 || found[1].Cause != 104 || found[1].Body.Bytes != nil || !bytes.Equal(found[1].Key, []byte{1}) {
		t.Errorf("from 104: %v", found)
	}
	if found, next := r.from(107, 10); found != nil || next != 0 {
		t.Errorf("from 107: %v, then %d, want nothing at all", found, next)
	}
}

// Whatever was appended, memory is bounded and what is found is right.
func TestRecentIsBounded(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var r recent
	at := handover.Offset(1)
	for range 3000 {
		n := 1 + random.IntN(40)
		drafts, receipts := appended(at, n, random.IntN(4000))
		if random.IntN(10) > 0 { // else somebody else appended it
			r.add(drafts, receipts)
		}
		at += handover.Offset(n)
		bytes, first, last := 0, handover.Offset(0), handover.Offset(0)
		if random.IntN(100) > 0 {
			continue
		}
		for _, e := range r.facts {
			if e == nil {
				continue
			}
			bytes += len(e.Body.Bytes)
			last = max(last, e.Offset)
			if first == 0 || e.Offset < first {
				first = e.Offset
			}
		}
		if bytes != r.bytes || bytes > recentBytes {
			t.Fatalf("%d bytes are held, %d counted", bytes, r.bytes)
		}
		if last-first >= recentFacts || first < r.low {
			t.Fatalf("facts %d to %d are held, from %d on", first, last, r.low)
		}
	}
	if found, _ := r.from(at-1, 1); len(found) != 1 {
		t.Error("the last fact is not there")
	}
}

// A fact appended late, after younger ones, is found where there is room.
func TestRecentOutOfOrder(t *testing.T) {
	var r recent
	r.add(appended(10, 1, 1))
	r.add(appended(12, 1, 1))
	r.add(appended(11, 1, 1))
	r.add(appended(9, 1, 1)) // before all others: too late
	if found, _ := r.from(10, 9); len(found) != 3 {
		t.Errorf("%d facts in a row, want 3", len(found))
	}
	if found, next := r.from(9, 9); found != nil || next != 10 {
		t.Errorf("fact 9: %v, then %d", found, next)
	}
}
