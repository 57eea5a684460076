package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"handover/config"
)

type checkCommand struct {
	Dir  string `arg:"" optional:"" default:"." help:"The configuration folder."`
	JSON bool   `help:"Print the problems as JSON, one object a line."`
}

// Help shows an example.
func (checkCommand) Help() string { return "Example: handover check samples/quickstart" }

// Run prints every problem, with file and line.
func (c checkCommand) Run(std Streams) error {
	site, err := config.Load(os.DirFS(c.Dir))
	if problems, ok := errors.AsType[config.Problems](err); ok {
		return c.report(std, problems)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Dir, err)
	}
	if !c.JSON {
		fmt.Fprintf(std.Out, "no problems: %d sources, %d routes, release %s\n", len(site.Sources), len(site.Routes), site.Release)
	}
	return nil
}

func (c checkCommand) report(std Streams, problems config.Problems) error {
	for _, p := range problems {
		if c.JSON {
			line := struct {
				File string `json:"file"`
				Line int    `json:"line"`
				Text string `json:"text"`
			}{p.File, p.Line, p.Text}
			if err := json.NewEncoder(std.Out).Encode(line); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(std.Out, p)
	}
	return errFound
}
