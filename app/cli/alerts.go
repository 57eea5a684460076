package cli

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"handover"
	"handover/alert"
)

type alertsCommand struct {
	serverFlag
	Closed int  `placeholder:"N" help:"Also so many of those that are over."`
	JSON   bool `help:"Print one JSON object a line."`
}

// Help shows an example.
func (alertsCommand) Help() string {
	return "What is open is not as it should be now; the runbook says what to do. Exit code 1 says that something is open.\n\nExample: handover alerts --closed 20"
}

// Run lists alerts, oldest first.
func (c alertsCommand) Run(ctx context.Context, std Streams) error {
	query := url.Values{}
	if c.Closed > 0 {
		query.Set("closed", strconv.Itoa(c.Closed))
	}
	var answer struct {
		Alerts []alert.Listed `json:"alerts"`
	}
	if err := c.get(ctx, "alerts", query, &answer); err != nil {
		return err
	}
	if err := c.print(std, answer.Alerts); err != nil {
		return err
	}
	for _, e := range answer.Alerts {
		if e.Closed.IsZero() {
			return errFound
		}
	}
	return nil
}

func (c alertsCommand) print(std Streams, alerts []alert.Listed) error {
	if c.JSON {
		return eachJSON(std, alerts)
	}
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tOPENED\tSEVERITY\tKIND\tSUBJECT\tSTATE\tWHAT")
	for _, e := range alerts {
		state := "open"
		switch {
		case !e.Closed.IsZero():
			state = "over since " + e.Closed.Local().Format(time.DateTime)
		case !e.Acknowledged.IsZero():
			state = fmt.Sprintf("acknowledged by %s: %s", e.By, e.Why)
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s (%s)\n", e.ID, e.Opened.Local().Format(time.DateTime), e.Severity, e.Kind, e.Subject, state,
			e.Text, alert.Runbook(e.Kind))
	}
	return table.Flush()
}

type acknowledgeCommand struct {
	serverFlag
	IDs []string `arg:"" name:"id" help:"Alerts, as \"handover alerts\" prints them."`
	Why string   `required:"" placeholder:"TEXT" help:"What is being done. It is kept for ever, with who and when: name no patient."`
}

// Help shows an example.
func (acknowledgeCommand) Help() string {
	return "An alert that is acknowledged stays open until what it tells of is over.\n\nExample: handover acknowledge 812 --why \"the lab restarts its server\""
}

// Run notes that somebody knows.
func (c acknowledgeCommand) Run(ctx context.Context, std Streams) error {
	for _, text := range c.IDs {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return &handover.Error{Op: "acknowledging", Kind: handover.Usage, Where: text, Err: fmt.Errorf("%q is no alert's id", text)}
		}
		answer, err := c.post(ctx, "alerts/"+strconv.FormatInt(id, 10)+"/acknowledge", map[string]string{"why": c.Why})
		if err != nil {
			return err
		}
		_ = answer.Body.Close()
		fmt.Fprintf(std.Out, "%d: acknowledged\n", id)
	}
	return nil
}
