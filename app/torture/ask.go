package torture

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"handover/balance"
)

// Ask asks a running engine, at host:port.
type Ask struct{ HTTP string }

// open returns the body of an answer that is 200.
func open(ctx context.Context, address, path string) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := web.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("%s: %s", path, answer.Status), answer.Body.Close())
	}
	return answer.Body, nil
}

// get reads an answer of JSON; v nil: it is only looked whether it is 200.
func get(ctx context.Context, address, path string, v any) error {
	body, err := open(ctx, address, path)
	if err != nil {
		return err
	}
	defer body.Close()
	if v == nil {
		_, err = io.Copy(io.Discard, body) // so that the connection is used again
		return err
	}
	return json.NewDecoder(body).Decode(v)
}

// Get reads an answer of JSON.
func (a Ask) Get(ctx context.Context, path string, v any) error { return get(ctx, a.HTTP, path, v) }

// Figures are those of /metrics, which writes a million as 1e+06.
func (a Ask) Figures(ctx context.Context) (map[string]float64, error) {
	body, err := open(ctx, a.HTTP, "/metrics")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	out := map[string]float64{}
	for lines := bufio.NewScanner(body); lines.Scan(); {
		name, text, _ := strings.Cut(lines.Text(), " ")
		if value, err := strconv.ParseFloat(text, 64); err == nil {
			out[name] = value
		}
	}
	if _, told := out["handover_journal_offset"]; !told {
		return nil, errors.New("/metrics does not tell the journal's offset")
	}
	return out, nil
}

// Undecided reports whether a message waits to be decided, or a fact to be
// taken into the trace, which is what can be asked.
func (a Ask) Undecided(ctx context.Context) (bool, error) {
	var page struct {
		Messages []json.RawMessage `json:"messages"`
	}
	if err := a.Get(ctx, "/api/v1/messages?state=received&limit=1", &page); err != nil {
		return false, err
	}
	figures, err := a.Figures(ctx)
	return len(page.Messages) > 0 || figures[`handover_applied_offset{projection="trace"}`] != figures["handover_journal_offset"], err
}

// Waiting reports whether anything waits to be sent to a destination; "": to any.
func (a Ask) Waiting(ctx context.Context, destination string) (bool, error) {
	var page struct {
		Deliveries []json.RawMessage `json:"deliveries"`
	}
	query := url.Values{"state": {"waiting"}, "limit": {"1"}}
	if destination != "" {
		query.Set("destination", destination)
	}
	err := a.Get(ctx, "/api/v1/deliveries?"+query.Encode(), &page)
	return len(page.Deliveries) > 0, err
}

// Await waits until something is no longer so.
func Await(ctx context.Context, patience time.Duration, what string, so func(context.Context) (bool, error)) error {
	deadline, rest := time.Now().Add(patience), 2*time.Millisecond
	for {
		still, err := so(ctx)
		if err != nil || !still {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s for %v", what, patience)
		}
		if err := pause(ctx, rest); err != nil {
			return err
		}
		rest = min(2*rest, 100*time.Millisecond)
	}
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settle waits until every message is decided, and sent to those destinations or
// parked for them.
func (a Ask) settle(ctx context.Context, patience time.Duration, destinations []string) error {
	err := Await(ctx, patience, "messages stay undecided", a.Undecided)
	for _, d := range destinations {
		if err != nil {
			return err
		}
		err = Await(ctx, patience, "messages still wait to be sent to "+d,
			func(ctx context.Context) (bool, error) { return a.Waiting(ctx, d) })
	}
	return err
}

// balance asks for the balance until it stands still: a receiver's last word may
// just be on its way.
func (a Ask) balance(ctx context.Context) (*balance.Report, error) {
	const still = 20 * time.Millisecond // longer than it takes to write down what has just come
	var before, now balance.Report
	err := Await(ctx, time.Minute, "the balance does not stand still", func(ctx context.Context) (bool, error) {
		before, now = now, balance.Report{}
		if err := pause(ctx, still); err != nil {
			return true, err
		}
		err := a.Get(ctx, "/api/v1/balance", &now)
		return before.UpTo == 0 || !reflect.DeepEqual(before.Destinations, now.Destinations), err
	})
	return &now, err
}
