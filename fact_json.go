package handover

import (
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"
)

// The bodies of Asserted and Written facts are most of what the journal holds,
// so they are written by hand: values that are JSON already are taken as they
// are, and what repeats is written once (docs/formats/facts.md).

// AppendJSON appends the body of an Asserted fact. Values must be JSON.
func (a *Assertions) AppendJSON(b []byte) []byte {
	w := &factWriter{b: append(b, '{'), lineage: newLineage()}
	w.text("source", a.Source)
	w.optional("event", a.Event)
	w.time("eventTime", a.EventTime)
	w.time("sentTime", a.SentTime)
	if len(a.Digest) > 0 {
		w.name("digest")
		w.b = append(base64.StdEncoding.AppendEncode(append(w.b, '"'), a.Digest), '"')
	}
	list(w, "resources", a.Resources, w.resource)
	list(w, "merges", a.Merges, w.merge)
	list(w, "left", a.Left, w.left)
	list(w, "rules", w.lineage.rules, func(s *string) { w.string(*s) })
	list(w, "origins", w.lineage.templates, func(t *string) { w.b = append(w.b, *t...) })
	return append(w.b, '}')
}

// MarshalJSON writes what AppendJSON does.
func (a Assertions) MarshalJSON() ([]byte, error) { return a.AppendJSON(nil), nil }

// AppendJSON appends the body of a Written fact. Contents must be JSON.
func (v *Writes) AppendJSON(b []byte) []byte {
	w := &factWriter{b: append(b, '{')}
	list(w, "writes", v.Writes, w.write)
	for _, s := range []struct {
		name  string
		stale []Stale
	}{{"same", v.Same}, {"older", v.Older}, {"parked", v.Parked}, {"flagged", v.Flagged}} {
		list(w, s.name, s.stale, w.stale)
	}
	list(w, "united", v.United, w.united)
	return append(w.b, '}')
}

// MarshalJSON writes what AppendJSON does.
func (v Writes) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

// factWriter writes JSON without white space.
type factWriter struct {
	b       []byte
	lineage *lineage
}

// next separates members of an object or an array.
func (w *factWriter) next() {
	if last := w.b[len(w.b)-1]; last != '{' && last != '[' {
		w.b = append(w.b, ',')
	}
}

// name begins a member.
func (w *factWriter) name(name string) {
	w.next()
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
}

func (w *factWriter) text(name, value string) {
	w.name(name)
	w.string(value)
}

// optional writes a member that "" leaves out.
func (w *factWriter) optional(name, value string) {
	if value != "" {
		w.text(name, value)
	}
}

func (w *factWriter) flag(name string, value bool) {
	if value {
		w.name(name)
		w.b = append(w.b, "true"...)
	}
}

func (w *factWriter) number(name string, value int64) {
	w.name(name)
	w.b = strconv.AppendInt(w.b, value, 10)
}

func (w *factWriter) raw(name string, value []byte) {
	if len(value) > 0 {
		w.name(name)
		w.b = append(w.b, value...)
	}
}

func (w *factWriter) time(name string, t time.Time) {
	if !t.IsZero() {
		w.name(name)
		w.b = append(t.AppendFormat(append(w.b, '"'), time.RFC3339Nano), '"')
	}
}

// list writes an array; an empty one is left out.
func list[T any](w *factWriter, name string, items []T, write func(*T)) {
	if len(items) == 0 {
		return
	}
	w.name(name)
	w.b = append(w.b, '[')
	for i := range items {
		w.next()
		write(&items[i])
	}
	w.b = append(w.b, ']')
}

func (w *factWriter) resource(r *ResourceAssertion) {
	w.b = append(w.b, '{')
	w.text("type", r.Type)
	w.text("handle", r.Handle)
	w.name("identities")
	w.b = append(w.b, '[')
	for i := range r.Identities {
		w.next()
		w.identity(&r.Identities[i])
	}
	w.b = append(w.b, ']')
	list(w, "elements", r.Elements, w.element)
	w.optional("patient", r.Patient)
	w.flag("correction", r.Correction)
	w.flag("renamed", r.Renamed)
	w.b = append(w.b, '}')
}

func (w *factWriter) identity(id *Identity) {
	w.b = append(w.b, '{')
	w.optional("authority", id.Authority)
	w.optional("type", id.Type)
	w.text("value", id.Value)
	w.optional("scope", id.Scope)
	w.flag("order", id.Order)
	w.b = append(w.b, '}')
}

func (w *factWriter) element(e *Element) {
	w.b = append(w.b, '{')
	w.text("name", e.Name)
	w.optional("part", e.Part)
	w.optional("property", e.Property)
	w.raw("value", e.Value)
	w.raw("extra", e.Extra)
	w.flag("removed", e.Removed)
	w.flag("listed", e.Listed)
	if len(e.From) > 0 {
		template, occurrence := w.lineage.add(e.From)
		w.name("from")
		w.b = strconv.AppendInt(append(w.b, '['), int64(template), 10)
		if occurrence != "" {
			w.b = append(append(w.b, ','), occurrence...)
		}
		w.b = append(w.b, ']')
	}
	w.b = append(w.b, '}')
}

func (w *factWriter) merge(m *Merge) {
	w.b = append(w.b, '{')
	w.text("kind", m.Kind)
	w.text("event", m.Event)
	w.text("survivor", m.Survivor)
	w.text("loser", m.Loser)
	w.optional("moved", m.Moved)
	w.b = append(w.b, '}')
}

func (w *factWriter) left(l *Left) {
	w.b = append(w.b, '{')
	w.text("field", l.Field)
	w.text("reason", l.Reason)
	w.b = append(w.b, '}')
}

func (w *factWriter) write(v *Write) {
	w.b = append(w.b, '{')
	w.text("type", v.Type)
	w.text("id", v.ID)
	list(w, "handles", v.Handles, func(s *string) { w.string(*s) })
	w.number("version", v.Version)
	list(w, "aliases", v.Aliases, w.alias)
	w.raw("content", v.Content)
	list(w, "sources", v.Sources, func(s *ElementSource) {
		w.b = append(w.b, '{')
		w.optional("element", s.Element)
		w.optional("part", s.Part)
		w.text("source", s.Source)
		w.number("from", int64(s.From))
		w.b = append(w.b, '}')
	})
	w.optional("patient", v.Patient)
	w.b = append(w.b, '}')
}

func (w *factWriter) alias(a *Alias) {
	w.b = append(w.b, '{')
	w.text("authority", a.Authority)
	w.text("value", a.Value)
	w.b = append(w.b, '}')
}

func (w *factWriter) stale(s *Stale) {
	w.b = append(w.b, '{')
	w.text("type", s.Type)
	w.optional("id", s.ID)
	w.optional("handle", s.Handle)
	w.optional("reason", s.Reason)
	list(w, "aliases", s.Aliases, w.alias)
	w.b = append(w.b, '}')
}

func (w *factWriter) united(u *United) {
	w.b = append(w.b, '{')
	w.text("type", u.Type)
	w.text("id", u.ID)
	w.optional("into", u.Into)
	list(w, "aliases", u.Aliases, w.alias)
	w.b = append(w.b, '}')
}

func (w *factWriter) string(s string) { w.b = appendString(w.b, s) }

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string. What is no UTF-8 becomes U+FFFD, as
// encoding/json does it.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		b = append(b, s[done:i]...)
		switch {
		case c >= utf8.RuneSelf:
			b = append(b, "\uFFFD"...)
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i += size
		done = i
	}
	return append(append(b, s[done:]...), '"')
}
