package torture

import (
	"handover"
	"handover/balance"
)

// balance holds the engine's own balance against the books.
func (j *judge) balance() {
	r := j.Balance
	unlike := func(format string, args ...any) { j.find(nil, Unbalanced, format, args...) }
	if !r.Balanced {
		unlike("it says itself that it does not balance")
	}
	for _, f := range r.Findings {
		unlike("it says of %s, offset %d: %s", f.Part, f.Offset, f.Text)
	}
	var taken int64
	for _, s := range r.Sources {
		taken += s.Received - s.Refused - s.Duplicate
	}
	if taken != int64(len(j.Kept.Messages)) {
		unlike("it has %d messages that were taken, and the journal %d", taken, len(j.Kept.Messages))
	}
	told := map[string]balance.DestinationBook{}
	for _, d := range r.Destinations {
		told[d.Name] = d
	}
	for _, to := range j.Destinations {
		want, said := j.bookOf(to.Name), told[to.Name]
		for _, side := range []struct {
			what       string
			said, want int64
		}{
			{"made", said.Created, want.Created}, {"accepted", said.Accepted, want.Accepted}, {"parked", said.Parked, want.Parked},
			{"parked as unknown", said.Unknown, want.Unknown}, {"in flight", said.InFlight, want.InFlight}, {"cancelled", said.Cancelled, want.Cancelled},
		} {
			if side.said != side.want {
				unlike("it has %d deliveries to %s that were %s, and the journal %d", side.said, to.Name, side.what, side.want)
			}
		}
	}
}

// bookOf counts a destination's deliveries by what the journal says.
func (j *judge) bookOf(name string) (b balance.DestinationBook) {
	for id, d := range j.Kept.Deliveries {
		if id.To != name {
			continue
		}
		b.Created++
		switch {
		case d.State == accepted:
			b.Accepted++
		case d.State == cancelled:
			b.Cancelled++
		case d.State == parked && d.Reason == string(handover.Unknown):
			b.Unknown++
		case d.State == parked:
			b.Parked++
		default:
			b.InFlight++
		}
	}
	return b
}
