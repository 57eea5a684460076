package handover

// Counting is the body of a Counted fact: what the doors and the senders of an
// engine have counted since it was started, each for itself and before anything is
// concluded from it. What was counted while the journal grew lies between two bounds:
// what was kept up to UpTo was counted, and what was counted was kept before the fact
// itself.
type Counting struct {
	Start        Offset               `json:"start"` // the journal's end when the engine was started
	UpTo         Offset               `json:"upTo"`  // and before anything was counted now
	Sources      map[string]DoorCount `json:"sources,omitempty"`
	Destinations map[string]SendCount `json:"destinations,omitempty"`
}

// DoorCount is what the doors of a source counted.
type DoorCount struct {
	Taken  int64 `json:"taken"`            // messages that came
	Kept   int64 `json:"kept"`             // of them, those that the journal kept
	Failed int64 `json:"failed,omitempty"` // those that it did not, whose senders were told so
}

// SendCount is what the senders to a destination counted.
type SendCount struct {
	Begun    int64 `json:"begun"` // tries
	Accepted int64 `json:"accepted"`
	Rejected int64 `json:"rejected,omitempty"`
	Failed   int64 `json:"failed,omitempty"`
	Unknown  int64 `json:"unknown,omitempty"`
}

// Tally is what a message made of the record, in numbers: resources that it speaks
// of, and what became of each.
type Tally struct {
	Asserted int64 `json:"asserted"`
	Made     int64 `json:"made,omitempty"`     // made a version
	Same     int64 `json:"same,omitempty"`     // changed nothing
	Older    int64 `json:"older,omitempty"`    // newer word stands
	Parked   int64 `json:"parked,omitempty"`   // would contradict an identity
	Versions int64 `json:"versions,omitempty"` // that were made: several may speak of one resource, and a merge touches others
}

// Tally counts what became of so many asserted resources. Of one that made a version
// other parts may be older or parked: it is counted as made.
func (w *Writes) Tally(asserted int) *Tally {
	t := &Tally{Asserted: int64(asserted), Versions: int64(len(w.Writes))}
	seen := make(map[string]bool, asserted)
	count := func(handle string, n *int64) {
		if !seen[handle] {
			seen[handle] = true
			*n++
		}
	}
	for i := range w.Writes {
		for _, handle := range w.Writes[i].Handles {
			count(handle, &t.Made)
		}
	}
	for _, list := range []struct {
		of []Stale
		n  *int64
	}{{w.Parked, &t.Parked}, {w.Older, &t.Older}, {w.Same, &t.Same}} {
		for i := range list.of {
			count(list.of[i].Handle, list.n)
		}
	}
	return t
}
