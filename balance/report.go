package balance

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"handover"
	"handover/internal/store"
)

// Report is the balance of a span: of messages by when they came, of deliveries by
// when they were made.
type Report struct {
	UpTo         handover.Offset   `json:"upTo"`             // facts are taken in up to here
	Since        time.Time         `json:"since,omitzero"`   // a whole hour; zero: from the beginning
	Balanced     bool              `json:"balanced"`         // nothing is found, and every difference is 0
	Checked      time.Time         `json:"checked,omitzero"` // when every table had been compared last
	Sources      []SourceBook      `json:"sources"`
	Routes       []RouteBook       `json:"routes"`
	Destinations []DestinationBook `json:"destinations"`
	Record       []RecordBook      `json:"record"`
	Findings     []Finding         `json:"findings"` // whatever the span
	More         int64             `json:"more,omitempty"`
}

// SourceBook is the balance of the messages of a source: Received = Refused + Duplicate +
// Filtered + Routed + Waiting + Undecided + Difference.
type SourceBook struct {
	Name       string           `json:"name"`
	Received   int64            `json:"received"`
	Refused    int64            `json:"refused"`
	Duplicate  int64            `json:"duplicate"`
	Filtered   int64            `json:"filtered"`
	Rules      map[string]int64 `json:"rules,omitempty"` // of the filtered
	Routed     int64            `json:"routed"`
	Waiting    int64            `json:"waiting"`   // for a person
	Undecided  int64            `json:"undecided"` // waits for a decision
	Oldest     handover.Offset  `json:"oldest,omitempty"`
	Difference int64            `json:"difference"`
}

// RouteBook is what went a route.
type RouteBook struct {
	Name       string `json:"name"`
	Routed     int64  `json:"routed"`
	Filtered   int64  `json:"filtered"`
	Deliveries int64  `json:"deliveries"` // that it made
}

// DestinationBook is the balance of the deliveries to a destination: Created = Accepted +
// Parked + Unknown + InFlight + Cancelled + Difference.
type DestinationBook struct {
	Name       string           `json:"name"`
	Created    int64            `json:"created"`
	Accepted   int64            `json:"accepted"`
	Parked     int64            `json:"parked"`
	Owners     map[string]int64 `json:"owners,omitempty"` // of all that is parked, unknown or not
	Unknown    int64            `json:"unknown"`          // parked, and may have been taken
	InFlight   int64            `json:"inFlight"`         // waits, or is being sent
	Cancelled  int64            `json:"cancelled"`
	Difference int64            `json:"difference"`
}

// RecordBook is the balance of the resources that messages of a source speak of:
// Asserted = Made + Same + Older + Parked + Difference.
type RecordBook struct {
	Source string `json:"source"`
	handover.Tally
	Difference int64 `json:"difference"`
}

