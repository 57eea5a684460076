package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"time"

	"handover"
	"handover/alert"
	"handover/app/telemetry"
	"handover/config"
	"handover/hl7v2"
	"handover/wire"
)

// appender keeps facts; it returns after the sync.
type appender interface {
	Append(ctx context.Context, drafts []handover.Draft) ([]handover.Receipt, error)
}

// factReader reads one fact.
type factReader interface {
	Get(ctx context.Context, offset handover.Offset) (handover.Entry, error)
}

// intake keeps what a source sends before it says so. It implements
// wire.Receiver.
type intake struct {
	source  config.Source
	release string
	journal interface {
		appender
		factReader
	}
	records *waitingRoom // of messages that wait to be recorded
	// delivered waits until a message is delivered.
	delivered func(ctx context.Context, offset handover.Offset) arrivalVerdict
	numbers   *alert.Numbers
	book      *doorBook
	log       *slog.Logger
	faults    rarely // of messages that were not kept
	traces    *telemetry.Traces
	now       func() time.Time
}

// arrivalVerdict is what can be said of a message before anything looks into it.
type arrivalVerdict struct {
	outcome hl7v2.Outcome
	reason  string // why it is refused; "": it is not
	errors  []hl7v2.AckError
}

// Receive keeps the arrival and answers for it, as wire.Receiver says.
func (in *intake) Receive(ctx context.Context, a wire.Arrival) ([][]byte, error) {
	r := telemetry.Reception{Source: in.source.Name, Start: a.Received}
	answers, err := in.take(ctx, a, &r)
	if in.traces != nil {
		if r.End = in.now(); err != nil {
			r.Refused = handover.KindOf(err).String()
		}
		in.traces.Received(&r)
	}
	return answers, err
}

// take keeps the arrival and answers for it. It notes what there is to tell.
func (in *intake) take(ctx context.Context, a wire.Arrival, r *telemetry.Reception) ([][]byte, error) {
	in.book.taken.Add(1)
	m, problems := hl7v2.Parse(wholeSegments(a))
	v := judge(m, problems)
	if m != nil {
		r.Type = m.First("MSH").Field(9).Raw()
	}
	if a.Trace.Parent != "" {
		r.Trace = telemetry.Accept(a.Trace.Parent, a.Trace.State)
	}
	if a.Err != nil {
		in.book.failed.Add(1)
		return in.refuse(m, a.Received, a.Err), a.Err
	}
	receipt, err := in.keep(ctx, a, r.Trace, m, v)
	if err != nil {
		in.book.failed.Add(1)
		if untold, yes := in.faults.may(time.Now()); yes {
			in.log.Error("a message was not kept; its sender was told so", "source", a.Source, "remote", a.Remote,
				"not told since the last", untold, "error", err)
		}
		return in.refuse(m, a.Received, err), err
	}
	in.book.kept.Add(1)
	offset, at := receipt.Offset, receipt.Time
	hearNumber(in.numbers, &in.source, m, in.now())
	r.Offset, r.Time = offset, at
	if receipt.First != 0 {
		first, err := in.journal.Get(ctx, receipt.First)
		if err != nil {
			return in.refuse(m, a.Received, err), err
		}
		offset, at = first.Offset, first.Time
		r.First = telemetry.MessageOf(offset, &first.Header)
	}
	answers, said := in.answers(ctx, m, v, offset, at)
	r.Answer, r.Refused = in.lastCode(m, v, said), said.reason
	return answers, nil
}

// wholeSegments returns what of the arrival can be parsed now: everything, or
// of a spooled message the segments that its head holds whole.
func wholeSegments(a wire.Arrival) []byte {
	if a.Body.File == "" {
		return a.Head
	}
	for i := len(a.Head) - 1; i > 0; i-- {
		if a.Head[i] == '\r' || a.Head[i] == '\n' {
			return a.Head[:i+1]
		}
	}
	return a.Head
}

// judge refuses what cannot be read, and queries, which nothing here serves.
func judge(m *hl7v2.Message, problems []hl7v2.Problem) arrivalVerdict {
	switch {
	case m == nil:
		return arrivalVerdict{hl7v2.InError, "unreadable", hl7v2.ErrorsOf(problems)}
	case hasFatal(problems):
		return arrivalVerdict{hl7v2.InError, "malformed", hl7v2.ErrorsOf(problems)}
	case hl7v2.Expected(m).Kind == hl7v2.Query:
		return arrivalVerdict{hl7v2.Rejected, "query-not-served", []hl7v2.AckError{{
			Where: "MSH-9", Code: "207", Text: "queries are not answered here"}}}
	}
	return arrivalVerdict{outcome: hl7v2.Accepted}
}

func hasFatal(problems []hl7v2.Problem) bool {
	for _, p := range problems {
		if p.Fatal {
			return true
		}
	}
	return false
}

// keep appends the message and, where it is refused, the decision with it.
func (in *intake) keep(ctx context.Context, a wire.Arrival, trace string, m *hl7v2.Message, v arrivalVerdict) (handover.Receipt, error) {
	format := a.Format
	if format == "" {
		format = wire.MediaType
	}
	d := handover.Draft{
		Header: handover.Header{
			Kind: handover.Received, Release: in.release, Source: in.source.Name, Class: handover.KeepMessage,
			Actor: "source:" + in.source.Name, Format: format, Answer: firstCode(m, v.outcome), Conn: a.Conn, Trace: trace,
		},
		Body: a.Body,
	}
	if m != nil {
		d.Control = string(m.First("MSH").Field(10).Raw())
	}
	drafts := []handover.Draft{d}
	if v.reason != "" {
		drafts = append(drafts, decisionDraft(in.release, in.source.Name, handover.Decision{
			State: handover.StateRefused, Reason: v.reason, Problems: problemsOf(v.errors, a.Problems),
		}, new(int)))
	}
	receipts, err := in.journal.Append(ctx, drafts)
	if err != nil {
		return handover.Receipt{}, err
	}
	return receipts[0], nil
}

