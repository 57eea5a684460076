package http

import (
	"net/http"
	"strconv"

	"handover"
	"handover/hl7v2"
)

// retryAfter is for how many seconds a sender waits where the same message may
// go through later.
const retryAfter = 10

// response is what goes back.
type response struct {
	status int
	header http.Header
	body   []byte
}

// plain says in words what to do.
func plain(status int, text string) *response {
	return &response{status, http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, []byte(text + "\n")}
}

func (r *response) write(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // a sender that has gone will send again
}

// respond writes the Receiver's answer. arrived is why the message did not come
// whole, err what the Receiver said.
func (h *Handler) respond(w http.ResponseWriter, mediaType string, answer []byte, arrived, err error) {
	if err == nil {
		err = arrived
	}
	if err == nil && !positive(answer) {
		err = &handover.Error{Kind: handover.Invalid}
	}
	status := http.StatusOK
	if err != nil {
		c := handover.KindOf(err).Consequence()
		status = c.HTTP
		if c.Retry {
			w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		}
	}
	switch {
	case len(answer) > 0:
		(&response{status, http.Header{"Content-Type": {mediaType}}, answer}).write(w)
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		h.counts.unanswered.Add(1)
		h.config.Log.Warn("answered without an acknowledgement", "source", h.config.Source, "error", err)
		plain(status, sentence(handover.KindOf(err))).write(w)
	}
}

// sentence says what a sender does about an error. The error itself is for the log.
func sentence(k handover.Kind) string {
	switch {
	case k == handover.TooLarge:
		return "the message is larger than the source takes; send less, or have its limit raised"
	case k.Consequence().Retry:
		return "the message was not kept (" + k.String() + "); send it again later"
	default:
		return "the message was not kept (" + k.String() + ")"
	}
}

// positive reports whether the answer refuses nothing: every MSA-1 is AA or CA.
// It may hold several, to a batch, or none. No answer refuses nothing either.
func positive(answer []byte) bool {
	m, _ := hl7v2.Parse(answer)
	if m == nil {
		return true
	}
	for msa := range m.All("MSA") {
		if code := msa.Field(1).Text(); code != "AA" && code != "CA" {
			return false
		}
	}
	return true
}
