package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"handover"
	"handover/hl7v2"
	"handover/wire/mllp"
)

type sendCommand struct {
	Files  []string      `arg:"" help:"Files of messages or batches; - for standard input."`
	To     string        `required:"" placeholder:"mllp://HOST:PORT" help:"Where to send them."`
	Answer time.Duration `default:"60s" help:"How long to wait for each answer."`
	JSON   bool          `help:"Print one JSON object for each message."`
}

// Help shows an example.
func (sendCommand) Help() string {
	return "Example: handover send samples/quickstart/messages/*.hl7 --to mllp://127.0.0.1:2575\n\n" +
		"Messages go one after the other over one connection. Exit code 1: some were not accepted."
}

// sent is what became of one message.
type sent struct {
	Where   string   `json:"where"`
	Control string   `json:"control_id"`
	Answer  string   `json:"answer"` // MSA-1; "" where none is owed
	Errors  []string `json:"errors,omitempty"`
}

// Run sends every message and prints each acknowledgement.
func (c sendCommand) Run(ctx context.Context, std Streams) error {
	to, err := url.Parse(c.To)
	if err != nil || to.Scheme != "mllp" || to.Port() == "" {
		return &handover.Error{Op: "reading --to", Kind: handover.Usage, Err: fmt.Errorf("%q is not mllp://HOST:PORT", c.To)}
	}
	client, err := mllp.Dial(ctx, mllp.ClientConfig{Address: to.Host, Answer: c.Answer})
	if err != nil {
		return err
	}
	defer client.Close()
	bar := progress(std.Err, -1, "sending")
	refused := 0
	problems, err := eachMessage(std, c.Files, func(m fileMessage) error {
		result, err := sendOne(ctx, client, m)
		if err != nil {
			return fmt.Errorf("%s: %w", m.where(), err)
		}
		if !accepted(result.Answer) {
			refused++
		}
		_ = bar.Add(1) // draws on a terminal; nothing depends on it
		return c.print(std, result)
	})
	_ = bar.Finish()
	if err == nil && refused+problems > 0 {
		err = errFound
	}
	return err
}

// sendOne sends a message and, where it owes one, waits for its answer.
func sendOne(ctx context.Context, client *mllp.Client, m fileMessage) (sent, error) {
	parsed, _ := hl7v2.Parse(m.Bytes)
	result := sent{Where: m.where()}
	if parsed != nil {
		result.Control = parsed.ControlID()
	}
	answer, err := client.Send(ctx, m.Bytes)
	if err != nil {
		return result, err
	}
	ack, _ := hl7v2.Parse(answer)
	if ack == nil {
		return result, &handover.Error{Op: "reading the answer", Kind: handover.Invalid, Err: fmt.Errorf("it is no message")}
	}
	if got := ack.Get("MSA-2").Text(); got != result.Control {
		return result, &handover.Error{Op: "reading the answer", Kind: handover.Invalid, Where: "MSA-2",
			Err: fmt.Errorf("it answers another message")}
	}
	result.Answer = ack.Get("MSA-1").Text()
	result.Errors = errorsOf(ack)
	return result, nil
}

// errorsOf reads what the answer says was wrong, in the form of any version.
func errorsOf(ack *hl7v2.Message) []string {
	var out []string
	for e := range ack.All("ERR") {
		parts := []string{e.Field(3).Component(2).Text(), e.Field(8).Text()}
		if at := location(e.Field(2)); at != "" {
			parts = append([]string{at}, parts...)
		}
		out = append(out, strings.Join(trimEmpty(parts), ": "))
	}
	if text := ack.Get("MSA-3").Text(); text != "" {
		out = append(out, text)
	}
	return out
}

func trimEmpty(parts []string) []string {
	kept := parts[:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return kept
}

// location turns ERR-2 (ERL) into an address: PID-5.1.
func location(v hl7v2.Value) string {
	at := v.Component(1).Text()
	if field := v.Component(3).Text(); field != "" {
		at += "-" + field
	}
	for _, n := range []int{5, 6} {
		if part := v.Component(n).Text(); part != "" {
			at += "." + part
		}
	}
	return at
}

func accepted(answer string) bool { return answer == "AA" || answer == "CA" }

func (c sendCommand) print(std Streams, r sent) error {
	if c.JSON {
		return json.NewEncoder(std.Out).Encode(r)
	}
	_, err := fmt.Fprintf(std.Out, "%s  %s  %s\n", r.Answer, r.Control, r.Where)
	for _, e := range r.Errors {
		fmt.Fprintf(std.Out, "    %s\n", e)
	}
	return err
}
