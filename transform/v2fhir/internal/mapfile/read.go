package mapfile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Parse reads a map file. The error joins every problem, each with its line.
func Parse(text string) (*Map, error) {
	r := &reader{m: &Map{}}
	for i, line := range strings.Split(text, "\n") {
		r.line = i + 1
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			r.continued(trimmed)
		case r.m.Kind == "" || line[0] < '0' || line[0] > '9':
			r.header(trimmed)
		default:
			r.rule(trimmed)
		}
	}
	if r.m.Kind == "" {
		r.fail("no line that begins with map")
	}
	r.names()
	return r.m, errors.Join(r.errs...)
}

// names checks everything that is a name or an address: letters, digits and
// . - [ ] ^ _ and, for places, a word after another.
func (r *reader) names() {
	check := func(what string, names ...string) {
		for _, name := range names {
			if strings.ContainsFunc(name, func(c rune) bool {
				return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune(".-[]^_#", c))
			}) {
				r.fail("%q is no name of %s", name, what)
			}
		}
	}
	m := r.m
	check("a map", m.Name, m.Source, m.Target, m.Like)
	check("a structure", m.Serves...)
	check("a code system", m.System...)
	for i := range m.Rules {
		x := &m.Rules[i]
		check("a field or map", x.From, x.By, x.Table)
		for _, p := range x.Set {
			check("a field or function", p.Ref, p.Func)
		}
	}
	for i := range m.Parts {
		e := &m.Parts[i]
		check("a segment or map", append(e.Groups, e.Segment, e.After, e.Type, e.By)...)
		for _, l := range e.Refs {
			check("a resource", l.OwnerType, l.ToType)
		}
		for _, g := range e.Merges {
			check("a resource", g.Survivor.Type, g.Loser.Type, g.Moved.Type)
		}
	}
}

type reader struct {
	m    *Map
	line int
	errs []error
}

func (r *reader) fail(format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("line %d: %s", r.line, fmt.Sprintf(format, args...)))
}

func (r *reader) header(line string) {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "map":
		r.title(rest)
	case "from":
		r.m.From, _ = strconv.Unquote(rest)
	case "like":
		r.m.Like = rest
	case "serves":
		r.m.Serves = strings.Fields(rest)
	case "system":
		r.m.System = strings.Fields(rest)
	case "identity":
		if r.m.Silent = rest == "none"; !r.m.Silent {
			r.fail("identity takes none")
		}
	case "chain":
		for _, f := range strings.Fields(rest) {
			n, err := strconv.Atoi(f)
			if err != nil {
				r.fail("chain takes numbers")
			}
			r.m.Chain = append(r.m.Chain, n)
		}
	case "note":
		r.m.Notes = append(r.m.Notes, rest)
	default:
		r.fail("unknown word %q", word)
	}
}

func (r *reader) title(rest string) {
	head, way, _ := strings.Cut(rest, " : ")
	kind, name, _ := strings.Cut(head, " ")
	r.m.Kind, r.m.Name = Kind(kind), strings.TrimSpace(name)
	r.m.Source, r.m.Target, _ = strings.Cut(way, " -> ")
	switch r.m.Kind {
	case Segment, Datatype:
		if r.m.Target == "" {
			r.fail("map needs NAME : FROM -> TO")
		}
	case Table, Message:
	default:
		r.fail("unknown kind of map %q", kind)
	}
}

func (r *reader) rule(line string) {
	id, rest, _ := strings.Cut(line, " ")
	from, to, ok := strings.Cut(rest, "-> ")
	if !ok {
		r.fail("a rule needs ->")
		return
	}
	if from = strings.TrimSpace(from); from == "" || strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
		r.fail("a rule needs a number, and something before ->")
		return
	}
	switch r.m.Kind {
	case Table:
		r.code(id, from, to)
	case Message:
		r.entry(id, from, to)
	default:
		r.m.Rules = append(r.m.Rules, Rule{ID: id, From: from})
		r.target(&r.m.Rules[len(r.m.Rules)-1], to)
	}
}

func (r *reader) target(rule *Rule, to string) {
	if path, set, ok := strings.Cut(to, " = "); ok {
		to = path
		parts, err := ParseParts(set)
		if err != nil {
			r.fail("%v", err)
		}
		rule.Set = parts
	}
	if path, table, ok := strings.Cut(to, " table "); ok {
		to, rule.Table = path, strings.TrimSpace(table)
	}
	if path, by, ok := strings.Cut(to, " by "); ok {
		to, rule.By = path, strings.TrimSpace(by)
	}
	var err error
	if rule.To, err = ParseTarget(strings.TrimSpace(to)); err != nil {
		r.fail("%v", err)
	}
}

