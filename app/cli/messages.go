package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"handover/trace"
)

type messagesCommand struct {
	serverFlag
	searched
	Limit int  `default:"50" help:"How many at most; 0 for all."`
	JSON  bool `help:"Print one JSON object a line."`
}

// searched says which messages are meant.
type searched struct {
	Source  string `help:"Only of this source."`
	Type    string `placeholder:"ADT^A01" help:"Only of this type; ADT for all its events."`
	Patient string `placeholder:"ID" help:"Only of a patient, by an identifier: 900001 or QSG|900001."`
	Control string `help:"Only with this control id (MSH-10)."`
	State   string `enum:",received,refused,duplicate,filtered,routed,waiting" default:"" help:"Only in this state: received, refused, duplicate, filtered, routed, waiting."`
	Since   string `placeholder:"2h" help:"Only since then: a span of time, or a time as in 2026-03-02T08:00:00Z."`
}

func (c searched) query() url.Values {
	query := url.Values{}
	for name, value := range map[string]string{
		"source": c.Source, "type": c.Type, "patient": c.Patient, "control": c.Control, "state": c.State, "since": c.Since,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// Help shows an example.
func (messagesCommand) Help() string {
	return "Example: handover messages --source lab --state waiting --since 2h"
}

// Run prints messages, newest first.
func (c messagesCommand) Run(ctx context.Context, std Streams) error {
	if c.JSON {
		return c.messages(ctx, c.query(), c.Limit, func(found []trace.Message) error { return eachJSON(std, found) })
	}
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "OFFSET\tRECEIVED\tSOURCE\tTYPE\tCONTROL ID\tSTATE\tREASON")
	err := c.messages(ctx, c.query(), c.Limit, func(found []trace.Message) error {
		for _, m := range found {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", m.Offset, m.Received.Local().Format(time.DateTime),
				m.Source, m.Type, m.Control, m.State, m.Reason)
		}
		return nil
	})
	return errors.Join(err, table.Flush())
}

// pageSize is how many messages the engine gives at once.
const pageSize = 1000

// messages asks for page after page until the limit (0: none) or the end is reached.
func (s serverFlag) messages(ctx context.Context, query url.Values, limit int, do func([]trace.Message) error) error {
	for left := limit; ; {
		size := pageSize
		if limit > 0 {
			size = min(left, pageSize)
		}
		query.Set("limit", strconv.Itoa(size))
		var answer struct {
			Messages []trace.Message `json:"messages"`
			Before   int64           `json:"before"`
		}
		if err := s.get(ctx, "messages", query, &answer); err != nil {
			return err
		}
		if err := do(answer.Messages); err != nil {
			return err
		}
		left -= len(answer.Messages)
		if answer.Before == 0 || limit > 0 && left <= 0 {
			return nil
		}
		query.Set("before", strconv.FormatInt(answer.Before, 10))
	}
}

func eachJSON[T any](std Streams, items []T) error {
	out := json.NewEncoder(std.Out)
	for _, item := range items {
		if err := out.Encode(item); err != nil {
			return err
		}
	}
	return nil
}
