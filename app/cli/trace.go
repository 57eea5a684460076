package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"handover/trace"
)

type traceCommand struct {
	serverFlag
	Message string `arg:"" help:"The message's offset or its control id (MSH-10)."`
	JSON    bool   `help:"Print JSON."`
}

// Help shows an example.
func (traceCommand) Help() string { return "Example: handover trace PAS-0001" }

// story is a story as the admin API tells it.
type story struct {
	trace.Story
	Others []int64 `json:"others,omitempty"` // messages with the same control id
}

// Run tells the story of the message.
func (c traceCommand) Run(ctx context.Context, std Streams) error {
	var s story
	if err := c.get(ctx, "traces/"+url.PathEscape(c.Message), nil, &s); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.Out).Encode(s)
	}
	tell(std.Out, s.Story)
	if len(s.Others) > 0 {
		fmt.Fprintf(std.Out, "  others    with this control id: %s\n", strings.Trim(fmt.Sprint(s.Others), "[]"))
	}
	return nil
}

// tell writes a story as people read it.
func tell(w io.Writer, s trace.Story) {
	m := s.Message
	fmt.Fprintf(w, "message %d  %s  %s  from %s\n", m.Offset, m.Type, m.Control, m.Source)
	fmt.Fprintf(w, "  received  %s, %d bytes, answered %s\n", m.Received.Local().Format(time.RFC3339Nano), m.Size, or(m.Answer, "nothing, as none was owed"))
	if m.First != 0 {
		fmt.Fprintf(w, "  repeats   message %d, whose answer was given again\n", m.First)
	}
	if s.Trace != "" {
		fmt.Fprintf(w, "  trace     %s\n", s.Trace)
	}
	tellDecision(w, s)
	for _, d := range s.Sent {
		verb := "sent    "
		if d.Resent {
			verb = "resent  "
		}
		fmt.Fprintf(w, "  %s  to %s: %s\n", verb, d.To, sending(d))
	}
	for _, v := range s.Wrote {
		fmt.Fprintf(w, "  wrote     %s/%s version %d\n", v.Type, v.ID, v.Version)
	}
	for _, o := range s.Older {
		fmt.Fprintf(w, "  older     %s/%s: %s\n", o.Type, o.ID, or(o.Reason, "newer word stands"))
	}
	for _, p := range s.Parked {
		fmt.Fprintf(w, "  parked    %s: %s\n", p.Type, p.Reason)
	}
	for _, l := range s.Left {
		fmt.Fprintf(w, "  left      %s: %s\n", l.Field, l.Reason)
	}
	if s.AnswerTo != 0 {
		fmt.Fprintf(w, "  answers   message %d\n", s.AnswerTo)
	}
	for _, a := range s.Answers {
		fmt.Fprintf(w, "  answered  by message %d\n", a)
	}
	for _, r := range s.Repeats {
		fmt.Fprintf(w, "  repeated  as message %d\n", r)
	}
	facts := make([]string, len(s.Facts))
	for i, f := range s.Facts {
		facts[i] = fmt.Sprintf("%d %s", f.Offset, f.Kind)
	}
	fmt.Fprintf(w, "  facts     %s\n", strings.Join(facts, ", "))
}

// sending says what became of a delivery: "accepted (AA) at the second try".
func sending(d trace.Sending) string {
	var b strings.Builder
	b.WriteString(d.State)
	if d.Code != "" {
		fmt.Fprintf(&b, " (%s)", d.Code)
	}
	if d.Tries > 1 || d.State == "waiting" && d.Tries > 0 {
		fmt.Fprintf(&b, ", tried %d times", d.Tries)
	}
	if d.Last != "" && d.State == "waiting" {
		fmt.Fprintf(&b, ", last %s", d.Last)
	}
	if d.Reason != "" {
		b.WriteString(": " + d.Reason)
	}
	if d.Late {
		b.WriteString("; its answer came late")
	}
	if d.Owner != "" {
		fmt.Fprintf(&b, "; %s answers for it", d.Owner)
		if !d.Deadline.IsZero() {
			fmt.Fprintf(&b, " until %s", d.Deadline.Local().Format(time.RFC3339))
		}
	}
	if d.Edited != 0 {
		fmt.Fprintf(&b, "; as fact %d changed it", d.Edited)
	}
	if d.By != "" {
		fmt.Fprintf(&b, "; decided by %s: %s", d.By, d.Why)
	}
	return b.String()
}

func tellDecision(w io.Writer, s trace.Story) {
	d := s.Decision
	if d == nil {
		fmt.Fprintf(w, "  state     %s\n", s.Message.State)
		return
	}
	line := string(d.State)
	if d.Reason != "" {
		line += ": " + d.Reason
	}
	if len(d.Routes) > 0 {
		line += " by " + strings.Join(d.Routes, ", ")
	}
	fmt.Fprintf(w, "  decided   %s (release %s)\n", line, s.Release)
	for _, p := range d.Problems {
		fmt.Fprintf(w, "  problem   %s: %s\n", or(p.Where, "message"), p.Text)
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
