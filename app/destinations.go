package app

import (
	"context"
	"crypto/tls"
	"fmt"

	"handover"
	"handover/config"
	"handover/deliver"
	"handover/internal/store"
	"handover/wire"
	"handover/wire/mllp"
)

// openDeliveries opens what is to be sent, and how it gets there. No connection is
// made before there is something to send.
func (e *Engine) openDeliveries(ctx context.Context) (err error) {
	c := deliver.Config{
		Place:   store.Place{URL: e.config.Database, Dir: e.config.Dir, VFS: e.config.VFS},
		Journal: delivered{e.live(), e.config.Site.Release}, Content: e.contentOf, Log: e.log,
	}
	for _, d := range e.config.Site.Destinations {
		to, err := destination(d)
		if err != nil {
			return fmt.Errorf("opening destination %s: %w", d.Name, err)
		}
		c.Destinations = append(c.Destinations, to)
	}
	e.deliveries, err = deliver.Open(ctx, c)
	return err
}

func destination(d config.Destination) (deliver.Destination, error) {
	client := mllp.ClientConfig{Address: d.Send.Host, Connect: d.Connect, Write: d.Write, Answer: d.Answer}
	if d.TLS != nil {
		var err error
		if client.TLS, err = clientTLS(*d.TLS); err != nil {
			return deliver.Destination{}, err
		}
	}
	return deliver.Destination{
		Name: d.Name, Owner: d.Owner, Deadline: d.Deadline, Connections: d.Connections, Resend: d.Resend,
		Pause: d.Retry.First, MaxPause: d.Retry.Most, GiveUp: d.Retry.GiveUp,
		Open: func(late func([]byte)) deliver.Sender {
			return mllp.NewLine(mllp.LineConfig{ClientConfig: client, Stray: late})
		},
	}, nil
}

func clientTLS(files config.ClientTLS) (*tls.Config, error) {
	c, err := wire.TLSFiles{Cert: files.Certificate, Key: files.Key}.Client(files.Authorities)
	if err == nil {
		c.ServerName = files.Name
	}
	return c, err
}

// delivered is the journal as deliveries use it: what they append is of the release
// that is live.
type delivered struct {
	live
	release string
}

// Append keeps the drafts.
func (d delivered) Append(ctx context.Context, drafts []handover.Draft) ([]handover.Receipt, error) {
	for i := range drafts {
		drafts[i].Header.Release = d.release
	}
	return d.live.Append(ctx, drafts)
}

// contentOf returns a message's bytes as they are sent.
func (e *Engine) contentOf(ctx context.Context, message handover.Offset) ([]byte, error) {
	l := e.live()
	entry, err := l.near(ctx, message)
	if err != nil {
		return nil, err
	}
	return l.content(ctx, entry)
}
