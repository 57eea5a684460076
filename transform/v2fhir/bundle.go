package v2fhir

import (
	"bytes"
	"fmt"
	"strings"

	"handover"
)

// IDs gives the id of a resource that is known by a value under an authority
// (handover.Identity.Qualified).
type IDs func(resourceType, authority, value string) string

// Bundle returns the assertions as a FHIR R4 transaction Bundle (FHIR R4
// §3.1.0.11): a PUT of each resource under its id, references by id. Elements
// that the message removes are left out; a merge of patients makes the loser
// inactive and links both, a link links both. It shows what one message says; the record composes
// it with what other messages said.
func Bundle(a handover.Assertions, id IDs) []byte {
	b := bundler{a: &a, id: id, refs: map[string]string{}}
	var out bytes.Buffer
	out.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i := range a.Resources {
		if i > 0 {
			out.WriteByte(',')
		}
		r := &a.Resources[i]
		url := b.url(r.Handle)
		fmt.Fprintf(&out, `{"fullUrl":%q,"resource":`, handover.HandleScheme+r.Handle)
		b.resource(&out, r)
		fmt.Fprintf(&out, `,"request":{"method":"PUT","url":%q}}`, url)
	}
	out.WriteString(`]}`)
	return out.Bytes()
}

type bundler struct {
	a    *handover.Assertions
	id   IDs
	refs map[string]string // Type/id by handle
}

// url returns Type/id of a handle. A resource within another is named after it.
func (b *bundler) url(handle string) string {
	if url, ok := b.refs[handle]; ok || handle == "" {
		return url
	}
	b.refs[handle] = "" // a circle of scopes ends here
	for i := range b.a.Resources {
		r := &b.a.Resources[i]
		if r.Handle != handle {
			continue
		}
		first := r.Identities[0]
		authority := first.Qualified(b.a.Source, b.url(first.Scope), b.url(r.Patient))
		b.refs[handle] = r.Type + "/" + b.id(r.Type, authority, first.Value)
	}
	return b.refs[handle]
}

func (b *bundler) resource(out *bytes.Buffer, r *handover.ResourceAssertion) {
	url := b.url(r.Handle)
	fmt.Fprintf(out, `{"resourceType":%q,"id":%q`, r.Type, url[strings.IndexByte(url, '/')+1:])
	said := map[string]bool{}
	for _, e := range wholeElements(r.Elements) {
		said[e.Name] = true
		if e.Value != nil {
			fmt.Fprintf(out, `,%q:%s`, e.JSONProperty(), b.resolve(e.Value))
		}
		if e.Extra != nil {
			fmt.Fprintf(out, `,%q:%s`, "_"+e.JSONProperty(), b.resolve(e.Extra))
		}
	}
	b.merges(out, r, said)
	out.WriteByte('}')
}

// wholeElements puts elements together from their parts. Those that the message
// removes are not there.
func wholeElements(elements []handover.Element) (out []handover.Element) {
	for i := 0; i < len(elements); {
		end := i + 1
		for end < len(elements) && elements[end].Name == elements[i].Name {
			end++
		}
		if parts := handover.Arrange(elements[i:end]); len(parts) > 0 {
			e := handover.Element{Name: elements[i].Name}
			e.Property, e.Value, e.Extra = handover.Join(parts)
			for _, p := range parts {
				e.From = append(e.From, p.From...)
			}
			out = append(out, e)
		}
		i = end
	}
	return out
}

// merges writes what a merge says of a patient.
func (b *bundler) merges(out *bytes.Buffer, r *handover.ResourceAssertion, said map[string]bool) {
	var links []string
	for _, m := range b.a.Merges {
		here, there := r.Handle == m.Survivor, r.Handle == m.Loser
		if r.Type != "Patient" || !here && !there {
			continue
		}
		switch {
		case m.Kind == "link" && here:
			links = append(links, linkTo(b.url(m.Loser), "seealso"))
		case m.Kind == "link":
			links = append(links, linkTo(b.url(m.Survivor), "seealso"))
		case m.Kind == "merge" && here:
			links = append(links, linkTo(b.url(m.Loser), "replaces"))
		case m.Kind == "merge":
			if !said["active"] {
				out.WriteString(`,"active":false`)
			}
			links = append(links, linkTo(b.url(m.Survivor), "replaced-by"))
		}
	}
	if len(links) > 0 && !said["link"] {
		out.WriteString(`,"link":[` + strings.Join(links, ",") + `]`)
	}
}

func linkTo(url, how string) string {
	return fmt.Sprintf(`{"other":{"reference":%q},"type":%q}`, url, how)
}

// resolve turns references by handle into references by id.
func (b *bundler) resolve(value []byte) []byte {
	const begin = `"reference":"` + handover.HandleScheme
	parts := bytes.Split(value, []byte(begin))
	if len(parts) == 1 {
		return value
	}
	out := append([]byte(nil), parts[0]...)
	for _, p := range parts[1:] {
		handle, rest, _ := bytes.Cut(p, []byte{'"'})
		out = append(out, `"reference":"`+b.url(string(handle))+`"`...)
		out = append(out, rest...)
	}
	return out
}

// Explain lists, a line each, where every value came from: resource and path,
// the field of the message, and the rules by the rows of HL7's spreadsheets;
// then what was left, and what could not be decided.
func Explain(a handover.Assertions) string {
	var b strings.Builder
	for _, r := range a.Resources {
		for _, e := range wholeElements(r.Elements) {
			for _, o := range e.From {
				fmt.Fprintf(&b, "%s.%s\t%s\t%s\n", r.Handle, o.Path, orDash(o.Field), o.Rule)
			}
		}
		for _, e := range r.Elements {
			for _, o := range e.From {
				if e.Removed {
					fmt.Fprintf(&b, "%s.%s (removed)\t%s\t%s\n", r.Handle, e.Name, orDash(o.Field), o.Rule)
				}
			}
		}
	}
	for _, m := range a.Merges {
		fmt.Fprintf(&b, "%s\t%s\t%s\n", m.Kind, m.Survivor+" <- "+m.Loser, orDash(m.Moved))
	}
	for _, l := range a.Left {
		fmt.Fprintf(&b, "left\t%s\t%s\n", l.Field, l.Reason)
	}
	return b.String()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
