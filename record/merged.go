package record

import (
	"bytes"
	"slices"

	"handover/internal/rawjson"
)

// merged returns what the statements on merges make of a resource. A Patient
// that was replaced is inactive, and links show both ways (FHIR R4 §8.1.11.3).
// Other types have no link; one that was replaced is entered-in-error.
func merged(s *state, links []link, chosen []choice) []choice {
	newest := (*stamp)(nil)
	for _, l := range links {
		if newest == nil || l.stamp.compare(newest) > 0 {
			newest = l.stamp
		}
	}
	if newest == nil {
		return nil
	}
	says := func(name, value string) choice {
		return choice{name: name, item: &item{stamp: newest, value: []byte(value)}}
	}
	if s.Type != "Patient" {
		if loser(links) {
			return []choice{says("status", `"entered-in-error"`)}
		}
		return nil
	}
	var out []choice
	if loser(links) {
		out = append(out, says("active", "false"))
	}
	return append(out, says("link", string(patientLink(links, chosen))))
}

// patientLink writes Patient.link: what sources say, then what merges say.
func patientLink(links []link, chosen []choice) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	said := slices.DeleteFunc(slices.Clone(chosen), func(c choice) bool { return c.name != "link" || c.item.removed })
	if len(said) > 0 {
		_, value, _ := whole(said)
		rawjson.Items(value, func(v []byte) {
			b.Write(v)
			b.WriteByte(',')
		})
	}
	for _, l := range links {
		var word string
		switch {
		case l.kind == linkAlso:
			word = "seealso"
		case l.loser:
			word = "replaced-by"
		default:
			word = "replaces"
		}
		b.WriteString(`{"other":{"reference":"Patient/` + l.other + `"},"type":"` + word + `"},`)
	}
	b.Truncate(b.Len() - 1)
	b.WriteByte(']')
	return b.Bytes()
}
