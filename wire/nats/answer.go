package nats

import (
	"encoding/json"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"

	"handover"
)

// What a stream says of one message alone; the server's errors.json has all.
const (
	streamTooLarge       = jetstream.JSErrCodeStreamMessageExceedsMaximum
	streamHeaderTooLarge = jetstream.ErrorCode(10097)
	streamStoreFailed    = jetstream.ErrorCode(10077)
)

// byStream reads what a stream answers. One that answers with an error has not stored
// the message; should another node of a cluster have it all the same, the id makes it a
// duplicate when it comes again.
//
// Only that it is too large is about the message. Everything else (the stream is full, has
// no leader, is sealed, an account is at its limit) is about the stream, and may be mended
// there: Failed.
func byStream(answer []byte) handover.Outcome {
	var said struct {
		Error *jetstream.APIError `json:"error"`
		jetstream.PubAck
	}
	switch err := json.Unmarshal(answer, &said); {
	case err == nil && said.Error != nil:
		return refused(said.Error, answer)
	case err != nil || said.Stream == "" || said.Sequence == 0:
		return handover.Outcome{Ending: handover.Unknown, Reason: "something answered that is no stream; a stream may have stored the message too", Answer: answer}
	case said.Duplicate:
		return handover.Outcome{Ending: handover.Accepted, Reason: "the stream had the same bytes already and did not store them again", Answer: answer}
	}
	return handover.Outcome{Ending: handover.Accepted, Answer: answer}
}

func refused(e *jetstream.APIError, answer []byte) handover.Outcome {
	o := handover.Outcome{Ending: handover.Failed, Code: strconv.Itoa(int(e.ErrorCode)), Answer: answer}
	switch e.ErrorCode {
	case streamTooLarge, streamHeaderTooLarge:
		o.Ending, o.Reason = handover.Rejected, "it is larger than the stream takes (max_msg_size)"
	case streamStoreFailed:
		o.Reason = "the stream could not store it; it may be full, or its disk"
	default:
		o.Reason = "the stream did not store it; the code is an error of JetStream"
	}
	return o
}
