package api

import (
	"context"
	"net/http"
	"strconv"

	"handover"
	"handover/trace"
)

// story is the whole story of one message.
type story struct {
	trace.Story
	// Others have the same control id and are no repeats of this one.
	Others []handover.Offset `json:"others,omitempty"`
}

var aboutStory = about{
	summary: "The whole story of a message",
	params: []param{
		{"message", "path", "its offset, or its control id (MSH-10). Of several with the control id, the newest that repeats none; others lists the rest", ""},
		{"by", "query", "offset or control: what is given, where a control id looks like an offset", ""},
	},
	answer: story{}, waits: true, errors: []int{http.StatusBadRequest, http.StatusNotFound},
}

func (a *API) story(c *call) error {
	if err := c.known(aboutStory.params); err != nil {
		return err
	}
	by := c.params.Get("by")
	if by != "offset" && by != "control" && (by != "" || c.params.Has("by")) {
		return joinFaults([]error{invalid("by", "it is offset or control")})
	}
	var out story
	err := a.fromTrace(c, func(ctx context.Context) error {
		offset, others, err := a.findMessage(ctx, c.access, c.PathValue("message"), by)
		if err != nil {
			return err
		}
		out.Others = others
		out.Story, err = a.Trace.Story(ctx, c.access, offset)
		return err
	})
	if err != nil {
		return err
	}
	return c.writeJSON(out)
}

// findMessage finds the message that is meant by an offset or a control id.
func (a *API) findMessage(ctx context.Context, access handover.Access, name, by string) (handover.Offset, []handover.Offset, error) {
	n, err := strconv.ParseInt(name, 10, 64)
	if err == nil && by != "control" {
		m, err := a.Trace.Message(ctx, access, handover.Offset(n))
		if err == nil || by == "offset" || handover.KindOf(err) != handover.NotFound {
			return m.Offset, nil, err
		}
	}
	absent := &statusError{http.StatusNotFound, handover.NotFound, "", "there is no message with this offset or control id, or it may not be seen"}
	if by == "offset" || name == "" {
		return 0, nil, absent
	}
	found, err := a.Trace.Search(ctx, access, trace.Query{Control: name, Limit: maxMessages})
	if err != nil || len(found) == 0 {
		return 0, nil, orAbsent(err, absent)
	}
	at := chosen(found)
	var others []handover.Offset
	for i, m := range found {
		if i != at && m.First != found[at].Offset {
			others = append(others, m.Offset)
		}
	}
	return found[at].Offset, others, nil
}

func orAbsent(err, absent error) error {
	if err != nil {
		return err
	}
	return absent
}

// chosen returns the newest message that is no repeat, or else the newest.
func chosen(found []trace.Message) int {
	for i, m := range found {
		if m.First == 0 {
			return i
		}
	}
	return 0
}
