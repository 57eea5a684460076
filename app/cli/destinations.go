package cli

import (
	"context"
	"fmt"
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
		return pausedBy(*d.Paused)
	case d.Failures > 0:
		return fmt.Sprintf("failing since %s: %s; next try %s", d.Failing.Local().Format(time.DateTime), d.Last, d.Next.Local().Format(time.TimeOnly))
	}
	return "ok"
}
