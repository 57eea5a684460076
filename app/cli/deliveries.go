package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"handover"
	"handover/deliver"
)

type deliveriesCommand struct {
	serverFlag
	chosen
	Limit int  `default:"50" help:"How many at most; 0 for all."`
	JSON  bool `help:"Print one JSON object a line."`
}

// chosen says which open deliveries are meant.
type chosen struct {
	Destination string `placeholder:"NAME" help:"Only those to this destination."`
	State       string `enum:",waiting,parked" default:"" help:"Only in this state: waiting, parked."`
	Reason      string `placeholder:"REASON" help:"Only those parked for this reason: rejected, unknown, fails-alone, given-up, message-gone, message-damaged, by-hand."`
}

// Help shows an example.
func (deliveriesCommand) Help() string {
	return "What is delivered is open no longer: `handover trace` tells of it.\n\nExample: handover deliveries --destination lab --state parked"
}

// Run prints open deliveries, by destination, oldest first.
func (c deliveriesCommand) Run(ctx context.Context, std Streams) error {
	if c.JSON {
		return c.pages(ctx, c.chosen, c.Limit, func(found []deliver.Entry) error { return eachJSON(std, found) })
	}
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tMESSAGE\tSOURCE\tSTATE\tSINCE\tTRIES\tREASON\tOWNER\tDEADLINE")
	err := c.pages(ctx, c.chosen, c.Limit, func(found []deliver.Entry) error {
		for _, d := range found {
			deadline := ""
			if !d.Deadline.IsZero() {
				deadline = d.Deadline.Local().Format(time.DateTime)
			}
			fmt.Fprintf(table, "%d/%s\t%d\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", d.Of, d.To, d.Message, d.Source, d.State,
				d.Since.Local().Format(time.DateTime), d.Tries, d.Reason, d.Owner, deadline)
		}
		return nil
	})
	return errors.Join(err, table.Flush())
}

// pages asks for page after page until the limit (0: none) or the end is reached.
func (s serverFlag) pages(ctx context.Context, c chosen, limit int, do func([]deliver.Entry) error) error {
	query := url.Values{}
	for name, value := range map[string]string{"destination": c.Destination, "state": c.State, "reason": c.Reason} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for left := limit; ; {
		size := pageSize
		if limit > 0 {
			size = min(left, pageSize)
		}
		query.Set("limit", strconv.Itoa(size))
		var answer struct {
			Deliveries []deliver.Entry `json:"deliveries"`
			After      string          `json:"after"`
		}
		if err := s.get(ctx, "deliveries", query, &answer); err != nil {
			return err
		}
		if err := do(answer.Deliveries); err != nil {
			return err
		}
		left -= len(answer.Deliveries)
		if answer.After == "" || limit > 0 && left <= 0 {
			return nil
		}
		query.Set("after", answer.After)
	}
}

// deciding is what park, unpark and cancel have in common.
type deciding struct {
	serverFlag
	IDs         []string `arg:"" optional:"" name:"id" help:"Deliveries, as \"handover deliveries\" prints them: 12/lab."`
	Destination string   `placeholder:"NAME" help:"In place of ids: all to this destination."`
	Reason      string   `placeholder:"REASON" help:"With --destination: only those parked for this reason."`
	Why         string   `required:"" placeholder:"TEXT" help:"Why. It is kept for ever, with who and when: name no patient."`
}

type parkCommand struct{ deciding }

// Help shows an example.
func (parkCommand) Help() string {
	return "What is parked is not sent until it is released; somebody answers for it until a deadline.\n\n" +
		"Example: handover park 12/lab --why \"the lab asks us to wait\""
}

// Run parks what waits.
func (c parkCommand) Run(ctx context.Context, std Streams) error {
	return c.decide(ctx, std, "park", "waiting")
}

type unparkCommand struct{ deciding }

// Help shows an example.
func (unparkCommand) Help() string {
	return "What is released is sent again, at its old place in the queue. What is parked as unknown may have arrived: " +
		"ask the receiver first, or it may have the message twice.\n\n" +
		"Example: handover unpark --destination lab --reason rejected --why \"the lab has mended its table\""
}

// Run releases what is parked.
func (c unparkCommand) Run(ctx context.Context, std Streams) error {
	return c.decide(ctx, std, "release", "parked")
}

type cancelCommand struct{ deciding }

// Help shows an example.
func (cancelCommand) Help() string {
	return "What is cancelled is never sent, and cannot be taken back.\n\nExample: handover cancel 12/lab --why \"sent by phone\""
}

// Run gives up what is parked or waits.
func (c cancelCommand) Run(ctx context.Context, std Streams) error {
	return c.decide(ctx, std, "cancel", "")
}

// decide does one thing to all that are meant, and says how many there were. One
// that fails does not keep the others from it.
func (c deciding) decide(ctx context.Context, std Streams, act, state string) error {
	ids, err := c.meant(ctx, state)
	if err != nil {
		return err
	}
	done := 0
	for _, id := range ids {
		answer, err := c.post(ctx, "deliveries/"+id.Of.String()+"/"+url.PathEscape(id.To)+"/"+act, map[string]string{"why": c.Why})
		if err != nil {
			fmt.Fprintln(std.Err, err)
			continue
		}
		_ = answer.Body.Close() // it says only what was asked
		done++
	}
	fmt.Fprintf(std.Out, "%d of %d: %s\n", done, len(ids), map[string]string{"park": "parked", "release": "released", "cancel": "cancelled"}[act])
	if done < len(ids) {
		return errFound
	}
	return nil
}

// meant returns the deliveries that are named, or all to the destination.
func (c deciding) meant(ctx context.Context, state string) (ids []handover.DeliveryID, err error) {
	usage := func(text string) error {
		return &handover.Error{Op: "reading what is meant", Kind: handover.Usage, Err: errors.New(text)}
	}
	if (len(c.IDs) > 0) == (c.Destination != "") {
		return nil, usage("name deliveries (12/lab), or a --destination")
	}
	for _, id := range c.IDs {
		of, to, _ := strings.Cut(id, "/")
		n, err := strconv.ParseInt(of, 10, 64)
		if err != nil || to == "" {
			return nil, usage(fmt.Sprintf("%q is no delivery; `handover deliveries` prints them, as 12/lab", id))
		}
		ids = append(ids, handover.DeliveryID{Of: handover.Offset(n), To: to})
	}
	if c.Destination == "" {
		return ids, nil
	}
	err = c.pages(ctx, chosen{c.Destination, state, c.Reason}, 0, func(found []deliver.Entry) error {
		for _, d := range found {
			ids = append(ids, d.DeliveryID)
		}
		return nil
	})
	return ids, err
}
