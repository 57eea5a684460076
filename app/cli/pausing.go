package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"handover"
	"handover/deliver"
)

// halting is what pause and resume have in common.
type halting struct {
	serverFlag
	Destination string `arg:"" optional:"" help:"The destination's name."`
	Source      string `placeholder:"NAME" help:"A source instead."`
	Route       string `placeholder:"NAME" help:"A route instead."`
	Why         string `required:"" placeholder:"TEXT" help:"Why. It is kept for ever, with who and when: name no patient."`
}

func (c halting) halt(ctx context.Context, act string) error {
	var paths []string
	for _, one := range [][2]string{{"destinations/", c.Destination}, {"sources/", c.Source}, {"routes/", c.Route}} {
		if one[1] != "" {
			paths = append(paths, one[0]+url.PathEscape(one[1]))
		}
	}
	if len(paths) != 1 {
		return &handover.Error{Op: "reading what is meant", Kind: handover.Usage, Err: errors.New("name one destination, or one --source, or one --route")}
	}
	answer, err := c.post(ctx, paths[0]+"/"+act, map[string]string{"why": c.Why})
	if err == nil {
		_ = answer.Body.Close() // `handover destinations`, `sources` and `routes` tell
	}
	return err
}

type pauseCommand struct{ halting }

// Help shows examples.
func (pauseCommand) Help() string {
	return "To a destination nothing is sent: what comes meanwhile waits in its order. A source's listener is closed, so that its system keeps its messages. " +
		"Of what a route sends to destinations nothing is sent, and what other routes send there may overtake it; what it writes to the record goes on. " +
		"All that also over restarts, until it is resumed.\n\n" +
		"Example: handover pause lab --why \"the lab moves its server until four\"\n\nExample: handover pause --source pas --why \"it sends a test load\""
}

// Run pauses a destination, a source or a route.
func (c pauseCommand) Run(ctx context.Context) error { return c.halt(ctx, "pause") }

type resumeCommand struct{ halting }

// Help shows an example.
func (resumeCommand) Help() string {
	return "Example: handover resume lab --why \"the lab is back\""
}

// Run resumes a destination, a source or a route.
func (c resumeCommand) Run(ctx context.Context) error { return c.halt(ctx, "resume") }

func pausedBy(h deliver.Halt) string {
	return fmt.Sprintf("paused since %s by %s: %s", h.Since.Local().Format(time.DateTime), h.By, h.Why)
}

func stateOf(h *deliver.Halt) string {
	if h == nil {
		return "ok"
	}
	return pausedBy(*h)
}

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
