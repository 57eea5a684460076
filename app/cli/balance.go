package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"handover/balance"
)

type balanceCommand struct {
	serverFlag
	Since string `placeholder:"24h" help:"Only what came since the beginning of that hour: a span of time, or a time as in 2026-03-02T08:00:00Z."`
	JSON  bool   `help:"Print JSON."`
}

// Help says what is compared.
func (balanceCommand) Help() string {
	return "Messages: received = refused + duplicate + filtered + routed + waiting + undecided. Deliveries: created = accepted + parked + " +
		"unknown + in flight + cancelled. Resources: asserted = made + same + older + parked. The sides come from books that are kept " +
		"apart, and every table is held against them; what does not agree is named by its offset. " +
		"Exit code 1 says that something does not.\n\nExample: handover balance --since 24h"
}

// Run prints the balance.
func (c balanceCommand) Run(ctx context.Context, std Streams) error {
	query := url.Values{}
	if c.Since != "" {
		query.Set("since", c.Since)
	}
	var r balance.Report
	if err := c.get(ctx, "balance", query, &r); err != nil {
		return err
	}
	err := c.print(std, r)
	if err == nil && !r.Balanced {
		return errFound
	}
	return err
}

func (c balanceCommand) print(std Streams, r balance.Report) error {
	if c.JSON {
		return eachJSON(std, []balance.Report{r})
	}
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...any) {
		for _, cell := range cells {
			fmt.Fprintf(table, "%v\t", cell)
		}
		fmt.Fprintln(table)
	}
	if len(r.Sources) > 0 {
		row("SOURCE", "RECEIVED", "REFUSED", "DUPLICATE", "FILTERED", "ROUTED", "WAITING", "UNDECIDED", "DIFFERENCE")
		for _, s := range r.Sources {
			row(s.Name, s.Received, s.Refused, s.Duplicate, s.Filtered, s.Routed, s.Waiting, s.Undecided, s.Difference)
		}
		row()
	}
	if len(r.Routes) > 0 {
		row("ROUTE", "ROUTED", "FILTERED", "DELIVERIES")
		for _, s := range r.Routes {
			row(s.Name, s.Routed, s.Filtered, s.Deliveries)
		}
		row()
	}
	if len(r.Destinations) > 0 {
		row("DESTINATION", "CREATED", "ACCEPTED", "PARKED", "UNKNOWN", "IN FLIGHT", "CANCELLED", "DIFFERENCE")
		for _, d := range r.Destinations {
			row(d.Name, d.Created, d.Accepted, d.Parked, d.Unknown, d.InFlight, d.Cancelled, d.Difference)
		}
		row()
	}
	if len(r.Record) > 0 {
		row("RESOURCES OF", "ASSERTED", "MADE", "SAME", "OLDER", "PARKED", "DIFFERENCE")
		for _, d := range r.Record {
			row(d.Source, d.Asserted, d.Made, d.Same, d.Older, d.Parked, d.Difference)
		}
		row()
	}
	err := table.Flush()
	told := func(format string, args ...any) {
		_, failed := fmt.Fprintf(std.Out, format+"\n", args...)
		err = errors.Join(err, failed)
	}
	for _, s := range r.Sources {
		if len(s.Rules) > 0 {
			told("filtered from %s: %s", s.Name, listed(s.Rules))
		}
	}
	for _, d := range r.Destinations {
		if len(d.Owners) > 0 {
			told("parked for %s, by who answers for it: %s", d.Name, listed(d.Owners))
		}
	}
	for _, f := range r.Findings {
		at := ""
		if f.Offset != 0 {
			at = ", offset " + f.Offset.String()
		}
		told("DOES NOT AGREE  %s%s: %s", f.Part, at, f.Text)
	}
	if r.More > 0 {
		told("and %d more", r.More)
	}
	span := "everything"
	if !r.Since.IsZero() {
		span = "what came since " + r.Since.Local().Format(time.DateTime)
	}
	compared := "tables are not compared yet"
	if !r.Checked.IsZero() {
		compared = "all tables were compared until " + r.Checked.Local().Format(time.DateTime)
	}
	verdict := "balanced"
	if !r.Balanced {
		verdict = "NOT balanced"
	}
	told("%s: %s, up to fact %d; %s", verdict, span, r.UpTo, compared)
	return err
}

// listed writes counts by name: "a 2, b 1".
func listed(counts map[string]int64) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(out, ", ")
}
