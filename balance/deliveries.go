package balance

import "handover"

// begun is what is counted of a destination beside the endings.
const begun = "begun"

// promised takes in deliveries that a fact makes.
func (b *book) promised(e *handover.Entry, made []handover.Delivery) {
	for _, d := range made {
		if !in(b.kept.Open, d.To).add(e.Offset) {
			b.bad(inDeliveries, e.Offset, e.Time, "it makes the same delivery to %s twice", d.To)
			continue
		}
		b.move(e, handover.DeliveryID{Of: e.Offset, To: d.To})
		b.add(e.Offset, ofDestination, d.To, "created", 1)
		if d.Route != "" {
			b.add(e.Offset, ofRoute, d.Route, "deliveries", 1)
		}
	}
}

func (b *book) isOpen(id handover.DeliveryID) bool { return b.kept.Open[id.To].has(id.Of) }

// must reports whether the delivery is open, and notes where it is not.
func (b *book) must(e *handover.Entry, id handover.DeliveryID, what string) bool {
	if b.isOpen(id) {
		return true
	}
	if b.kept.Late[id.To].has(id.Of) {
		return false
	}
	b.bad(inDeliveries, e.Offset, e.Time, "%s of delivery %d/%s, which has ended or never was", what, id.Of, id.To)
	return false
}

func (b *book) attempted(e *handover.Entry, a handover.Attempt) {
	b.count(e.Offset, a.To, begun)
	if b.kept.Late[a.To].has(a.Of) { // it was on its way when the answer came
		return
	}
	if b.must(e, a.DeliveryID, "it begins a try") && !in(b.kept.Begun, a.To).add(a.Of) {
		b.bad(inDeliveries, e.Offset, e.Time, "it begins a try of delivery %d/%s before the one before has ended", a.Of, a.To)
	}
}

func (b *book) ended(e *handover.Entry, r handover.Result) {
	if r.Late {
		// It is about a try that ended as unknown; meanwhile another one may have
		// succeeded, or a person may have given it up.
		if r.Ending == handover.Accepted && b.isOpen(r.DeliveryID) {
			b.close(e, r.DeliveryID, "accepted")
			in(b.kept.Late, r.To).add(r.Of)
		}
		return
	}
	b.count(e.Offset, r.To, string(r.Ending))
	if b.kept.Late[r.To].has(r.Of) {
		return
	}
	if !b.must(e, r.DeliveryID, "it ends a try") {
		return
	}
	if !b.kept.Begun[r.To].remove(r.Of) {
		b.bad(inDeliveries, e.Offset, e.Time, "it ends a try of delivery %d/%s that never began, or has ended", r.Of, r.To)
	}
	if r.Ending == handover.Accepted {
		b.close(e, r.DeliveryID, "accepted")
	}
}

func (b *book) parked(e *handover.Entry, p handover.Parking) {
	if !b.must(e, p.DeliveryID, "it parks") {
		return
	}
	b.move(e, p.DeliveryID)
	b.unpark(p.DeliveryID)
	in(b.kept.Parked, parking{p.To, p.Owner, p.Reason == string(handover.Unknown)}).add(p.Of)
}

func (b *book) released(e *handover.Entry, id handover.DeliveryID) {
	if b.must(e, id, "it releases") {
		b.move(e, id)
		b.unpark(id)
	}
}

func (b *book) cancelled(e *handover.Entry, id handover.DeliveryID) {
	if b.must(e, id, "it cancels") {
		b.close(e, id, "cancelled")
	}
}

func (b *book) unpark(id handover.DeliveryID) {
	for p, s := range b.kept.Parked {
		if p.To == id.To {
			s.remove(id.Of)
		}
	}
}

func (b *book) isParked(id handover.DeliveryID) bool {
	for p, s := range b.kept.Parked {
		if p.To == id.To && s.has(id.Of) {
			return true
		}
	}
	return false
}

// close ends a delivery for good.
func (b *book) close(e *handover.Entry, id handover.DeliveryID, how string) {
	b.move(e, id)
	b.unpark(id)
	b.kept.Begun[id.To].remove(id.Of)
	b.kept.Open[id.To].remove(id.Of)
	b.add(id.Of, ofDestination, id.To, how, 1)
}

// restored is for the first fact after a restore: what waits may have been sent since
// the backup was made, and so counts as under way.
func (b *book) restored() {
	for to, open := range b.kept.Open {
		for at := range open.from(0) {
			if !b.isParked(handover.DeliveryID{Of: at, To: to}) {
				in(b.kept.Begun, to).add(at)
			}
		}
	}
}
