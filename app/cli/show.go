package cli

import (
	"fmt"

	"handover/hl7v2"
)

type showCommand struct {
	Files  []string `arg:"" help:"Files of messages or batches; - for standard input."`
	Groups bool     `help:"Show the groups of the message's structure."`
	Hide   bool     `help:"Show how long values are instead of what they say, for a log or a screenshot."`
	JSON   bool     `help:"Print one JSON object for each message."`
}

// Help shows an example.
func (showCommand) Help() string {
	return "Example: handover show --groups samples/quickstart/messages/3-result.hl7\n\n" +
		"Exit code 1: a message has problems, which are told on standard error."
}

// Run shows every message, and tells what is wrong with it.
func (c showCommand) Run(std Streams) error {
	first := true
	faults := 0
	problems, err := eachMessage(std, c.Files, func(m fileMessage) error {
		parsed, wrong := hl7v2.Parse(m.Bytes)
		faults += len(wrong)
		for _, p := range wrong {
			fmt.Fprintf(std.Err, "%s: %s\n", m.where(), p)
		}
		if parsed == nil {
			return nil
		}
		o := hl7v2.ShowOptions{Groups: c.Groups, HideValues: c.Hide}
		if c.JSON {
			return hl7v2.ShowJSON(std.Out, parsed, o)
		}
		if !first {
			fmt.Fprintln(std.Out)
		}
		first = false
		return hl7v2.Show(std.Out, parsed, o)
	})
	if err == nil && problems+faults > 0 {
		err = errFound
	}
	return err
}
