package mapfile

import (
	"strconv"
	"strings"
	"unicode"
)

// String writes the map file.
func (m *Map) String() string {
	var b strings.Builder
	b.WriteString("map " + string(m.Kind) + " " + m.Name)
	if m.Target != "" {
		b.WriteString(" : " + m.Source + " -> " + m.Target)
	}
	b.WriteByte('\n')
	head := func(word, text string) {
		if text != "" {
			b.WriteString(word + " " + text + "\n")
		}
	}
	if m.From != "" {
		head("from", strconv.Quote(m.From))
	}
	head("like", m.Like)
	head("serves", strings.Join(m.Serves, " "))
	head("system", strings.Join(m.System, " "))
	if m.Silent {
		head("identity", "none")
	}
	head("chain", ints(m.Chain))
	for _, n := range m.Notes {
		head("note", n)
	}
	b.WriteByte('\n')
	for i := range m.Rules {
		m.Rules[i].write(&b)
	}
	for i := range m.Codes {
		m.Codes[i].write(&b)
	}
	for i := range m.Parts {
		m.Parts[i].write(&b)
	}
	return b.String()
}

func ints(list []int) string {
	var out []string
	for _, n := range list {
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, " ")
}

func under(b *strings.Builder, word, text string) {
	if text != "" {
		b.WriteString("    " + word + " " + text + "\n")
	}
}

func (r *Rule) write(b *strings.Builder) {
	b.WriteString(pad(r.ID, 4) + pad(r.From, 9) + "-> " + r.To.String())
	if r.By != "" {
		b.WriteString(" by " + r.By)
	}
	if r.Table != "" {
		b.WriteString(" table " + r.Table)
	}
	if len(r.Set) > 0 {
		b.WriteString(" = " + partsString(r.Set))
	}
	b.WriteByte('\n')
	under(b, "when", r.When)
	under(b, "was ", r.Was)
	under(b, "why ", r.Why)
}

func pad(s string, n int) string {
	if len(s) < n {
		s += strings.Repeat(" ", n-len(s))
	}
	return s + " "
}

func partsString(parts []Part) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		switch {
		case p.Func != "":
			out[i] = p.Func + "(" + strings.Join(p.Args, ", ") + ")"
		case p.Ref != "":
			out[i] = p.Ref
		default:
			out[i] = strconv.Quote(p.Literal)
		}
	}
	return strings.Join(out, " + ")
}

func (c *Code) write(b *strings.Builder) {
	b.WriteString(pad(c.ID, 4) + pad(word(c.From), 9) + "-> ")
	if c.To == "" {
		b.WriteString("-\n")
		return
	}
	b.WriteString(word(c.To))
	if c.Display != "" {
		b.WriteString(" display " + strconv.Quote(c.Display))
	}
	if c.System != "" {
		b.WriteString(" system " + word(c.System))
	}
	b.WriteByte('\n')
}

// word quotes what would not be read as one word.
func word(s string) string {
	if quoted := strconv.Quote(s); s == "" || s == "-" || quoted[1:len(quoted)-1] != s || strings.ContainsFunc(s, unicode.IsSpace) || strings.ContainsAny(s, "#") || strings.Contains(s, "->") {
		return strings.ReplaceAll(quoted, ">", `\u003e`) // so that no -> stands in it
	}
	return s
}

func (e *Entry) write(b *strings.Builder) {
	from := strings.Join(append(append([]string{}, e.Groups...), e.Segment), ".")
	if e.After != "" {
		from += " after " + e.After
	}
	b.WriteString(pad(e.ID, 4) + pad(from, 24) + "-> " + instance(e.Type, e.Index))
	if e.Optional {
		b.WriteByte('?')
	}
	b.WriteString(" by " + e.By + "\n")
	under(b, "when", e.When)
	under(b, "was ", e.Was)
	under(b, "why ", e.Why)
	under(b, "correction", e.Correct)
	under(b, "renamed", e.Renamed)
	for _, l := range e.Refs {
		under(b, "ref ", instance(l.OwnerType, l.OwnerIndex)+"."+l.Path.String()+" -> "+instance(l.ToType, l.ToIndex))
	}
	for _, m := range e.Merges {
		under(b, m.Kind, m.String())
	}
}

func (i Instance) String() string { return instance(i.Type, i.Index) }

// String writes what stands behind the kind.
func (m Merge) String() string {
	switch m.Kind {
	case "move":
		return m.Moved.String() + " : " + m.Loser.String() + " -> " + m.Survivor.String()
	case "link", "unlink":
		return m.Survivor.String() + " | " + m.Loser.String()
	}
	return m.Survivor.String() + " <- " + m.Loser.String()
}

func instance(typ string, n int) string {
	if n == 0 {
		return typ
	}
	return typ + "[" + strconv.Itoa(n) + "]"
}

// String writes the path.
func (t Target) String() string {
	var b strings.Builder
	if t.Instance > 0 {
		b.WriteString("[" + strconv.Itoa(t.Instance) + "]")
	}
	if len(t.Steps) == 0 {
		if t.Instance == 0 {
			b.WriteString("$this")
		}
		return b.String()
	}
	closing := 0
	for i, s := range t.Steps {
		if i > 0 && t.Steps[i-1].Resource == "" || i == 0 && t.Instance > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.Name)
		if s.Choice != "" {
			b.WriteString("[" + s.Choice + "]")
		}
		switch {
		case s.Index == Each:
			b.WriteString("[each]")
		case s.Index > 0:
			b.WriteString("[" + strconv.Itoa(s.Index) + "]")
		}
		if s.Resource != "" {
			b.WriteString("(" + instance(s.Resource, s.Number))
			closing++
			if i+1 < len(t.Steps) {
				b.WriteByte('.')
			}
		}
	}
	b.WriteString(strings.Repeat(")", closing))
	return b.String()
}
