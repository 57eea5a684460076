package api

import (
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"handover"
)

const mediaFHIR = "application/fhir+json"

// format is the form in which a client wants its answer.
type format struct {
	media  string
	pretty bool
}

// medias are the names of JSON that are understood, with the one under which it
// is answered: that of FHIR, or the generic one if that was asked for (FHIR R4
// §3.1.0.1.9).
var medias = map[string]string{
	"application/fhir+json": mediaFHIR,
	"application/json+fhir": mediaFHIR, // as it was called before R3, and is asked for still
	"application/json":      "application/json",
	"text/json":             "text/json",
	"json":                  mediaFHIR,
	"application/*":         mediaFHIR,
	"*/*":                   mediaFHIR,
}

// readFormat reads _format and _pretty, and Accept where there is no _format.
func readFormat(params url.Values, h http.Header) (format, error) {
	f := format{media: mediaFHIR}
	var err error
	if f.pretty, err = readFlag(params, "_pretty"); err != nil {
		return f, err
	}
	if params.Has("_format") {
		// A plus that was not escaped arrives as a space.
		asked, _, _ := strings.Cut(strings.ReplaceAll(params.Get("_format"), " ", "+"), ";")
		media, ok := medias[strings.ToLower(asked)]
		if !ok {
			return f, notAcceptable("_format")
		}
		f.media = media
		return f, nil
	}
	media, ok := accepted(h.Values("Accept"))
	if !ok {
		return f, notAcceptable("Accept")
	}
	f.media = media
	return f, nil
}

func notAcceptable(where string) error {
	return &statusError{http.StatusNotAcceptable, handover.Unsupported, where, "resources are given as JSON only: application/fhir+json"}
}

func readFlag(params url.Values, name string) (bool, error) {
	switch params.Get(name) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "":
		if !params.Has(name) {
			return false, nil
		}
	}
	return false, &statusError{http.StatusBadRequest, handover.Invalid, name, "it is true or false"}
}

// accepted chooses what Accept wants most of what there is (RFC 9110 §12.5.1).
// No Accept, or an empty one, takes anything.
func accepted(headers []string) (media string, ok bool) {
	best, asked := 0.0, false
	for item := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		asked = true
		name, params, err := mime.ParseMediaType(item)
		found, known := medias[name]
		if err != nil || !known || name == "json" {
			continue
		}
		if v, stated := params["fhirversion"]; stated && v != "4.0" && v != "4.0.1" {
			continue
		}
		if q := quality(params); q > best {
			best, media = q, found
		}
	}
	if !asked {
		return mediaFHIR, true
	}
	return media, best > 0
}

func quality(params map[string]string) float64 {
	s, stated := params["q"]
	if !stated {
		return 1
	}
	q, err := strconv.ParseFloat(s, 64)
	if err != nil || q > 1 {
		return 0
	}
	return q
}

// lenient reports whether the client lets unknown parameters be passed over
// (FHIR R4 §3.1.1.4.2: "Prefer: handling=lenient").
func lenient(h http.Header) bool {
	for _, v := range h.Values("Prefer") {
		for item := range strings.FieldsFuncSeq(v, func(r rune) bool { return r == ',' || r == ';' }) {
			name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
			if strings.EqualFold(name, "handling") && strings.EqualFold(strings.Trim(value, `"`), "lenient") {
				return true
			}
		}
	}
	return false
}
