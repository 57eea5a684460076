package hl7v2

import (
	"fmt"
	"strings"
)

// parseStructures reads data/structures.txt, whose head explains its notation,
// as far as the bodies, which are read when they are first asked for.
func parseStructures(text string) (*structureSet, error) {
	set := &structureSet{text: map[string]string{}, pieces: map[string]string{},
		events: map[string]string{}, parsed: map[string]*Structure{}}
	for _, entry := range joinedLines(text) {
		head, body, ok := strings.Cut(entry, "=")
		if !ok {
			return nil, fmt.Errorf("%.20q: = is missing", entry)
		}
		head, body = strings.TrimSpace(head), strings.TrimSpace(body)
		if piece, ok := strings.CutPrefix(head, "%"); ok {
			set.pieces[piece] = body
			continue
		}
		name, events, _ := strings.Cut(head, " ")
		if _, twice := set.text[name]; twice {
			return nil, fmt.Errorf("%s stands twice", name)
		}
		set.text[name] = body
		set.names = append(set.names, name)
		if err := set.addEvents(name, strings.Trim(events, "() ")); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// joinedLines returns the entries of the file: a line that begins with white
// space continues the one before it.
func joinedLines(text string) []string {
	var entries []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == ' ':
			entries[len(entries)-1] += line
		default:
			entries = append(entries, line)
		}
	}
	return entries
}

// addEvents notes which events a structure serves. An event without a message
// code has that of the structure's name.
func (s *structureSet) addEvents(structure, events string) error {
	code, _, _ := strings.Cut(structure, "_")
	for _, event := range strings.Fields(events) {
		if !strings.Contains(event, "^") {
			event = code + "^" + event
		}
		if other, twice := s.events[event]; twice {
			return fmt.Errorf("%s is served by %s and %s", event, other, structure)
		}
		s.events[event] = structure
	}
	return nil
}

// parse reads one body.
func (s *structureSet) parse(name, body string) (*Structure, error) {
	p := structureParser{pieces: s.pieces}
	p.push(body)
	root := &element{group: name, required: true, parts: p.elements("")}
	if p.err != nil {
		return nil, fmt.Errorf("%s: %w", name, p.err)
	}
	root.index()
	st := &Structure{Name: name, root: root, only: map[string]bool{}}
	places := map[string]int{}
	root.count(places)
	for segment, n := range places {
		st.only[segment] = n == 1
	}
	return st, nil
}

type structureParser struct {
	pieces map[string]string
	tokens []string
	err    error
}

var structureSpacer = strings.NewReplacer(
	"[", " [ ", "]", " ] ", "{", " { ", "}", " } ", "(", " ( ", ")", " ) ")

// push puts the tokens of text before those that wait.
func (p *structureParser) push(text string) {
	p.tokens = append(strings.Fields(structureSpacer.Replace(text)), p.tokens...)
}

func (p *structureParser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

var closing = map[string]string{"[": "]", "{": "}", "(": ")"}

// elements reads up to the closing bracket, or to the end.
func (p *structureParser) elements(until string) []*element {
	var list []*element
	for p.err == nil {
		t := p.next()
		switch {
		case t == until:
			return list
		case t == "":
			p.err = fmt.Errorf("%s is missing", until)
		case strings.HasPrefix(t, "%"):
			piece, ok := p.pieces[t[1:]]
			if !ok {
				p.err = fmt.Errorf("%s is not defined", t)
			}
			p.push(piece)
		case closing[t] != "":
			list = append(list, p.bracketed(t))
		default:
			list = append(list, p.plain(t))
		}
	}
	return list
}

// plain reads a segment, a choice or the open end.
func (p *structureParser) plain(token string) *element {
	if token == "..." {
		return &element{open: true, repeats: true}
	}
	names := strings.Split(strings.Trim(token, "<>"), "|")
	for _, n := range names {
		if len(n) != 3 {
			p.err = fmt.Errorf("%q is no segment", token)
		}
	}
	return &element{names: names, required: true}
}

// bracketed reads what stands in a bracket: one element, or a named group.
func (p *structureParser) bracketed(left string) *element {
	var e *element
	if len(p.tokens) > 0 && strings.HasSuffix(p.tokens[0], ":") {
		name := strings.TrimSuffix(p.next(), ":")
		e = &element{group: name, required: true, parts: p.elements(closing[left])}
		if len(e.parts) > 64 {
			p.err = fmt.Errorf("group %s has more than 64 parts", name)
		}
	} else {
		inner := p.elements(closing[left])
		if p.err != nil {
			return nil
		}
		if len(inner) != 1 {
			p.err = fmt.Errorf("a bracket with %d parts needs a group name", len(inner))
			return nil
		}
		e = inner[0]
	}
	switch left {
	case "[":
		e.required = false
	case "{":
		e.repeats = true
	}
	return e
}
