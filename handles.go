package handover

import (
	"bytes"

	"handover/internal/rawjson"
)

var (
	handlePrefix = []byte(`"` + HandleScheme)
	// A handle counts only where FHIR R4 puts a reference to a resource: in
	// Reference.reference, and in urls (Attachment.url to a Binary).
	handleHolders = [][]byte{[]byte(`"reference":`), []byte(`"url":`)}
)

// ResolveHandles replaces each handle by what target gives for it, "Type/id". It
// returns the first handle for which target has nothing.
func ResolveHandles(v []byte, target func(handle []byte) (string, bool)) (out []byte, unknown string) {
	for i := 0; ; {
		j := bytes.Index(v[i:], handlePrefix)
		if j < 0 {
			if out == nil {
				return v, ""
			}
			return append(out, v[i:]...), ""
		}
		j += i
		end := rawjson.SkipString(v, j)
		if !heldByReference(v[:j]) {
			out = append(out, v[i:end]...)
			i = end
			continue
		}
		if end-1 < j+len(handlePrefix) { // cut off, so it is no JSON
			return v, ""
		}
		handle := v[j+len(handlePrefix) : end-1]
		to, ok := target(handle)
		if !ok {
			return v, string(handle)
		}
		if out == nil {
			out = make([]byte, 0, len(v)+len(to))
		}
		out = append(append(append(append(out, v[i:j]...), '"'), to...), '"')
		i = end
	}
}

func heldByReference(before []byte) bool {
	for _, h := range handleHolders {
		if bytes.HasSuffix(before, h) {
			return true
		}
	}
	return false
}
