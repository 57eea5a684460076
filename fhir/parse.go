package fhir

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
	"unsafe"
)

// Options say how to read JSON. The zero Options are strict.
type Options struct {
	// Type is what the document must be: a resource type, or the data type it
	// is ("HumanName"). "" means any resource.
	Type string
	// Lenient only builds the tree: of problems it reports those of JSON
	// itself. For what was checked before.
	Lenient bool

	// Limits; 0 means the default.
	MaxBytes    int // of the document: 100 MB
	MaxDepth    int // of objects and arrays in one another: 200
	MaxNodes    int // values, each of which takes 48 bytes: 4 million
	MaxProblems int // reported: 1000
}

func (o Options) withDefaults() Options {
	o.MaxBytes = orDefault(o.MaxBytes, 100<<20)
	o.MaxDepth = orDefault(o.MaxDepth, 200)
	o.MaxNodes = orDefault(o.MaxNodes, 4_000_000)
	o.MaxProblems = orDefault(o.MaxProblems, 1000)
	return o
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// Parse reads a resource strictly and reports every problem it can find, in
// the order of the text: broken JSON, unknown and doubled properties, wrong
// types, bad primitives, empty objects and arrays, misplaced nulls, choices
// with two values, arrays where one value belongs (FHIR R4 §2.6). It does not
// look for what is missing; that is validation.
//
// The Resource is nil only after a Fatal problem. It keeps data, which must not
// be changed afterwards.
func Parse(data []byte) (*Resource, []Problem) { return Options{}.Parse(data) }

// Parse reads JSON as the options say.
func (o Options) Parse(data []byte) (*Resource, []Problem) {
	o = o.withDefaults()
	if len(data) > o.MaxBytes {
		return nil, []Problem{{Line: 1, Column: 1, Code: codeTooLong, Fatal: true,
			Text: fmt.Sprintf("is longer than %d bytes", o.MaxBytes)}}
	}
	p := parsers.Get().(*parser)
	defer p.release()
	p.options, p.text = o, unsafe.String(unsafe.SliceData(data), len(data))
	p.document()
	if len(p.problems) > 0 {
		place(p.problems, p.text)
	}
	if p.broken {
		return nil, p.problems
	}
	return p.resource(), p.problems
}

// parser reads one document. i is always within text.
type parser struct {
	options  Options
	text     string
	i        int
	nodes    []Node // copied out when done, so that the next document can use it
	root     *Type
	steps    []step
	depth    int
	problems []Problem
	broken   bool // reading cannot go on
	scratch  []byte
	ahead    int // bytes read twice to find a resourceType
}

var parsers = sync.Pool{New: func() any { return new(parser) }}

// maxPooled is how many nodes a parser keeps for the next document.
const maxPooled = 1 << 16

func (p *parser) release() {
	nodes := p.nodes[:0]
	clear(p.nodes) // hold on to no document
	if cap(nodes) > maxPooled {
		nodes = nil
	}
	*p = parser{nodes: nodes, steps: p.steps[:0], scratch: p.scratch[:0]}
	parsers.Put(p)
}

// resource copies the nodes out, each with its way back to the source.
func (p *parser) resource() *Resource {
	r := &Resource{text: p.text, nodes: make([]Node, len(p.nodes))}
	copy(r.nodes, p.nodes)
	for i := range r.nodes {
		r.nodes[i].doc = r
	}
	return r
}

func (p *parser) document() {
	if strings.HasPrefix(p.text, "\ufeff") {
		p.problem(0, codeInvalid, "begins with a byte order mark, which JSON must not have")
		p.i = len("\ufeff")
	}
	p.checkUTF8()
	typ := Definitions().Type("Resource")
	if p.options.Type != "" {
		if typ = Definitions().Type(p.options.Type); typ == nil || typ.Kind == KindPrimitive {
			p.fail("there is no resource or data type of the name that was asked for")
			return
		}
	}
	p.space()
	if p.peek() != '{' {
		p.fail("must be a JSON object")
		return
	}
	p.value(nil, typ)
	p.space()
	if !p.broken && p.i < len(p.text) {
		p.problem(p.i, codeInvalid, "goes on after its end")
	}
}

// checkUTF8 reports each run of bytes that is not UTF-8.
func (p *parser) checkUTF8() {
	if utf8.ValidString(p.text) {
		return
	}
	bad := -1 // end of the last run
	for i, r := range p.text {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(p.text[i:]); size > 1 {
			continue // the character U+FFFD itself
		}
		if i != bad {
			p.problem(i, codeInvalid, "is not UTF-8")
		}
		bad = i + 1
	}
}

// problem notes something wrong with JSON itself.
func (p *parser) problem(at int, code, text string) {
	switch n := len(p.problems); {
	case p.broken: // what follows from that is no news
	case n < p.options.MaxProblems:
		p.problems = append(p.problems, Problem{Byte: at, Path: pathTo(p.root, p.steps), Code: code, Text: text})
	case n == p.options.MaxProblems:
		p.problems = append(p.problems, Problem{Byte: at, Code: codeTooCostly, Text: "there are more problems, which are not listed"})
	}
}

// wrong notes something that FHIR forbids and JSON allows.
func (p *parser) wrong(at int, code, text string) {
	if !p.options.Lenient {
		p.problem(at, code, text)
	}
}

// fail ends reading.
func (p *parser) fail(text string) { p.failWith(codeInvalid, text) }

func (p *parser) failWith(code, text string) {
	if p.broken {
		return
	}
	p.broken = true
	p.problems = append(p.problems, Problem{Byte: p.i, Path: pathTo(p.root, p.steps), Code: code, Text: text, Fatal: true})
}

// peek returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.i < len(p.text) {
		return p.text[p.i]
	}
	return 0
}

func (p *parser) space() {
	for p.i < len(p.text) && isSpace(p.text[p.i]) {
		p.i++
	}
}

// add makes a node that begins here.
func (p *parser) add(prop *Property, typ *Type, kind nodeKind) int32 {
	i := int32(len(p.nodes))
	if int(i) >= p.options.MaxNodes {
		p.failWith(codeTooCostly, fmt.Sprintf("has more than %d values", p.options.MaxNodes))
	}
	p.nodes = append(p.nodes, Node{prop: prop, typ: typ, start: uint32(p.i), self: i, kind: kind})
	return i
}

// done ends a node here.
func (p *parser) done(n int32) {
	p.nodes[n].end, p.nodes[n].next = uint32(p.i), int32(len(p.nodes))
}
