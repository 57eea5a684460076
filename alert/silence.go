package alert

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"handover"
)

// The kinds of alert.
const (
	Silence  = "silence"        // nothing comes from a source that else would
	Behind   = "behind"         // what came from a source is not in the record yet
	Late     = "queue-late"     // what waits for a destination waits for long
	Deep     = "queue-deep"     // much waits for a destination
	Overdue  = "parked-overdue" // the owner of something parked has let its deadline pass
	Books    = "balance"        // the books do not balance
	Failed   = "file-failed"    // files lie in the folder of those that something was wrong with
	Expiring = "certificate"    // a certificate ends soon, or has ended
)

// Feed is what is known of a source.
type Feed struct {
	Name string
	// After is how long it may be silent; 0: its own habit says; negative: for ever.
	After time.Duration
	Last  time.Time // when its last message came; zero: none ever did
	// Condition says why nothing can come, if that is known.
	Condition string
	Late      time.Duration   // how long a message may wait to be decided
	Since     time.Time       // since when the oldest does; zero: none waits
	Hours     map[int64]int64 // messages that came, by hours since 1970, in UTC
}

// What a feed's own habit is judged by.
const (
	habitWeeks = 8 // so many are looked back
	habitLeast = 2 // so many of an hour of the week must be known
	// habitMissing is how many messages would have come in a poor week since the last
	// one: that none of so many comes by chance happens to a feed once in a thousand years.
	habitMissing = 15
	habitMinimum = 10 * time.Minute
	// habitFloor is how long a feed may be silent of which less is known: longer than any
	// weekend.
	habitFloor = 72 * time.Hour
)

const week = 7 * 24

// HabitSpan is how far back counts by hour are needed.
const HabitSpan = (habitWeeks + 1) * week * time.Hour

// WatchFeeds tells of feeds from which nothing comes although it should: by the span
// that the configuration says, else by what came in the same hours of the weeks before;
// and of those whose messages came and are not decided for long.
func WatchFeeds(feeds func(ctx context.Context, since time.Time) ([]Feed, error)) Watch {
	return Watch{Kinds: []string{Silence, Behind}, Look: func(ctx context.Context, now time.Time) (out []handover.Alert, err error) {
		all, err := feeds(ctx, now.Add(-HabitSpan))
		for _, f := range all {
			if why := f.silent(now); why != "" {
				out = append(out, handover.Alert{Kind: Silence, Subject: f.Name, Severity: handover.Warning,
					Text: fmt.Sprintf("nothing has come from %s since %s; %s", f.Name, f.Last.UTC().Format(time.RFC3339), cmp.Or(f.Condition, why))})
			}
			if f.Late > 0 && !f.Since.IsZero() && now.Sub(f.Since) > f.Late {
				out = append(out, handover.Alert{Kind: Behind, Subject: f.Name, Severity: handover.Warning,
					Text: fmt.Sprintf("what has come from %s since %s is not in the record yet", f.Name, f.Since.UTC().Format(time.RFC3339))})
			}
		}
		return out, err
	}}
}

// silent says why the feed should not be as silent as it is; "": it may.
func (f *Feed) silent(now time.Time) string {
	gap := now.Sub(f.Last)
	switch {
	case f.Last.IsZero() || f.After < 0:
		return ""
	case f.After > 0:
		if gap > f.After {
			return fmt.Sprintf("it is expected at least every %v", f.After)
		}
		return ""
	}
	missing, known := f.missing(now)
	switch {
	case gap < habitMinimum:
	case missing >= habitMissing:
		return fmt.Sprintf("in a poor week %.0f messages come in such a time", math.Floor(missing))
	case !known && gap > habitFloor:
		return fmt.Sprintf("it is too new to know its habit, and has been silent for more than %v", habitFloor)
	}
	return ""
}

// missing returns how many messages came, in a poor one of the weeks before, in the
// time since the last one; known is false if of some of that time too few weeks are
// known.
func (f *Feed) missing(now time.Time) (n float64, known bool) {
	first := int64(math.MaxInt64)
	for h := range f.Hours {
		first = min(first, h)
	}
	known = true
	from := f.Last
	if oldest := now.Add(-week * time.Hour); from.Before(oldest) {
		from = oldest // more than a week says no more than a week
	}
	for at := from.Truncate(time.Hour); at.Before(now); at = at.Add(time.Hour) {
		var before []int64
		hour := at.Unix() / 3600
		for w := int64(1); w <= habitWeeks && hour-w*week > first; w++ { // the very first hour was not whole
			before = append(before, f.Hours[hour-w*week])
		}
		if len(before) < habitLeast {
			known = false
			continue
		}
		slices.Sort(before)
		within := min(now.Sub(at), time.Hour) - max(from.Sub(at), 0)
		n += float64(before[len(before)/4]) * within.Hours()
	}
	return n, known
}
