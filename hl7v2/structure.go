package hl7v2

import (
	_ "embed"
	"strings"
	"sync"
)

// Structure is the order and grouping of segments that the standard gives a
// message (HL7 v2.9 §2.12, table 0354). One structure serves several events.
type Structure struct {
	Name string // "ADT_A01"
	root *element
	only map[string]bool // segments that have exactly one place, prior results apart
}

// element is one place in a structure: a segment, a choice of segments, a
// group, or the open end of a query's pattern.
type element struct {
	names    []string // of the segment, or of each in a choice
	group    string   // name of the group
	parts    []*element
	open     bool // "...": any segment
	required bool
	repeats  bool
	begins   map[string]bool // names of segments with which a group can begin
	holds    map[string]bool // names of all segments in it, at any depth
}

//go:embed data/structures.txt
var structuresText string

// structures is the parsed text by name, and each event's structure.
var structures = sync.OnceValue(func() *structureSet {
	set, err := parseStructures(structuresText)
	if err != nil {
		panic("hl7v2: data/structures.txt: " + err.Error()) // a test parses the file
	}
	return set
})

type structureSet struct {
	text   map[string]string // body by name
	pieces map[string]string // body of each %name
	events map[string]string // "ADT^A04": "ADT_A01"
	names  []string          // in the file's order

	codesOnce sync.Once
	codes     map[string]bool // message codes of the events

	mu     sync.Mutex
	parsed map[string]*Structure
}

// LookupStructure returns the structure of that name, nil where the standard
// has none.
func LookupStructure(name string) *Structure { return structures().lookup(name) }

// StructureNames returns the names of all structures, in the order of the
// standard's chapters.
func StructureNames() []string { return structures().names }

// StructureOf returns the name of a message's structure from the three parts
// of MSH-9: the third where it names a structure that there is, else by the
// standard's table for the first two. It is "" where neither is known.
func StructureOf(code, trigger, structure string) string {
	set := structures()
	if _, ok := set.text[structure]; ok {
		return structure
	}
	if code == "ACK" {
		return "ACK"
	}
	return set.events[code+"^"+trigger]
}

func (s *structureSet) lookup(name string) *Structure {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, ok := s.parsed[name]; ok {
		return st
	}
	body, ok := s.text[name]
	if !ok {
		return nil
	}
	st, err := s.parse(name, body)
	if err != nil {
		panic("hl7v2: data/structures.txt: " + err.Error())
	}
	s.parsed[name] = st
	return st
}

// Syntax returns the structure in the notation of data/structures.txt, with
// every piece written out.
func (s *Structure) Syntax() string {
	var b strings.Builder
	for i, e := range s.root.parts {
		if i > 0 {
			b.WriteByte(' ')
		}
		e.write(&b)
	}
	return b.String()
}

func (e *element) write(b *strings.Builder) {
	left, right := e.brackets()
	b.WriteString(left)
	switch {
	case e.open:
		b.WriteString("...")
	case e.group != "":
		b.WriteString(e.group + ":")
		for _, p := range e.parts {
			b.WriteByte(' ')
			p.write(b)
		}
	case len(e.names) > 1:
		b.WriteString("<" + strings.Join(e.names, "|") + ">")
	default:
		b.WriteString(e.names[0])
	}
	b.WriteString(right)
}

func (e *element) brackets() (left, right string) {
	switch {
	case e.open:
		return "", ""
	case e.repeats && e.required:
		return "{", "}"
	case e.repeats:
		return "[{", "}]"
	case !e.required:
		return "[", "]"
	case e.group != "":
		return "(", ")"
	}
	return "", ""
}

// canBeEmpty reports whether a message is right without this element.
func (e *element) canBeEmpty() bool {
	if !e.required {
		return true
	}
	for _, p := range e.parts {
		if !p.canBeEmpty() {
			return false
		}
	}
	return len(e.parts) > 0
}

// leads reports whether that segment stands first in the element.
func (e *element) leads(name string) bool {
	for len(e.parts) > 0 {
		e = e.parts[0]
	}
	for _, n := range e.names {
		if n == name {
			return true
		}
	}
	return false
}

// index fills in what the element begins with and holds.
func (e *element) index() {
	e.begins, e.holds = map[string]bool{}, map[string]bool{}
	for _, n := range e.names {
		e.begins[n], e.holds[n] = true, true
	}
	closed := false
	for _, p := range e.parts {
		p.index()
		for n := range p.holds {
			e.holds[n] = true
		}
		if closed {
			continue
		}
		for n := range p.begins {
			e.begins[n] = true
		}
		closed = !p.canBeEmpty()
	}
}

// count adds up how many places each segment has. Prior results are left out:
// they hold an order's segments once more.
func (e *element) count(places map[string]int) {
	if e.group == "PRIOR_RESULT" {
		return
	}
	for _, n := range e.names {
		places[n]++
	}
	for _, p := range e.parts {
		p.count(places)
	}
}
