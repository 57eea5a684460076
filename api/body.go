package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"handover"
)

var aboutBody = about{
	summary: "A message byte for byte as it came; of a duplicate, that of the message it repeats",
	params: []param{offsetParam,
		{"edited", "query", "an Edited fact of the message: as a person changed it, to be sent once more", "integer"}},
	media: mediaMessage, waits: true,
	errors: []int{http.StatusNotFound, http.StatusGone},
}

const mediaMessage = "application/hl7-v2"

// edited returns the fact that a person made of the message, if one is asked for.
func (c *call) edited(at handover.Offset) (handover.Offset, error) {
	asked := c.params.Get("edited")
	if asked == "" {
		return at, nil
	}
	n, err := strconv.ParseInt(asked, 10, 64)
	if err != nil || n < 1 {
		return 0, invalid("edited", "it is an offset: a whole number from 1")
	}
	return handover.Offset(n), nil
}

// body gives a message's bytes, or a range of them.
func (a *API) body(c *call) error {
	m, err := a.oneMessage(c, aboutBody.params)
	if err != nil {
		return err
	}
	at := m.Offset
	if m.First != 0 {
		at = m.First
	}
	if at, err = c.edited(at); err != nil {
		return err
	}
	e, err := a.Journal.Get(c.Context(), c.access, at)
	if err == nil && c.params.Has("edited") && (e.Kind != handover.Edited || e.Cause != m.Offset) {
		err = &handover.Error{Kind: handover.NotFound, Where: "edited", Err: errors.New("no such fact changes the message")}
	}
	if err != nil {
		return hidden(err)
	}
	if e.Gone {
		return &handover.Error{Op: "reading message " + at.String(), Kind: handover.Gone,
			Err: errors.New("its bytes were removed by the retention rule; what followed from it is in its trace")}
	}
	content, err := a.content(c, e)
	if err != nil {
		return hidden(err)
	}
	defer content.Close()
	h := c.w.Header()
	h.Set("Content-Type", mediaOf(e.Format))
	h.Set("Content-Disposition", `attachment; filename="message-`+m.Offset.String()+`.hl7"`)
	h.Set("ETag", `"`+at.String()+`"`) // an offset's bytes never change
	http.ServeContent(c.w, c.Request, "", e.Time, content)
	return nil
}

func (a *API) content(c *call, e handover.Entry) (io.ReadSeekCloser, error) {
	if e.Body.File == "" {
		return inMemory{bytes.NewReader(e.Body.Bytes)}, nil
	}
	return a.Journal.Open(c.Context(), c.access, e.Offset)
}

type inMemory struct{ *bytes.Reader }

// Close does nothing.
func (inMemory) Close() error { return nil }

// hidden makes what may not be seen look like what is not there.
func hidden(err error) error {
	if handover.KindOf(err) == handover.Denied {
		return &handover.Error{Op: "reading a message", Kind: handover.NotFound}
	}
	return err
}

// mediaOf returns the journal's media type if it is one of a v2 message: no
// browser may take a message for anything else.
func mediaOf(format string) string {
	if media, _, err := mime.ParseMediaType(format); err != nil || !strings.EqualFold(media, mediaMessage) {
		return mediaMessage
	}
	return format
}
