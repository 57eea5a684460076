package trace

import (
	"encoding/json"

	"handover"
)

// sent adds what one fact says of a delivery.
func (s *Story) sent(e handover.Entry) error {
	switch e.Kind {
	case handover.Resent:
		var again handover.Resending
		err := json.Unmarshal(e.Body.Bytes, &again)
		for _, d := range again.Deliveries {
			s.Sent = append(s.Sent, Sending{
				DeliveryID: handover.DeliveryID{Of: e.Offset, To: d.To}, Resent: true, Edited: again.Edited, State: "waiting", By: e.Actor, Why: again.Why,
			})
		}
		return err
	case handover.Attempted:
		var a handover.Attempt
		return s.onSending(e, &a, &a.DeliveryID, func(d *Sending) {
			d.State, d.Tries, d.Last, d.Code, d.Reason = "under-way", a.Try, "", "", ""
		})
	case handover.Ended:
		var r handover.Result
		return s.onSending(e, &r, &r.DeliveryID, func(d *Sending) { d.end(r) })
	case handover.Parked:
		var p handover.Parking
		return s.onSending(e, &p, &p.DeliveryID, func(d *Sending) {
			d.State, d.Owner, d.Deadline = "parked", p.Owner, p.Deadline
			if d.Reason == "" || p.Reason != "rejected" && p.Reason != "unknown" {
				d.Reason = p.Reason
			}
			d.decided(e, p.Why)
		})
	case handover.Released, handover.Cancelled:
		var r handover.Ruling
		return s.onSending(e, &r, &r.DeliveryID, func(d *Sending) {
			d.State, d.Reason, d.Owner = "waiting", "", ""
			if e.Kind == handover.Cancelled {
				d.State = "cancelled"
			}
			d.decided(e, r.Why)
		})
	}
	return nil
}

// end notes how a try ended. What a late answer says stands, whatever is said of the
// try afterwards.
func (d *Sending) end(r handover.Result) {
	if d.State == "accepted" {
		return
	}
	d.Last, d.Code, d.Reason, d.Late = r.Ending, r.Code, r.Reason, r.Late
	if r.Ending == handover.Accepted {
		d.State, d.Owner = "accepted", ""
	} else if !r.Late {
		d.State = "waiting"
	}
}

func (d *Sending) decided(e handover.Entry, why string) {
	if e.Actor != handover.Engine.ID {
		d.By, d.Why = e.Actor, why
	}
}

// onSending reads a fact's body and changes the delivery that it is of.
func (s *Story) onSending(e handover.Entry, body any, of *handover.DeliveryID, change func(*Sending)) error {
	if err := json.Unmarshal(e.Body.Bytes, body); err != nil {
		return err
	}
	for i := range s.Sent {
		d := &s.Sent[i]
		if d.DeliveryID == *of && d.State != "cancelled" && (d.State != "accepted" || e.Kind == handover.Ended) {
			change(d)
		}
	}
	return nil
}
