package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"handover"
	"handover/trace"
)

type resendCommand struct {
	serverFlag
	Messages []string `arg:"" optional:"" name:"message" help:"Messages, by offset or control id (MSH-10)."`
	searched
	Yes  bool     `help:"Resend all that a search finds. Without it their number is told."`
	To   []string `required:"" placeholder:"NAME" help:"The destinations."`
	With string   `placeholder:"FILE" type:"existingfile" help:"Send what is in this file in the place of the one message that is named."`
	Why  string   `required:"" placeholder:"TEXT" help:"Why. It is kept for ever, with who and when: name no patient."`
}

// Help shows examples.
func (resendCommand) Help() string {
	return "A message is sent as it came, with its own MSH-10: a receiver that knows it takes it for the same. " +
		"What is sent --with a file is kept beside it, and the trace tells. " +
		"What is parked is released with `handover unpark`, not resent.\n\n" +
		"Example: handover resend PAS-0001 --to lab --why \"the lab restored a backup of yesterday\"\n\n" +
		"Example: handover resend --source pas --type ADT --since 24h --to lab --why \"the same\" --yes"
}

// Run sends messages once more. One that fails does not keep the others from it.
func (c resendCommand) Run(ctx context.Context, std Streams) error {
	edited, err := c.edited(std)
	if err != nil {
		return err
	}
	offsets, err := c.offsets(ctx, std)
	if err != nil {
		return err
	}
	bar := progress(std.Err, int64(len(offsets)), "resending")
	done := 0
	for _, at := range offsets {
		if err := c.resend(ctx, at, edited); err != nil {
			fmt.Fprintf(std.Err, "message %d: %v\n", at, err)
		} else {
			done++
		}
		_ = bar.Add(1)
	}
	_ = bar.Finish()
	asked := max(len(offsets), len(c.Messages))
	fmt.Fprintf(std.Out, "%d of %d: resent\n", done, asked)
	if done < asked {
		return errFound
	}
	return nil
}

// edited reads what is sent in the place of the message; nil: the message is.
func (c resendCommand) edited(std Streams) (content []byte, err error) {
	if c.With == "" {
		return nil, nil
	}
	usage := func(text string) error {
		return &handover.Error{Op: "reading --with", Kind: handover.Usage, Where: c.With, Err: errors.New(text)}
	}
	if len(c.Messages) != 1 {
		return nil, usage("it stands in the place of one message; name that one")
	}
	found := 0
	problems, err := messagesOf(std, c.With, func(m fileMessage) error {
		content = slices.Clone(m.Bytes)
		found++
		return nil
	})
	if err == nil && (found != 1 || problems > 0) {
		err = usage("there must be one message in it, and nothing else")
	}
	return content, err
}

// offsets are the messages that are meant, oldest first where they were searched.
func (c resendCommand) offsets(ctx context.Context, std Streams) (out []handover.Offset, err error) {
	query := c.query()
	if (len(c.Messages) == 0) == (len(query) == 0) {
		return nil, &handover.Error{Op: "reading what is to be sent", Kind: handover.Usage, Err: errors.New("name messages, or say which by --source, --type, --patient, --state or --since")}
	}
	for _, message := range c.Messages {
		var found trace.Story
		if err := c.get(ctx, "traces/"+url.PathEscape(message), nil, &found); err != nil {
			fmt.Fprintf(std.Err, "%s: %v\n", message, err)
			continue
		}
		out = append(out, found.Message.Offset)
	}
	if len(c.Messages) > 0 {
		return out, nil
	}
	err = c.messages(ctx, query, 0, func(page []trace.Message) error {
		for _, m := range page {
			if m.State != handover.StateDuplicate { // the first of them is found too
				out = append(out, m.Offset)
			}
		}
		return nil
	})
	slices.Reverse(out)
	if err == nil && !c.Yes {
		err = &handover.Error{Op: "resending", Kind: handover.Usage, Err: fmt.Errorf("%d messages would be sent to each destination; say --yes if that is meant", len(out))}
	}
	return out, err
}

func (c resendCommand) resend(ctx context.Context, at handover.Offset, edited []byte) error {
	said := map[string]any{"to": c.To, "why": c.Why}
	if edited != nil {
		said["message"] = edited
	}
	answer, err := c.post(ctx, "messages/"+strconv.FormatInt(int64(at), 10)+"/resend", said)
	if err == nil {
		_ = answer.Body.Close() // it says only the fact's offset
	}
	return err
}
