package cli

import (
	"context"
	"strings"

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
	return list(std, c.JSON, answer.Sources, "SOURCE\tLISTEN\tACKNOWLEDGE\tOWNS\tSTATE", func(s listedSource) []any {
		return []any{s.Name, s.Listen, s.Acknowledge, strings.Join(s.Owns, ", "), stateOf(s.Paused)}
	})
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
	return list(std, c.JSON, answer.Routes, "ROUTE\tFROM\tTO\tWHEN\tSTATE", func(r listedRoute) []any {
		return []any{r.Name, strings.Join(r.From, ", "), strings.Join(r.To, ", "), r.When, stateOf(r.Paused)}
	})
}
