package cli

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"handover/trace"
)

type resendCommand struct {
	serverFlag
	Messages []string `arg:"" name:"message" help:"Messages, by offset or control id (MSH-10)."`
	To       []string `required:"" placeholder:"NAME" help:"The destinations."`
	Why      string   `required:"" placeholder:"TEXT" help:"Why. It is kept for ever, with who and when: name no patient."`
}

// Help shows an example.
func (resendCommand) Help() string {
	return "A message is sent as it came, with its own MSH-10: a receiver that knows it takes it for the same. " +
		"What is parked is released with `handover unpark`, not resent.\n\n" +
		"Example: handover resend PAS-0001 --to lab --why \"the lab restored a backup of yesterday\""
}

// Run sends messages once more. One that fails does not keep the others from it.
func (c resendCommand) Run(ctx context.Context, std Streams) error {
	done := 0
	for _, message := range c.Messages {
		if err := c.resend(ctx, message); err != nil {
			fmt.Fprintf(std.Err, "%s: %v\n", message, err)
			continue
		}
		done++
	}
	fmt.Fprintf(std.Out, "%d of %d: resent\n", done, len(c.Messages))
	if done < len(c.Messages) {
		return errFound
	}
	return nil
}

func (c resendCommand) resend(ctx context.Context, message string) error {
	var found trace.Story
	if err := c.get(ctx, "traces/"+url.PathEscape(message), nil, &found); err != nil {
		return err
	}
	path := "messages/" + strconv.FormatInt(int64(found.Message.Offset), 10) + "/resend"
	answer, err := c.post(ctx, path, map[string]any{"to": c.To, "why": c.Why})
	if err == nil {
		_ = answer.Body.Close() // it says only the fact's offset
	}
	return err
}
