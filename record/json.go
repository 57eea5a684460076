package record

import (
	"bytes"
	"slices"

	"handover/internal/rawjson"
)

// canonical returns the JSON value without white space and without the escapes
// that encoding/json adds for HTML, so that a value is the same bytes before it
// went into a fact and after it came out. Without need it copies nothing.
func canonical(v []byte) []byte {
	for i := 0; i < len(v); {
		switch v[i] {
		case '"':
			end := rawjson.SkipString(v, i)
			if unescape(v[i:end]) != nil {
				return rewrite(v)
			}
			i = end
		case ' ', '\t', '\n', '\r':
			return rewrite(v)
		default:
			i++
		}
	}
	return v
}

func rewrite(v []byte) []byte {
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); {
		switch v[i] {
		case '"':
			end := rawjson.SkipString(v, i)
			if plain := unescape(v[i:end]); plain != nil {
				out = append(out, plain...)
			} else {
				out = append(out, v[i:end]...)
			}
			i = end
		case ' ', '\t', '\n', '\r':
			i++
		default:
			out = append(out, v[i])
			i++
		}
	}
	return out
}

// htmlEscapes are the escapes that encoding/json puts for characters that JSON
// itself allows to stand.
var htmlEscapes = map[string]string{
	"003c": "<", "003e": ">", "0026": "&", "2028": "\u2028", "2029": "\u2029",
}

// unescape returns the JSON string without those escapes, nil if it has none.
func unescape(s []byte) []byte {
	var out []byte
	for i := 0; ; {
		j := bytes.IndexByte(s[i:], '\\')
		if j < 0 || i+j+1 >= len(s) {
			if out == nil {
				return nil
			}
			return append(out, s[i:]...)
		}
		j += i
		plain, ok := "", false
		if s[j+1] == 'u' && j+6 <= len(s) {
			plain, ok = htmlEscapes[string(s[j+2:j+6])]
		}
		switch {
		case ok && out == nil:
			out = append(make([]byte, 0, len(s)), s[:j]...)
			out = append(out, plain...)
			i = j + 6
		case ok:
			out = append(append(out, s[i:j]...), plain...)
			i = j + 6
		case out != nil:
			out = append(out, s[i:j+2]...)
			i = j + 2
		default:
			i = j + 2
		}
	}
}

var referencePrefix = []byte(`"reference":"`)

// references calls fn for each "Type/id" that stands as Reference.reference, the
// type being one of the kinds.
func references(v []byte, of kinds, fn func(r ref)) {
	for {
		j := bytes.Index(v, referencePrefix)
		if j < 0 {
			return
		}
		v = v[j+len(referencePrefix):]
		end := bytes.IndexByte(v, '"')
		if end < 0 {
			return
		}
		if slash := bytes.IndexByte(v[:end], '/'); slash > 0 {
			if typ := of.name(v[:slash]); typ != "" {
				fn(ref{typ, string(v[slash+1 : end])})
			}
		}
		v = v[end:]
	}
}

// within returns the resources in the content that can be moved from one
// patient to another, and take with them what refers to them.
func within(content []byte) []ref { return referred(content, movables) }

// ordersOf returns the orders for which a specimen was taken: it has no visit but
// theirs (FHIR R4 §10.10). Nothing else has any.
func ordersOf(resourceType string, content []byte) []ref {
	if resourceType != "Specimen" {
		return nil
	}
	return referred(content, requests)
}

// referred returns the resources of some types in the content, each once.
func referred(content []byte, of kinds) []ref {
	var out []ref
	references(content, of, func(r ref) {
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	})
	return out
}

// kinds are resource types.
type kinds []string

var (
	movables  = kinds{"Encounter", "Account"} // HL7 v2.9 §3.3.43–45 moves visits and accounts
	requests  = kinds{"ServiceRequest"}
	renamable = kinds{"Patient", "Encounter", "Account"} // whose numbers are changed (HL7 v2.9 §3.3.46–51)
)

// name returns the type's name, "" if it is none of these.
func (k kinds) name(resourceType []byte) string {
	for _, t := range k {
		if t == string(resourceType) {
			return t
		}
	}
	return ""
}

func movable(resourceType string) bool { return slices.Contains(movables, resourceType) }
