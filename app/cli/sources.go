package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"handover/deliver"
)

type sourcesCommand struct {
	serverFlag
	JSON bool `help:"Print one JSON object a line."`
}

// Help shows an example.
func (sourcesCommand) Help() string { return "Example: handover sources" }

type listedSource struct {
	Name        string        `json:"name"`
	Listen      string        `json:"listen"`
	Acknowledge string        `json:"acknowledge"`
	Zone        string        `json:"zone,omitempty"`
	Owns        []string      `json:"owns,omitempty"`
	Authorities []string      `json:"authorities,omitempty"`
	Paused      *deliver.Halt `json:"paused,omitempty"`
}

// Run lists the sources.
func (c sourcesCommand) Run(ctx context.Context, std Streams) error {
	var answer struct{ Sources []listedSource }
	if err := c.get(ctx, "sources", nil, &answer); err != nil {
		return err
	}
	if c.JSON {
		return eachJSON(std, answer.Sources)
	}
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SOURCE\tLISTEN\tACKNOWLEDGE\tOWNS\tSTATE")
	for _, s := range answer.Sources {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", s.Name, s.Listen, s.Acknowledge, strings.Join(s.Owns, ", "), stateOf(s.Paused))
	}
	return table.Flush()
}

type routesCommand struct {
	serverFlag
	JSON bool `help:"Print one JSON object a line."`
}

// Help shows an example.
func (routesCommand) Help() string { return "Example: handover routes" }

type listedRoute struct {
	Name   string        `json:"name"`
	From   []string      `json:"from"`
	When   string        `json:"when,omitempty"`
	Key    string        `json:"key,omitempty"`
	To     []string      `json:"to"`
	Paused *deliver.Halt `json:"paused,omitempty"`
}

// Run lists the routes.
func (c routesCommand) Run(ctx context.Context, std Streams) error {
	var answer struct{ Routes []listedRoute }
	if err := c.get(ctx, "routes", nil, &answer); err != nil {
		return err
	}
	if c.JSON {
		return eachJSON(std, answer.Routes)
	}
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROUTE\tFROM\tTO\tWHEN\tSTATE")
	for _, r := range answer.Routes {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.Name, strings.Join(r.From, ", "), strings.Join(r.To, ", "), r.When, stateOf(r.Paused))
	}
	return table.Flush()
}
