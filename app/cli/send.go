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
		"Messages go one after the other over one connection, each once the one before it has the answers that it owes\n" +
		"(MSH-15, MSH-16); replies owe none. Exit code 1: some were not accepted."
}

// sent is what became of one message.
type sent struct {
	Where   string   `json:"where"`
	Control string   `json:"control_id"`
	Owed    bool     `json:"owed"`   // an answer
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
	t := &talk{client: client, said: map[string]bool{}}
	bar := progress(std.Err, -1, "sending")
	refused := 0
	problems, err := eachMessage(std, c.Files, func(m fileMessage) error {
		result, err := t.send(ctx, m)
		if err != nil {
			return fmt.Errorf("%s: %w", m.where(), err)
		}
		if result.Owed && !accepted(result.Answer) {
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

// talk is what is said over one connection.
type talk struct {
	client *mllp.Client
	said   map[string]bool // control ids of what was sent before
}

// send sends a message and waits for the answers that it owes.
func (t *talk) send(ctx context.Context, m fileMessage) (sent, error) {
	parsed, _ := hl7v2.Parse(m.Bytes)
	asked := hl7v2.Expected(parsed)
	result := sent{Where: m.where(), Owed: asked.Accept != hl7v2.Never || asked.Application != hl7v2.Never}
	if parsed != nil {
		result.Control = parsed.ControlID()
	}
	defer func() { t.said[result.Control] = true }()
	if !result.Owed {
		return result, t.client.Tell(ctx, m.Bytes)
	}
	answer, err := t.client.Send(ctx, m.Bytes)
	ack, err := t.answerTo(ctx, result.Control, answer, err)
	if err == nil && ack.Get("MSA-1").Text() == hl7v2.Accepted.AcceptCode() && asked.Application.Asks(hl7v2.Accepted) {
		// It is safe; a second answer says what came of it.
		answer, err = t.client.Answer(ctx)
		ack, err = t.answerTo(ctx, result.Control, answer, err)
	}
	if err != nil {
		return result, err
	}
	result.Answer = ack.Get("MSA-1").Text()
	result.Errors = errorsOf(ack)
	return result, nil
}

// answerTo reads on while what came is a further answer to an earlier message,
// as an application acknowledgement after CE is.
func (t *talk) answerTo(ctx context.Context, control string, answer []byte, err error) (*hl7v2.Message, error) {
	for ; err == nil; answer, err = t.client.Answer(ctx) {
		ack, _ := hl7v2.Parse(answer)
		if ack == nil {
			return nil, &handover.Error{Op: "reading the answer", Kind: handover.Invalid, Err: fmt.Errorf("it is no message")}
		}
		switch to := ack.Get("MSA-2").Text(); {
		case to == control:
			return ack, nil
		case !t.said[to]:
			return nil, &handover.Error{Op: "reading the answer", Kind: handover.Invalid, Where: "MSA-2",
				Err: fmt.Errorf("it answers another message")}
		}
	}
	return nil, err
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
	if !r.Owed {
		_, err := fmt.Fprintf(std.Out, "--  %s  %s  no answer is owed\n", r.Control, r.Where)
		return err
	}
	_, err := fmt.Fprintf(std.Out, "%s  %s  %s\n", r.Answer, r.Control, r.Where)
	for _, e := range r.Errors {
		fmt.Fprintf(std.Out, "    %s\n", e)
	}
	return err
}
