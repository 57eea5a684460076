package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"handover"
	"handover/config"
	"handover/deliver"
	"handover/hl7v2"
	"handover/internal/store"
	"handover/trace"
	"handover/wire"
	"handover/wire/file"
	wirehttp "handover/wire/http"
	"handover/wire/mllp"
	"handover/wire/nats"
	"handover/wire/sftp"
)

// openDeliveries opens what is to be sent, and how it gets there. No connection is
// made before there is something to send.
func (e *Engine) openDeliveries(ctx context.Context) (err error) {
	c := deliver.Config{
		Place:   store.Place{URL: e.config.Database, Dir: e.config.Dir, VFS: e.config.VFS},
		Journal: tellingJournal{delivered{e.live(), e.config.Site.Release, &e.books}, e}, Content: e.deliveryContent, Log: e.log,
		Drain: e.config.Drain,
	}
	for _, r := range e.config.Site.Routes {
		c.Routes = append(c.Routes, r.Name)
	}
	for _, s := range e.config.Site.Sources {
		if s.Listen.Scheme != "answers" { // which has no door that could be closed
			c.Sources = append(c.Sources, s.Name)
		}
		if s.Acknowledge == "delivered" {
			c.Awaited = append(c.Awaited, s.Name)
		}
	}
	e.fhir = map[string]bool{}
	for _, d := range e.config.Site.Destinations {
		e.fhir[d.Name] = e.config.Site.SpeaksFHIR(d.Name)
		to, err := e.destination(d)
		if err != nil {
			return fmt.Errorf("opening destination %s: %w", d.Name, err)
		}
		c.Destinations = append(c.Destinations, to)
	}
	e.deliveries, err = deliver.Open(ctx, c)
	return err
}

func (e *Engine) destination(d config.Destination) (deliver.Destination, error) {
	book := e.books.destinations[d.Name]
	open, err := senders(d, e.fhir[d.Name])
	if err != nil {
		return deliver.Destination{}, err
	}
	return deliver.Destination{
		Name: d.Name, Owner: d.Owner, Deadline: d.Deadline, Connections: d.Connections, Answers: e.config.Site.Answers(d.Name), Resend: d.Resend,
		Pause: d.Retry.First, MaxPause: d.Retry.Most, GiveUp: d.Retry.GiveUp,
		Open: func(late func([]byte)) deliver.Sender { return countingSender{tellingSender{open(late), e}, book} },
	}, nil
}

// senders returns what makes a sender over one connection. It is told where to give
// answers to nothing that waits; only MLLP has any.
func senders(d config.Destination, fhir bool) (open func(late func([]byte)) deliver.Sender, err error) {
	var secured *tls.Config
	if d.TLS != nil {
		if secured, err = clientTLS(*d.TLS); err != nil {
			return nil, err
		}
	}
	switch d.Send.Scheme {
	case "file":
		return func(func([]byte)) deliver.Sender { return file.Sender{Dir: d.Send.Path} }, nil
	case "http", "https":
		c := wirehttp.SenderConfig{URL: d.Send.String(), TLS: secured, Connect: d.Connect, Answer: d.Answer, Authorization: d.Authorization}
		if fhir {
			return func(func([]byte)) deliver.Sender { return wirehttp.NewFHIRSender(c) }, nil
		}
		return func(func([]byte)) deliver.Sender { return wirehttp.NewSender(c) }, nil
	case "sftp":
		c := sftp.Config{Address: d.Send.Host, User: d.Send.User.Username(), Dir: d.Send.Path, Connect: d.Connect, Answer: d.Answer,
			Key: d.SSH.Key, Password: d.SSH.Password, KnownHosts: d.SSH.KnownHosts}
		if d.Send.Port() == "" {
			c.Address = net.JoinHostPort(d.Send.Hostname(), "22")
		}
		shared, err := sftp.Read(c)
		return func(func([]byte)) deliver.Sender { return shared.NewSender() }, err
	case "nats":
		shared, err := nats.Read(natsConfig(d, secured))
		return func(func([]byte)) deliver.Sender { return shared.NewSender() }, err
	}
	c := mllp.ClientConfig{Address: d.Send.Host, TLS: secured, Connect: d.Connect, Write: d.Write, Answer: d.Answer}
	return func(late func([]byte)) deliver.Sender {
		return mllp.NewLine(mllp.LineConfig{ClientConfig: c, Stray: late, Silent: d.Silent})
	}, nil
}

