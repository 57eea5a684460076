package hl7v2

import (
	"mime"
	"slices"
	"strings"
)

// topLevel are the types of RFC 6838 §4.2 that ED.2 may state (table 0191).
var topLevel = []string{"application", "audio", "image", "model", "multipart", "text", "video"}

// MediaType returns the media type that the type and subtype of an ED state
// (ED.2 and ED.3, HL7 v2.9 §2.A.24), in small letters and without parameters; ""
// where they state none. Some senders state the whole type in ED.3.
func MediaType(kind, subtype string) string {
	kind, subtype = strings.ToLower(kind), strings.ToLower(subtype)
	whole := subtype
	if !strings.Contains(subtype, "/") {
		whole = kind + "/" + subtype
	}
	media, _, err := mime.ParseMediaType(whole)
	top, sub, _ := strings.Cut(media, "/")
	if err != nil || sub == "" || len(media) > 100 || !slices.Contains(topLevel, top) {
		return ""
	}
	return media
}
