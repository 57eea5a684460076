package alert

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// monday is the first hour of a week.
var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// rate is how many messages an hour a hospital's feed sends: most at ten on weekdays,
// few at night, none on Sundays.
func rate(at time.Time) float64 {
	switch {
	case at.Weekday() == time.Sunday:
		return 0
	case at.Weekday() == time.Saturday:
		return 8
	}
	return 5 + 120*math.Exp(-math.Pow(float64(at.Hour())-10, 2)/12)
}

// feed lives through some weeks, minute by minute, and tells when it is silent and when
// no more. stopped says when it sends nothing although it should.
func live(weeks int, seed uint64, rate func(time.Time) float64, stopped func(time.Time) bool) (told []string) {
	rng := rand.New(rand.NewPCG(seed, 1))
	f := Feed{Name: "lab", Hours: map[int64]int64{}}
	silent := false
	w := WatchFeeds(func(context.Context, time.Time) ([]Feed, error) { return []Feed{f}, nil })
	for at := monday; at.Before(monday.Add(time.Duration(weeks) * week * time.Hour)); at = at.Add(time.Minute) {
		if !stopped(at) && rng.Float64() < rate(at)/60 {
			for range 1 + rng.IntN(2) {
				f.Hours[at.Unix()/3600]++
			}
			f.Last = at
		}
		found, _ := w.Look(context.Background(), at)
		if now := len(found) > 0; now != silent {
			silent = now
			told = append(told, fmt.Sprintf("%v %s", now, at.Format("Mon 15:04")))
		}
	}
	return told
}

func never(time.Time) bool { return false }

// TestSilence: weeks of a feed that stops at nights and on Sundays raise no alert; one
// that is silenced at its busiest hour raises one, within minutes, and one when it is
// back.
func TestSilence(t *testing.T) {
	for seed := range uint64(5) {
		if told := live(10, seed, rate, never); len(told) > 0 {
			t.Errorf("seed %d: a feed that does what it always does: %v", seed, told)
		}
		from := monday.Add(5*week*time.Hour + 10*time.Hour) // a Monday at ten
		told := live(6, seed, rate, func(at time.Time) bool { return !at.Before(from) && at.Before(from.Add(2*time.Hour)) })
		if len(told) != 2 || told[0] < "true Mon 10:08" || told[0] > "true Mon 10:25" || told[1][:len("false Mon 12:0")] != "false Mon 12:0" {
			t.Errorf("seed %d: silenced from Monday ten to twelve: %v", seed, told)
		}
	}
	// One that is down from Saturday evening on is told of once it should speak again.
	from := monday.Add(5*week*time.Hour + 5*24*time.Hour + 20*time.Hour)
	told := live(8, 1, rate, func(at time.Time) bool { return !at.Before(from) })
	if len(told) != 1 || told[0][:len("true Sat")] != "true Sat" && told[0][:len("true Mon")] != "true Mon" {
		t.Errorf("down from Saturday evening on: %v", told)
	}
	// A new one has no habit: it is told of after three days.
	told = live(1, 1, func(time.Time) float64 { return 30 }, func(at time.Time) bool { return at.After(monday.Add(20 * time.Hour)) })
	if len(told) != 1 || told[0] < "true Thu 19:5" || told[0] > "true Thu 20:1" {
		t.Errorf("a new feed that stops on Monday at eight in the evening: %v", told)
	}
}

func TestSilenceAsConfigured(t *testing.T) {
	now := monday.Add(time.Hour)
	for _, c := range []struct {
		after, gap time.Duration
		want       bool
	}{{30 * time.Minute, 29 * time.Minute, false}, {30 * time.Minute, 31 * time.Minute, true}, {-1, 1000 * time.Hour, false}} {
		f := Feed{Name: "lab", After: c.after, Last: now.Add(-c.gap)}
		if got := f.silent(now) != ""; got != c.want {
			t.Errorf("expected every %v and silent for %v: %v", c.after, c.gap, got)
		}
	}
	if (&Feed{Name: "lab"}).silent(now) != "" {
		t.Error("one that never sent anything is not silent")
	}
}