// decisionDraft makes a Decided fact. inBatch points to the index of the
// message in the same append; nil: set Header.Cause.
func decisionDraft(release, source string, d handover.Decision, inBatch *int) handover.Draft {
	return factDraft(handover.Header{
		Kind: handover.Decided, Release: release, Source: source, Class: handover.KeepForever,
	}, d, inBatch)
}

// factDraft makes a fact of Handover's own, with a JSON body.
func factDraft(h handover.Header, body any, inBatch *int) handover.Draft {
	h.Actor, h.Format = handover.Engine.ID, "application/json"
	data, err := json.Marshal(body)
	if err != nil {
		panic("a fact that is no JSON: " + err.Error()) // the nouns' own types always are
	}
	return handover.Draft{Header: h, Body: handover.Body{Bytes: data}, CauseInBatch: inBatch}
}

func problemsOf(errs []hl7v2.AckError, more []handover.Problem) []handover.Problem {
	var out []handover.Problem
	for _, e := range errs {
		out = append(out, handover.Problem{Where: e.Where, Text: e.Text})
	}
	return append(out, more...)
}

// firstCode is MSA-1 of the first answer that is asked for; "" where none is.
func firstCode(m *hl7v2.Message, o hl7v2.Outcome) string {
	asked := hl7v2.Expected(m)
	switch {
	case asked.Accept.Asks(o):
		return o.AcceptCode()
	case asked.Application.Asks(o):
		return o.ApplicationCode()
	}
	return ""
}

// expected is what the sender is told: of one that is relayed, the receiver gives the
// application acknowledgement, unless we refuse the message.
func (in *intake) expected(m *hl7v2.Message, v arrivalVerdict) hl7v2.Answers {
	asked := hl7v2.Expected(m)
	if in.source.Acknowledge == "relayed" && asked.Accept != hl7v2.Never && v.reason == "" {
		asked.Application = hl7v2.Never
	}
	return asked
}

// lastCode is MSA-1 of the last answer that is given; "" where none is.
func (in *intake) lastCode(m *hl7v2.Message, first, last arrivalVerdict) string {
	if in.expected(m, first).Application.Asks(last.outcome) {
		return last.outcome.ApplicationCode()
	}
	return firstCode(m, first.outcome)
}

// answers makes what the message asks for. It is a function of the message, its
// offset and its time, so a message that comes again gets the first answer again.
// It returns with them what was said last.
func (in *intake) answers(ctx context.Context, m *hl7v2.Message, v arrivalVerdict, offset handover.Offset, at time.Time) ([][]byte, arrivalVerdict) {
	asked, accepted := in.expected(m, v), v
	if asked.Application != hl7v2.Never && v.reason == "" {
		v = in.await(ctx, offset, v)
	}
	var out [][]byte
	if asked.Accept.Asks(accepted.outcome) {
		out = append(out, hl7v2.Acknowledge(m, hl7v2.Acknowledgement{
			Code: accepted.outcome.AcceptCode(), Errors: accepted.errors, Time: at, ControlID: answerID(offset, "C"),
		}))
	}
	if asked.Application.Asks(v.outcome) {
		out = append(out, hl7v2.Acknowledge(m, hl7v2.Acknowledgement{
			Code: v.outcome.ApplicationCode(), Errors: v.errors, Time: at, ControlID: answerID(offset, "A"),
		}))
	}
	return out, v
}

// await waits for what the source wants to hear of, and returns what can be said
// then.
func (in *intake) await(ctx context.Context, offset handover.Offset, v arrivalVerdict) arrivalVerdict {
	if in.source.Acknowledge == "received" || in.source.Acknowledge == "relayed" {
		return v
	}
	if in.source.Patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, in.source.Patience)
		defer cancel()
	}
	if in.source.Acknowledge == "recorded" {
		return in.records.wait(ctx, offset)
	}
	return in.delivered(ctx, offset)
}

// answerID is MSH-10 of an answer: the message's offset and which answer it is.
func answerID(offset handover.Offset, which string) string {
	return "HO" + strconv.FormatInt(int64(offset), 10) + which
}

// refuse answers a message that was not kept: its sender keeps it.
func (in *intake) refuse(m *hl7v2.Message, at time.Time, err error) [][]byte {
	c := handover.KindOf(err).Consequence()
	text := "the message was not kept; keep it, and send it again"
	if !c.Retry {
		text = "the message was not kept: " + c.Name
	}
	asked := hl7v2.Expected(m)
	a := hl7v2.Acknowledgement{Code: c.Ack, Errors: []hl7v2.AckError{{Code: c.Condition, Text: text}}, Time: at}
	switch {
	case asked.Accept != hl7v2.Never && asked.Accept != hl7v2.OnSuccess:
		a.Code = "C" + c.Ack[1:]
	case asked.Application == hl7v2.Never || asked.Application == hl7v2.OnSuccess:
		return nil
	}
	return [][]byte{hl7v2.Acknowledge(m, a)}
}
