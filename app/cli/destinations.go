package cli

import (
	"context"
	"fmt"
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
	return list(std, c.JSON, answer.Destinations, "DESTINATION\tWAITING\tOLDEST\tPARKED\tOVERDUE\tOWNER\tSTATE", func(d deliver.Status) []any {
		oldest := ""
		if !d.Oldest.IsZero() {
			oldest = time.Since(d.Oldest).Truncate(time.Second).String()
		}
		return []any{d.Name, d.Waiting, oldest, d.Parked, d.Overdue, d.Owner, condition(d)}
	})
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
