package deliver

import (
	"context"
	"time"

	"handover"
)

// worker sends over one connection.
type worker struct {
	*Deliverer
	to     *outlet
	sender Sender
}

func (d *Deliverer) newWorker(o *outlet) *worker {
	return &worker{d, o, o.Open(func(frame []byte) { d.hearLate(o, frame) })}
}

// run sends what the queue gives until it gives no more.
func (w *worker) run(ctx context.Context) {
	defer w.sender.Close()
	context.AfterFunc(ctx, func() { _ = w.sender.Close() })
	var begun *delivery // its attempt is in the journal
	for {
		if begun == nil {
			d := w.to.take(ctx)
			if d == nil {
				return
			}
			if !w.append(ctx, []handover.Draft{w.attempt(d)}) {
				return // nothing was sent
			}
			begun = d
		}
		begun = w.try(ctx, begun)
	}
}

// attempt is the fact that a try begins.
func (w *worker) attempt(d *delivery) handover.Draft {
	d.tries++
	return d.facts().attempted(d.tries)
}

// try sends a delivery whose attempt is in the journal, and keeps how it ended. It
// returns the next one, if there was one whose attempt could be kept with that.
func (w *worker) try(ctx context.Context, d *delivery) (next *delivery) {
	ctx, t := d.trying(ctx)
	o, lost := w.send(ctx, d, &t.Header)
	f := d.facts()
	drafts := []handover.Draft{f.ended(d.tries, o)}
	if o.Answer != nil && o.Ending != handover.Accepted {
		drafts = append(drafts, answered(f, o.Answer))
	}
	if d, ok := f.response(w.to.Answers, o.Answer); ok {
		drafts = append(drafts, d)
	}
	reason := lost
	if reason == "" {
		reason = w.verdict(d, o)
	}
	if reason != "" {
		drafts = append(drafts, f.parked(w.to.parking(reason)))
	}
	if o.Ending == handover.Accepted {
		if next = w.to.another(d); next != nil {
			drafts = append(drafts, w.attempt(next))
		}
	}
	if !w.append(ctx, drafts) {
		return nil // the next start finds it begun
	}
	if lost == "" { // else nothing was tried
		w.to.ended(o)
	}
	switch {
	case reason != "" && d.hold:
		w.to.held(d)
		w.drained(w.to)
	case reason != "" || o.Ending == handover.Accepted:
		w.to.done(d)
		w.drained(w.to)
	default:
		w.to.back(d)
	}
	return next
}

// send sends the message as it came, and fills in its header. lost says why there is
// nothing to send.
func (w *worker) send(ctx context.Context, d *delivery, header *handover.Header) (o handover.Outcome, lost string) {
	var content []byte
	read := func() (err error) {
		content, *header, err = w.config.Content(ctx, Item{d.DeliveryID, d.message, d.route == ""})
		switch handover.KindOf(err) {
		case handover.Gone, handover.Damaged, handover.NotFound, handover.TooLarge:
			lost, err = "message-"+handover.KindOf(err).String(), nil
		}
		return err
	}
	if !w.insist(ctx, "reading a message to send", read) {
		return handover.Outcome{Ending: handover.Failed, Reason: "the engine was stopping"}, ""
	}
	if lost != "" {
		return handover.Outcome{Ending: handover.Failed, Reason: "the message cannot be read any more"}, lost
	}
	o = w.sender.Send(ctx, content)
	if o.Ending == handover.Unknown {
		w.to.lost.remember(content, d)
	}
	return o, ""
}

// aloneAtMost is how often sending one message may fail while others are accepted
// each time.
const aloneAtMost = 10

// verdict says why a delivery is parked after it ended so; "": it is not.
func (w *worker) verdict(d *delivery, o handover.Outcome) string {
	switch {
	case o.Ending == handover.Rejected:
		return "rejected"
	case o.Ending == handover.Unknown && !w.to.Resend:
		return "unknown"
	case o.Ending == handover.Accepted:
		return ""
	case d.alone >= aloneAtMost:
		return "fails-alone"
	case w.to.GiveUp > 0 && time.Since(d.since) > w.to.GiveUp:
		return "given-up"
	}
	return ""
}

// append keeps facts, again and again while that fails, and for a while also after
// ctx has ended: what is not kept is unknown to the next start.
func (w *worker) append(ctx context.Context, drafts []handover.Draft) bool {
	keeping, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(w.config.Drain, cancel) })()
	return w.insist(keeping, "keeping what became of a delivery", func() error {
		_, err := w.config.Journal.Append(keeping, drafts)
		return err
	})
}
