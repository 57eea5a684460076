package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"handover"
	"handover/record"
	"handover/transform/embedded"
)

// Documents gives the documents that Binary resources hold, by the SHA-256 of
// their content. Who may read a Binary may read its document: nothing here asks
// again.
type Documents interface {
	Document(ctx context.Context, digest [sha256.Size]byte) (io.ReadSeekCloser, error)
}

// native reports whether the content is asked for as it is (FHIR R4 Binary,
// "Serving Binary Resources using the RESTful API"): a Binary, by whoever does not
// name a form of FHIR.
func (c *call) native(resourceType string) bool {
	if resourceType != "Binary" || c.params.Has("_format") {
		return false
	}
	for item := range strings.SplitSeq(strings.Join(c.Header.Values("Accept"), ","), ",") {
		name, _, err := mime.ParseMediaType(strings.TrimSpace(item))
		if _, known := medias[name]; err == nil && known && !strings.Contains(name, "*") {
			return false
		}
	}
	return true
}

// binary is a Binary as the record keeps it.
type binary struct {
	ContentType string `json:"contentType"`
	Data        string `json:"data"` // base64, or the link to a document
}

// document opens what the Binary holds.
func (a *API) document(ctx context.Context, b binary) (io.ReadSeekCloser, error) {
	if digest, ok := embedded.Linked(b.Data); ok {
		return a.Documents.Document(ctx, digest)
	}
	content, err := base64.StdEncoding.DecodeString(b.Data)
	if err != nil {
		return nil, &handover.Error{Op: "reading a Binary", Kind: handover.Internal, Err: errors.New("its data is no base64")}
	}
	return inMemory{bytes.NewReader(content)}, nil
}

// answerNative gives a Binary's content, or a range of it. A browser is told to
// keep it rather than to run what it holds.
func (a *API) answerNative(c *call, v record.Resource) error {
	var b binary
	if err := json.Unmarshal(v.Content, &b); err != nil {
		return err
	}
	if !covers(c.Header.Values("Accept"), b.ContentType) {
		return &statusError{http.StatusNotAcceptable, handover.Unsupported, "Accept",
			"the content is " + b.ContentType + "; the resource is given as application/fhir+json"}
	}
	content, err := a.document(c.Context(), b)
	if err != nil {
		return err
	}
	defer content.Close()
	h := c.w.Header()
	h.Set("Content-Type", b.ContentType)
	h.Set("Content-Disposition", `attachment; filename="`+v.ID+`"`)
	h.Set("Content-Security-Policy", "sandbox")
	h.Set("ETag", etag(v.Version))
	http.ServeContent(c.w, c.Request, "", v.LastUpdated, content)
	return nil
}

// covers reports whether Accept takes the media type (RFC 9110 §12.5.1).
func covers(accept []string, media string) bool {
	kind, _, _ := strings.Cut(media, "/")
	asked := false
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, params, err := mime.ParseMediaType(strings.TrimSpace(item))
		if err != nil {
			continue
		}
		asked = true
		if (name == media || name == kind+"/*" || name == "*/*") && quality(params) > 0 {
			return true
		}
	}
	return !asked
}

// writeBinary writes a Binary as a resource, its document in base64 as it is
// read: it need not fit into memory.
func (a *API) writeBinary(c *call, v record.Resource) error {
	before, link, after := embedded.SplitLink(v.Content)
	if link == "" {
		return c.writeFHIR(http.StatusOK, v.Content)
	}
	content, err := a.document(c.Context(), binary{Data: link})
	if err != nil {
		return err
	}
	defer content.Close()
	size, err := content.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = content.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	length := len(before) + base64.StdEncoding.EncodedLen(int(size)) + len(after)
	c.w.Header().Set("Content-Type", c.format.media+"; charset=utf-8")
	c.w.Header().Set("Content-Length", strconv.Itoa(length))
	c.w.WriteHeader(http.StatusOK)
	if c.Method == http.MethodHead {
		return nil
	}
	_, _ = c.w.Write(before) // who has gone needs no answer
	encoder := base64.NewEncoder(base64.StdEncoding, c.w)
	_, err = io.Copy(encoder, content)
	if err = errors.Join(err, encoder.Close()); err != nil {
		panic(http.ErrAbortHandler) // the status is out: only an answer that breaks off says that it is not whole
	}
	_, _ = c.w.Write(after)
	return nil
}

// withoutData is a Binary as it stands in a Bundle: without its document, and
// marked so (FHIR R4 §3.1.1.5.8).
func withoutData(content []byte) []byte {
	before, link, after := embedded.SplitLink(content)
	if link == "" {
		return content
	}
	before = bytes.TrimSuffix(before, []byte(`,"data":"`))
	out := append(bytes.Clone(before), after[1:]...)
	return bytes.Replace(out, []byte(`"meta":{`), []byte(`"meta":{"tag":[{"system":`+
		`"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}],`), 1)
}