func natsConfig(d config.Destination, secured *tls.Config) nats.Config {
	c := nats.Config{Address: d.Send.Host, Subject: d.Subject(), TLS: secured, Connect: d.Connect, Answer: d.Answer}
	if d.Send.Port() == "" {
		c.Address = net.JoinHostPort(d.Send.Hostname(), "4222")
	}
	if d.NATS != nil {
		c.Credentials, c.User, c.Password, c.Token = d.NATS.Credentials, d.NATS.User, d.NATS.Password, d.NATS.Token
	}
	return c
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
	books   *books
}

// Append keeps the drafts, and counts the answers among them that are messages.
func (d delivered) Append(ctx context.Context, drafts []handover.Draft) ([]handover.Receipt, error) {
	for i := range drafts {
		drafts[i].Header.Release = d.release
	}
	receipts, err := d.live.Append(ctx, drafts)
	if err != nil {
		return nil, err
	}
	for i := range drafts {
		h := &drafts[i].Header
		if h.Kind != handover.Received {
			continue
		}
		if book := d.books.sources[h.Source]; book != nil {
			book.taken.Add(1)
			book.kept.Add(1)
		}
	}
	return receipts, nil
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

// delivered waits until every destination of a message has accepted it, and says
// what the sender is to hear.
func (e *Engine) delivered(ctx context.Context, offset handover.Offset) arrivalVerdict {
	done, known, err := e.deliveries.Await(ctx, offset)
	if err == nil && !known {
		done, known, err = e.deliveredBefore(ctx, offset)
	}
	switch {
	case err != nil || !known:
		return notDelivered("it is kept, but not yet delivered; send it again")
	case len(done.Parked) > 0:
		text := "it is kept, and was not delivered"
		for _, p := range done.Parked {
			text += "; " + p.To + ": " + p.Reason
		}
		return notDelivered(text)
	}
	return verdictOn(handover.Decision{State: done.State, Reason: done.Reason})
}

// deliveredBefore reads from the trace what became of a message that came before the
// engine started, or long ago.
func (e *Engine) deliveredBefore(ctx context.Context, offset handover.Offset) (done deliver.Delivered, known bool, err error) {
	for {
		s, err := e.trace.Story(ctx, engineAccess, offset)
		if err != nil && handover.KindOf(err) != handover.NotFound || ctx.Err() != nil {
			return done, false, errors.Join(err, ctx.Err())
		}
		if done, settled := deliveredAs(s); settled {
			return done, true, nil
		}
		sleep(ctx, followPause)
	}
}

// deliveredAs says what became of a message's deliveries; settled is false while any
// is open.
func deliveredAs(s trace.Story) (done deliver.Delivered, settled bool) {
	if s.Decision == nil {
		return done, false
	}
	done.State, done.Reason = s.Decision.State, s.Decision.Reason
	for _, d := range s.Sent {
		switch d.State {
		case "waiting", "under-way":
			return done, false
		case "parked":
			done.Parked = append(done.Parked, handover.Parking{DeliveryID: d.DeliveryID, Reason: d.Reason})
		case "cancelled":
			done.Parked = append(done.Parked, handover.Parking{DeliveryID: d.DeliveryID, Reason: d.State})
		}
	}
	return done, true
}

func notDelivered(text string) arrivalVerdict {
	return arrivalVerdict{hl7v2.InError, "not-delivered", []hl7v2.AckError{{Code: "207", Text: text}}}
}

// outbox is what is to be sent, as the API decides about it.
type outbox struct {
	*deliver.Deliverer
	engine *Engine
}

// Pause pauses what it says. A source's door is closed when it returns.
func (o outbox) Pause(ctx context.Context, by handover.Access, p handover.Pause) error {
	err := o.Deliverer.Pause(ctx, by, p)
	if g := o.engine.gates[p.Source]; err == nil && g != nil {
		g.pause(ctx, true)
	}
	return err
}

// Resume takes a pause back.
func (o outbox) Resume(ctx context.Context, by handover.Access, p handover.Pause) error {
	err := o.Deliverer.Resume(ctx, by, p)
	if g := o.engine.gates[p.Source]; err == nil && g != nil {
		g.pause(ctx, false)
	}
	return err
}
