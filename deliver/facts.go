package deliver

import (
	"bytes"
	"encoding/json"
	"strings"

	"handover"
	"handover/hl7v2"
)

// facts makes the facts of one delivery. Their cause is the message.
type facts struct {
	message handover.Offset
	source  string
	id      handover.DeliveryID
	actor   handover.Actor // the zero Actor is the engine
}

func (d *delivery) facts() facts {
	return facts{message: d.message, source: d.source, id: d.DeliveryID}
}

func (f facts) draft(kind handover.FactKind, body any) handover.Draft {
	data, err := json.Marshal(body)
	if err != nil {
		panic("deliver: a fact that is no JSON: " + err.Error()) // the nouns' own types always are
	}
	actor := f.actor.ID
	if actor == "" {
		actor = handover.Engine.ID
	}
	return handover.Draft{
		Header: handover.Header{
			Kind: kind, Source: f.source, Cause: f.message, Class: handover.KeepForever, Actor: actor, Format: "application/json",
		},
		Body: handover.Body{Bytes: data},
	}
}

func (f facts) attempted(try int) handover.Draft {
	return f.draft(handover.Attempted, handover.Attempt{DeliveryID: f.id, Try: try})
}

func (f facts) ended(try int, o handover.Outcome) handover.Draft {
	return f.draft(handover.Ended, handover.Result{DeliveryID: f.id, Try: try, Ending: o.Ending, Code: o.Code, Reason: o.Reason})
}

func (f facts) late(try int, o handover.Outcome) handover.Draft {
	return f.draft(handover.Ended, handover.Result{DeliveryID: f.id, Try: try, Ending: o.Ending, Code: o.Code, Late: true})
}

func (f facts) parked(p handover.Parking) handover.Draft {
	p.DeliveryID = f.id
	return f.draft(handover.Parked, p)
}

func (f facts) ruled(kind handover.FactKind, why string) handover.Draft {
	return f.draft(kind, handover.Ruling{DeliveryID: f.id, Why: why})
}

// edited keeps a message as a person changed it.
func (f facts) edited(content []byte) handover.Draft {
	return handover.Draft{
		Header: handover.Header{
			Kind: handover.Edited, Source: f.source, Cause: f.message, Class: handover.KeepMessage, Actor: f.actor.ID, Format: "application/hl7-v2",
		},
		Body: handover.Body{Bytes: content},
	}
}

// response makes a message of an answer that the receiving application gave; ok is false
// for any other.
func (f facts) response(source string, answer []byte) (d handover.Draft, ok bool) {
	m, _ := hl7v2.Parse(answer)
	if source == "" || m == nil || !strings.HasPrefix(m.Get("MSA-1").Text(), "A") {
		return d, false
	}
	return handover.Draft{
		Header: handover.Header{
			Kind: handover.Received, Source: source, Cause: f.message, Class: handover.KeepMessage,
			Actor: "destination:" + f.id.To, Format: "application/hl7-v2",
		},
		Body: handover.Body{Bytes: answer}, Control: m.ControlID(),
	}, true
}

// answered keeps what a receiver said. It may cite the message, so that it is kept
// as long as messages are.
func answered(f facts, frame []byte) handover.Draft {
	return handover.Draft{
		Header: handover.Header{
			Kind: handover.Answered, Source: f.source, Cause: f.message, Class: handover.KeepMessage,
			Actor: "destination:" + f.id.To, Format: mediaOf(frame),
		},
		Body: handover.Body{Bytes: frame},
	}
}

// mediaOf is what an answer looks like: receivers by HTTP say one thing and send another.
func mediaOf(answer []byte) string {
	switch {
	case bytes.HasPrefix(answer, []byte("MSH")):
		return "application/hl7-v2"
	case json.Valid(answer):
		return "application/json"
	}
	return "application/octet-stream"
}
