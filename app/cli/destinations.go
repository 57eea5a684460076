package cli

import (
	"context"
	"fmt"
	"net/url"
	"text/tabwriter"
	"time"

	"handover/deliver"
)

type destinationsCommand struct {
	serverFlag
	JSON bool `help:"Print one JSON object a line."`
}

// Help shows an example.
func (destinationsCommand) Help() string { return "Example: handover destinations" }

// Run tells how each destination is.
func (c destinationsCommand) Run(ctx context.Context, std Streams) error {
	var answer struct {
		Destinations []deliver.Status `json:"destinations"`
	}
	if err := c.get(ctx, "destinations", nil, &answer); err != nil {
		return err
	}
	if c.JSON {
		return eachJSON(std, answer.Destinations)
	}
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "DESTINATION\tWAITING\tOLDEST\tPARKED\tOVERDUE\tOWNER\tSTATE")
	for _, d := range answer.Destinations {
		oldest := ""
		if !d.Oldest.IsZero() {
			oldest = time.Since(d.Oldest).Truncate(time.Second).String()
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%d\t%d\t%s\t%s\n", d.Name, d.Waiting, oldest, d.Parked, d.Overdue, d.Owner, condition(d))
	}
	return table.Flush()
}

// condition says whether a destination can be reached.
func condition(d deliver.Status) string {
	switch {
	case d.Owner == "":
		return "not configured: what is open for it is not sent"
	case d.Paused != nil:
		return fmt.Sprintf("paused since %s by %s: %s", d.Paused.Since.Local().Format(time.DateTime), d.Paused.By, d.Paused.Why)
	case d.Failures > 0:
		return fmt.Sprintf("failing since %s: %s; next try %s", d.Failing.Local().Format(time.DateTime), d.Last, d.Next.Local().Format(time.TimeOnly))
	}
	return "ok"
}

// halting is what pause and resume have in common.
type halting struct {
	serverFlag
	Destination string `arg:"" help:"The destination's name."`
	Why         string `required:"" placeholder:"TEXT" help:"Why. It is kept for ever, with who and when: name no patient."`
}

func (c halting) halt(ctx context.Context, act string) error {
	answer, err := c.post(ctx, "destinations/"+url.PathEscape(c.Destination)+"/"+act, map[string]string{"why": c.Why})
	if err == nil {
		_ = answer.Body.Close() // `handover destinations` tells
	}
	return err
}

type pauseCommand struct{ halting }

// Help shows an example.
func (pauseCommand) Help() string {
	return "What comes meanwhile waits in its order, also over restarts, until it is resumed.\n\n" +
		"Example: handover pause lab --why \"the lab moves its server until four\""
}

// Run pauses a destination.
func (c pauseCommand) Run(ctx context.Context) error { return c.halt(ctx, "pause") }

type resumeCommand struct{ halting }

// Help shows an example.
func (resumeCommand) Help() string {
	return "Example: handover resume lab --why \"the lab is back\""
}

// Run resumes a destination.
func (c resumeCommand) Run(ctx context.Context) error { return c.halt(ctx, "resume") }
