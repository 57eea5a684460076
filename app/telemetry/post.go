package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// The pauses between tries of one batch, and after how long it is given up: what comes
// later is of more use then.
const (
	firstPause = time.Second
	mostPause  = 15 * time.Second
	giveUp     = time.Minute
)

// refusal is an answer of the collector that is no success.
type refusal struct {
	status int
	after  time.Duration // that it asks to wait; 0: it does not say
}

// Error tells the status. What the collector says beside it is not ours to log.
func (r *refusal) Error() string { return fmt.Sprintf("it answers %d", r.status) }

// passing reports whether the same request may be taken later (OTLP 1, "Failures").
func (r *refusal) passing() bool {
	switch r.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// insist posts a batch, again and again for a while. It returns false only where ctx
// ended before it was known what became of it.
func (t *Traces) insist(ctx context.Context, batch []*span) (done bool) {
	if len(batch) == 0 {
		return true
	}
	until := time.Now().Add(giveUp)
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		err := t.post(ctx, batch)
		if err == nil {
			t.faults.over()
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		t.faults.tell(err, t.lost.Load())
		wait := pause
		if r, refused := errors.AsType[*refusal](err); refused {
			wait = max(wait, r.after)
			if !r.passing() {
				wait = giveUp
			}
		}
		if time.Now().Add(wait).After(until) {
			t.lost.Add(int64(len(batch)))
			return true
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return false
		}
	}
}

// maxResponse is how many bytes of an answer are read.
const maxResponse = 64 << 10

// post posts a batch once.
func (t *Traces) post(ctx context.Context, batch []*span) error {
	body, err := t.encode(batch)
	if err != nil {
		return fmt.Errorf("encoding spans: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, t.config.Answer)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.config.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, values := range t.config.Header {
		request.Header[name] = values
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	answer, err := t.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxResponse))
	if answer.StatusCode/100 != 2 {
		after, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		return &refusal{answer.StatusCode, time.Duration(max(after, 0)) * time.Second}
	}
	rejected := int64(0)
	var told collectorpb.ExportTraceServiceResponse
	if err == nil && proto.Unmarshal(said, &told) == nil { // else it is taken, and says nothing of use
		rejected = min(max(told.GetPartialSuccess().GetRejectedSpans(), 0), int64(len(batch)))
	}
	t.lost.Add(rejected)
	t.taken.Add(int64(len(batch)) - rejected)
	return nil
}

// faults tells in the log that the collector does not take what it is sent, rarely, and
// when that is over.
type faults struct {
	log  *slog.Logger
	mu   sync.Mutex
	last time.Time // zero: all is well
}

// faultsEvery is how much time lies between two that are told.
const faultsEvery = 10 * time.Minute

func (f *faults) tell(err error, lost int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); f.last.IsZero() || now.Sub(f.last) >= faultsEvery {
		f.last = now
		f.log.Warn("the collector of traces does not take them; messages go on", "dropped so far", lost, "error", err)
	}
}

func (f *faults) over() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.last.IsZero() {
		f.last = time.Time{}
		f.log.Info("the collector takes traces again")
	}
}
