package api

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"handover"
	"handover/wire/mllp"
)

// numbers reads the figures of journal, projections and listeners when they are
// asked for.
type numbers struct {
	a        *API
	messages *prometheus.Desc
	tail     *prometheus.Desc
	applied  *prometheus.Desc
	wire     []wireNumber

	mu      sync.Mutex
	counts  map[string]map[handover.State]int64
	counted time.Time
}

// countsEvery is how long counts of messages are shown again: counting looks at
// every message.
const countsEvery = 30 * time.Second

const numbersTimeout = 10 * time.Second

// wireNumber is one figure of a listener.
type wireNumber struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(mllp.Counts) int64
}

func newNumbers(a *API) *numbers {
	n := &numbers{
		a: a,
		messages: prometheus.NewDesc("handover_messages",
			"Messages by source and by what became of them; counted at most twice a minute.", []string{"source", "state"}, nil),
		tail:    prometheus.NewDesc("handover_journal_offset", "The offset of the journal's last fact.", nil, nil),
		applied: prometheus.NewDesc("handover_applied_offset", "The offset up to which facts are applied.", []string{"projection"}, nil),
	}
	add := func(name, help string, kind prometheus.ValueType, of func(mllp.Counts) int64) {
		desc := prometheus.NewDesc("handover_mllp_"+name, help, []string{"source"}, nil)
		n.wire = append(n.wire, wireNumber{desc, kind, of})
	}
	const counter, gauge = prometheus.CounterValue, prometheus.GaugeValue
	add("connections_open", "Connections now.", gauge, func(c mllp.Counts) int64 { return c.Open })
	add("connections_total", "Connections that were served.", counter, func(c mllp.Counts) int64 { return c.Connections })
	add("turned_away_total", "Connections turned away: limits, allow-list, TLS.", counter, func(c mllp.Counts) int64 { return c.Turned })
	add("bytes_in_total", "Bytes read, framing included.", counter, func(c mllp.Counts) int64 { return c.BytesIn })
	add("bytes_out_total", "Bytes of answers, framing included.", counter, func(c mllp.Counts) int64 { return c.BytesOut })
	add("messages_total", "Messages that came whole.", counter, func(c mllp.Counts) int64 { return c.Messages })
	add("refused_total", "Messages too large, or without room to keep them.", counter, func(c mllp.Counts) int64 { return c.Refused })
	add("spooled_total", "Messages that went through a file.", counter, func(c mllp.Counts) int64 { return c.Spooled })
	add("answers_total", "Answers written.", counter, func(c mllp.Counts) int64 { return c.Answers })
	add("unanswered_total", "Messages whose answer could not be made or written.", counter, func(c mllp.Counts) int64 { return c.Unanswered })
	add("fragments_total", "Runs of bytes that are no message.", counter, func(c mllp.Counts) int64 { return c.Fragments })
	add("fragment_bytes_total", "Bytes in fragments.", counter, func(c mllp.Counts) int64 { return c.FragmentBytes })
	add("padding_bytes_total", "CR and LF bytes between frames.", counter, func(c mllp.Counts) int64 { return c.Padding })
	return n
}

// Describe names the figures.
func (n *numbers) Describe(out chan<- *prometheus.Desc) {
	out <- n.messages
	out <- n.tail
	out <- n.applied
	for _, w := range n.wire {
		out <- w.desc
	}
}

// Collect reads the figures.
func (n *numbers) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), numbersTimeout)
	defer cancel()
	gauge := func(desc *prometheus.Desc, v int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(v), labels...)
	}
	gauge(n.tail, int64(n.a.Journal.Tail()))
	gauge(n.applied, int64(n.a.Record.Applied()), "record")
	if at, err := n.a.Trace.Applied(ctx); err != nil {
		out <- prometheus.NewInvalidMetric(n.applied, err)
	} else {
		gauge(n.applied, int64(at), "trace")
	}
	counts, err := n.count(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(n.messages, err)
	}
	for source, states := range counts {
		for state, v := range states {
			gauge(n.messages, v, source, string(state))
		}
	}
	for source, counts := range n.a.Listeners() {
		for _, w := range n.wire {
			out <- prometheus.MustNewConstMetric(w.desc, w.kind, float64(w.of(counts)), source)
		}
	}
}

// count counts messages, unless it did so a moment ago.
func (n *numbers) count(ctx context.Context) (map[string]map[handover.State]int64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now := n.a.Now(); n.counts == nil || now.Sub(n.counted) >= countsEvery {
		counts, err := n.a.Trace.Counts(ctx, time.UnixMilli(0))
		if err != nil {
			return nil, err
		}
		n.counts, n.counted = counts, now
	}
	return n.counts, nil
}
