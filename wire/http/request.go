package http

import (
	"fmt"
	"mime"
	"net/http"
	"strings"
)

// mediaTypes are the names under which messages with | and ^ are sent.
var mediaTypes = map[string]bool{
	"application/hl7-v2":       true,
	"application/hl7-v2+er7":   true,
	"x-application/hl7-v2+er7": true,
}

// turnAway says why a request is answered without looking at its body, or nil.
// mediaType is the answer's.
func (h *Handler) turnAway(r *http.Request) (mediaType string, no *response) {
	if !h.config.Allow.Allows(r.RemoteAddr) {
		return "", plain(http.StatusForbidden, "this address is not on the allow-list of the source")
	}
	if r.Method != http.MethodPost {
		no := plain(http.StatusMethodNotAllowed, "send a message with POST")
		no.header.Set("Allow", http.MethodPost)
		return "", no
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return "", plain(http.StatusUnsupportedMediaType, "send the message without Content-Encoding")
	}
	mediaType, no = accepted(r.Header.Get("Content-Type"))
	if limit := h.config.Room.MaxMessage; no == nil && r.ContentLength > 2*limit {
		no = plain(http.StatusRequestEntityTooLarge,
			fmt.Sprintf("the message has %d bytes and the source takes %d; send less, or have its limit raised", r.ContentLength, limit))
		no.header.Set("Connection", "close")
	}
	return mediaType, no
}

// accepted says whether messages of the content type are read.
func accepted(contentType string) (string, *response) {
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil || !mediaTypes[mediaType]:
		return "", plain(http.StatusUnsupportedMediaType, "send the message as Content-Type: application/hl7-v2 (with | and ^; XML is not read)")
	case wide(parameters["charset"]):
		return "", plain(http.StatusUnsupportedMediaType, "send the message in UTF-8 or an 8-bit character set, and name it in MSH-18")
	case parameters["charset"] != "":
		return mime.FormatMediaType(mediaType, map[string]string{"charset": parameters["charset"]}), nil
	default:
		return mediaType, nil
	}
}

// wide reports a character set in which delimiters are not bytes.
func wide(charset string) bool {
	charset = strings.ToLower(charset)
	return strings.HasPrefix(charset, "utf-16") || strings.HasPrefix(charset, "utf-32") ||
		strings.HasPrefix(charset, "ucs-") || strings.HasPrefix(charset, "iso-10646")
}