// Report takes in what there is and returns the balance of messages that came, and of
// deliveries that were made, since the beginning of the hour of a time; zero: of all.
func (b *Balance) Report(ctx context.Context, since time.Time) (Report, error) {
	if _, err := b.catchUp(ctx); err != nil {
		return Report{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.book.save(ctx, b.db); err != nil {
		return Report{}, err
	}
	r := Report{UpTo: b.book.kept.At, Checked: b.round, Findings: b.findings(), More: b.book.kept.More}
	first, from := int64(0), handover.Offset(0)
	if !since.IsZero() {
		r.Since = since.UTC().Truncate(time.Hour)
		first, from = r.Since.Unix()/3600, b.book.firstFrom(r.Since.Unix()/3600)
	}
	totals, err := b.totals(ctx, first)
	if err != nil {
		return Report{}, err
	}
	r.fill(b.book, totals, from)
	r.Balanced = len(r.Findings) == 0
	for _, s := range r.Sources {
		r.Balanced = r.Balanced && s.Difference == 0
	}
	for _, d := range r.Destinations {
		r.Balanced = r.Balanced && d.Difference == 0
	}
	for _, d := range r.Record {
		r.Balanced = r.Balanced && d.Difference == 0
	}
	return r, nil
}

// firstFrom returns the first offset of an hour or later, one beyond the last if
// there is none.
func (b *book) firstFrom(h int64) handover.Offset {
	for _, one := range b.hours {
		if one.hour >= h {
			return one.first
		}
	}
	return b.kept.At + 1
}

// sums are totals by part, name and what.
type sums map[string]map[string]map[string]int64

func (b *Balance) totals(ctx context.Context, since int64) (sums, error) {
	out := sums{}
	err := b.db.Read(ctx, func(tx *store.Tx) error {
		return tx.Each(ctx, `SELECT part, name, what, CAST(sum(n) AS BIGINT) FROM total WHERE hour >= ? GROUP BY part, name, what`, []any{since},
			func(scan func(...any) error) error {
				var part, name, what string
				var n int64
				if err := scan(&part, &name, &what, &n); err != nil {
					return err
				}
				out.of(part, name)[what] = n
				return nil
			})
	})
	return out, err
}

func (s sums) of(part, name string) map[string]int64 {
	if s[part] == nil {
		s[part] = map[string]map[string]int64{}
	}
	if s[part][name] == nil {
		s[part][name] = map[string]int64{}
	}
	return s[part][name]
}

func (s sums) names(part string) []string { return slices.Sorted(maps.Keys(s[part])) }

func (r *Report) fill(b *book, t sums, from handover.Offset) {
	r.Sources, r.Routes, r.Destinations, r.Record = []SourceBook{}, []RouteBook{}, []DestinationBook{}, []RecordBook{}
	for _, name := range t.names(ofSource) {
		n := t.of(ofSource, name)
		s := SourceBook{
			Name: name, Received: n[received], Refused: n[string(handover.StateRefused)], Duplicate: n[string(handover.StateDuplicate)],
			Filtered: n[string(handover.StateFiltered)], Routed: n[string(handover.StateRouted)], Waiting: n[string(handover.StateWaiting)],
			Undecided: b.kept.Undecided[name].countFrom(from), Rules: map[string]int64{},
		}
		for at := range b.kept.Undecided[name].from(from) {
			s.Oldest = at
			break
		}
		s.Difference = s.Received - s.Refused - s.Duplicate - s.Filtered - s.Routed - s.Waiting - s.Undecided
		r.Sources = append(r.Sources, s)
	}
	for _, name := range t.names(ofRule) {
		source, rule, _ := strings.Cut(name, " ")
		if i, found := slices.BinarySearchFunc(r.Sources, source, func(s SourceBook, name string) int { return cmp.Compare(s.Name, name) }); found {
			r.Sources[i].Rules[rule] = t.of(ofRule, name)[string(handover.StateFiltered)]
		}
	}
	for _, name := range t.names(ofRoute) {
		n := t.of(ofRoute, name)
		r.Routes = append(r.Routes, RouteBook{name, n[string(handover.StateRouted)], n[string(handover.StateFiltered)], n["deliveries"]})
	}
	for _, name := range t.names(ofDestination) {
		r.Destinations = append(r.Destinations, destination(b, name, t.of(ofDestination, name), from))
	}
	for _, name := range t.names(ofRecord) {
		n := t.of(ofRecord, name)
		d := RecordBook{Source: name, Tally: handover.Tally{
			Asserted: n["asserted"], Made: n["made"], Same: n["same"], Older: n["older"], Parked: n["parked"], Versions: n["versions"]}}
		d.Difference = d.Asserted - d.Made - d.Same - d.Older - d.Tally.Parked
		r.Record = append(r.Record, d)
	}
}

func destination(b *book, name string, n map[string]int64, from handover.Offset) DestinationBook {
	d := DestinationBook{Name: name, Created: n["created"], Accepted: n["accepted"], Cancelled: n["cancelled"],
		InFlight: b.kept.Open[name].countFrom(from), Owners: map[string]int64{}}
	for p, s := range b.kept.Parked {
		parked := s.countFrom(from)
		if p.To != name || parked == 0 {
			continue
		}
		d.Owners[p.Owner] += parked
		d.InFlight -= parked
		if p.Unknown {
			d.Unknown += parked
		} else {
			d.Parked += parked
		}
	}
	d.Difference = d.Created - d.Accepted - d.Parked - d.Unknown - d.InFlight - d.Cancelled
	return d
}

// findings lists what is found, by offset.
func (b *Balance) findings() []Finding {
	out := []Finding{}
	for _, f := range b.book.kept.Findings {
		out = append(out, *f)
	}
	for _, list := range b.found {
		for _, f := range list {
			out = append(out, *f)
		}
	}
	slices.SortFunc(out, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(x.Offset, y.Offset), cmp.Compare(x.Part, y.Part))
	})
	return out
}

// Arrivals is when messages of a source came.
type Arrivals struct {
	Last  time.Time       // the last one
	Hours map[int64]int64 // how many, by hours since 1970, in UTC
	// Undecided is the first message that no decision was made of yet; 0: none waits.
	Undecided handover.Offset
}

// Arrivals returns when messages came since the beginning of the hour of a time, by
// source, and of each source the last one, however long ago.
func (b *Balance) Arrivals(ctx context.Context, since time.Time) (map[string]Arrivals, error) {
	if _, err := b.catchUp(ctx); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]Arrivals{}
	for name, last := range b.book.kept.Came {
		out[name] = Arrivals{Last: last, Hours: map[int64]int64{}, Undecided: b.book.kept.Undecided[name].first()}
	}
	err := b.db.Read(ctx, func(tx *store.Tx) error {
		return tx.Each(ctx, `SELECT name, hour, n FROM total WHERE part = ? AND hour >= ? AND what = ?`, []any{ofSource, since.Unix() / 3600, received},
			func(scan func(...any) error) error {
				var name string
				var hour, n int64
				err := scan(&name, &hour, &n)
				if a, known := out[name]; known {
					a.Hours[hour] = n
				}
				return err
			})
	})
	for k, n := range b.book.totals {
		if a, known := out[k.name]; known && k.part == ofSource && k.what == received {
			a.Hours[k.hour] += n
		}
	}
	return out, err
}

// Findings lists the places where the books do not agree, by offset.
func (b *Balance) Findings() []Finding {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.findings()
}