func (r *reader) continued(line string) {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	var when, was, why *string
	switch {
	case len(r.m.Parts) > 0:
		e := &r.m.Parts[len(r.m.Parts)-1]
		when, was, why = &e.When, &e.Was, &e.Why
		switch word {
		case "ref":
			r.link(e, rest)
			return
		case "correction":
			e.Correct = rest
			return
		case "renamed":
			e.Renamed = rest
			return
		case "merge", "move", "link", "unlink":
			r.merge(e, word, rest)
			return
		}
	case len(r.m.Rules) > 0:
		rule := &r.m.Rules[len(r.m.Rules)-1]
		when, was, why = &rule.When, &rule.Was, &rule.Why
	default:
		r.fail("an indented line belongs under a rule")
		return
	}
	switch word {
	case "when":
		*when = rest
	case "was":
		*was = rest
	case "why":
		*why = rest
	default:
		r.fail("unknown word %q under a rule", word)
	}
}

func (r *reader) code(id, from, to string) {
	c := Code{ID: id}
	var rest string
	c.From, _ = cutWord(from)
	c.To, rest = cutWord(strings.TrimSpace(to))
	if c.To == "-" {
		c.To = ""
	}
	for rest != "" {
		var key, value string
		key, rest = cutWord(rest)
		value, rest = cutWord(rest)
		switch key {
		case "display":
			c.Display = value
		case "system":
			c.System = value
		default:
			r.fail("unknown word %q in a table", key)
		}
	}
	r.m.Codes = append(r.m.Codes, c)
}

// cutWord takes a word or a quoted string from the front.
func cutWord(s string) (word, rest string) {
	if strings.HasPrefix(s, `"`) {
		if q, err := strconv.QuotedPrefix(s); err == nil {
			word, _ = strconv.Unquote(q)
			return word, strings.TrimSpace(s[len(q):])
		}
	}
	word, rest, _ = strings.Cut(s, " ")
	return word, strings.TrimSpace(rest)
}

func (r *reader) entry(id, from, to string) {
	e := Entry{ID: id}
	path, after, _ := strings.Cut(from, " after ")
	names := strings.Split(path, ".")
	e.Groups, e.Segment, e.After = names[:len(names)-1], names[len(names)-1], after
	target, by, ok := strings.Cut(to, " by ")
	if !ok {
		r.fail("a segment needs the map it goes by")
	}
	e.By = strings.TrimSpace(by)
	target, e.Optional = strings.CutSuffix(strings.TrimSpace(target), "?")
	e.Type, e.Index = r.instance(target)
	r.m.Parts = append(r.m.Parts, e)
}

// instance reads Patient[1].
func (r *reader) instance(s string) (string, int) {
	name, index, ok := strings.Cut(s, "[")
	if !ok {
		return s, 0
	}
	n, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
	if err != nil {
		r.fail("%q is not a resource with a number", s)
	}
	return name, n
}

// merge reads merge A <- B, move C : B -> A, link A | B, unlink A | B.
func (r *reader) merge(e *Entry, kind, text string) {
	m := Merge{Kind: kind}
	if kind == "move" {
		var moved string
		moved, text, _ = strings.Cut(text, " : ")
		m.Moved.Type, m.Moved.Index = r.instance(moved)
	}
	sep := map[string]string{"merge": " <- ", "move": " -> ", "link": " | ", "unlink": " | "}[kind]
	first, second, ok := strings.Cut(text, sep)
	if !ok {
		r.fail("%s needs two resources with%sbetween them", kind, sep)
		return
	}
	if kind == "move" {
		first, second = second, first
	}
	m.Survivor.Type, m.Survivor.Index = r.instance(strings.TrimSpace(first))
	m.Loser.Type, m.Loser.Index = r.instance(strings.TrimSpace(second))
	e.Merges = append(e.Merges, m)
}

func (r *reader) link(e *Entry, text string) {
	owner, to, ok := strings.Cut(text, " -> ")
	who, path, ok2 := strings.Cut(owner, ".")
	if !ok || !ok2 {
		r.fail("ref needs Owner[n].path -> Target[n]")
		return
	}
	l := Link{}
	l.OwnerType, l.OwnerIndex = r.instance(who)
	l.ToType, l.ToIndex = r.instance(strings.TrimSpace(to))
	var err error
	if l.Path, err = ParseTarget(path); err != nil {
		r.fail("%v", err)
	}
	e.Refs = append(e.Refs, l)
}
