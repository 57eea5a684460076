package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
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
