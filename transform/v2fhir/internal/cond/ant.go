package cond

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Published reports whether a condition parses as it stands by the grammar that
// HL7 published with its map (its page "ANTLR Condition Syntax"): IF, addresses,
// EQUAL, IN, VALUED, NOT, AND, OR, parentheses.
func Published(text string) bool {
	p := &published{tokens: publishedToken.FindAllString(text, -1)}
	if strings.Join(p.tokens, "") != strings.Join(strings.Fields(text), "") && !sameText(p.tokens, text) {
		return false
	}
	return p.take("IF") && p.expression() && p.at == len(p.tokens)
}

var publishedToken = regexp.MustCompile(`"[^"\\]*"|[A-Z][A-Z0-9]+|[0-9]+|[-.,()]|[^\s]`)

func sameText(tokens []string, text string) bool {
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
	return squeeze(strings.Join(tokens, "")) == squeeze(text)
}

type published struct {
	tokens []string
	at     int
}

func (p *published) take(s string) bool {
	if p.at < len(p.tokens) && p.tokens[p.at] == s {
		p.at++
		return true
	}
	return false
}

func (p *published) match(re *regexp.Regexp) bool {
	if p.at < len(p.tokens) && re.MatchString(p.tokens[p.at]) {
		p.at++
		return true
	}
	return false
}

var (
	publishedName   = regexp.MustCompile(`^[A-Z][A-Z0-9][A-Z0-9]?$`)
	publishedDigits = regexp.MustCompile(`^[0-9]+$`)
	publishedString = regexp.MustCompile(`^"`)
)

func (p *published) expression() bool {
	if !p.term() {
		return false
	}
	for {
		switch {
		case p.take("AND"), p.take("OR"), p.take("EQUAL"):
			if !p.term() {
				return false
			}
		case p.at+1 < len(p.tokens) && p.tokens[p.at] == "NOT" && p.tokens[p.at+1] == "EQUAL":
			p.at += 2
			if !p.term() {
				return false
			}
		default:
			return true
		}
	}
}

func (p *published) term() bool {
	switch {
	case p.take("NOT"):
		return p.term()
	case p.take("("):
		return p.expression() && p.take(")")
	case p.match(publishedString), p.match(publishedDigits):
		return true
	}
	return p.reference() && p.predicate()
}

// reference reads PID-5.1; a data type's component (CX.4) is not in the grammar.
func (p *published) reference() bool {
	if !p.match(publishedName) {
		return false
	}
	if !p.take("-") {
		return true
	}
	ok := p.match(publishedDigits)
	for ok && p.take(".") {
		ok = p.match(publishedDigits)
	}
	return ok
}

func (p *published) predicate() bool {
	start := p.at
	p.take("NOT")
	switch {
	case p.take("VALUED"):
		return true
	case p.take("IN"):
		return p.list()
	}
	p.at = start
	return true
}

func (p *published) list() bool {
	if !p.take("(") {
		return false
	}
	for !p.take(")") {
		if !p.match(publishedString) && !p.match(publishedDigits) && !p.reference() {
			return false
		}
		p.take(",")
		if p.at >= len(p.tokens) {
			return false
		}
	}
	return true
}

// ParseIf reads a condition as the authors of the map wrote them: the
// published syntax with the variants that its spreadsheets really have. What
// self stands for where the text names no field ("IF VALUED") is given.
func ParseIf(text, self string) (*Expr, error) {
	p := &ifParser{self: self, tokens: ifToken.FindAllString(text, -1)}
	for i, t := range p.tokens {
		if u := strings.ToUpper(t); keywords[u] {
			p.tokens[i] = u
		}
	}
	if !p.take("IF") {
		return nil, errors.New("does not begin with IF")
	}
	e, err := p.or()
	if err == nil && p.at < len(p.tokens) {
		err = fmt.Errorf("cannot read %q", strings.Join(p.tokens[p.at:], " "))
	}
	return e, err
}

var ifToken = regexp.MustCompile(`"[^"]*"|'[^']*'|(?i:LST\.COUNT)|[A-Z][A-Z0-9]{1,2}(?:[-.][0-9]+(?:\.[0-9]+)*)?\b|[A-Za-z.]+|[0-9]+|[<>=]+|[(),]`)

var keywords = map[string]bool{
	"IF": true, "AND": true, "OR": true, "NOT": true, "IS": true, "VALUED": true, "VALUE": true, "EMPTY": true,
	"EQUALS": true, "EQUAL": true, "TO": true, "IN": true, "LST.COUNT": true, "COUNT": true, "LENGTH": true,
	"GREATER": true, "LESS": true, "THAN": true, "DOES": true, "EXIST": true, "ERROR": true, "AREA": true, "ARE": true,
}

type ifParser struct {
	tokens []string
	at     int
	self   string
}

func (p *ifParser) peek() string {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return ""
}

func (p *ifParser) take(words ...string) bool {
	for i, w := range words {
		if p.at+i >= len(p.tokens) || p.tokens[p.at+i] != w {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *ifParser) or() (*Expr, error)  { return p.chain(Or, "OR", p.and) }
func (p *ifParser) and() (*Expr, error) { return p.chain(And, "AND", p.one) }

func (p *ifParser) chain(op Op, word string, part func() (*Expr, error)) (*Expr, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	args := []*Expr{first}
	for p.take(word) {
		p.take("IF")
		next, err := part()
		if err != nil {
			return nil, err
		}
		args = append(args, next)
	}
	if len(args) == 1 {
		return first, nil
	}
	return spread(&Expr{Op: op, Args: args}), nil
}

// bare marks a reference whose predicate comes with a later one: "A AND B VALUED".
const bare Op = 255

// spread gives bare references the predicate of the one that closes the list.
func spread(e *Expr) *Expr {
	for i := len(e.Args) - 2; i >= 0; i-- {
		if e.Args[i].Op == bare {
			e.Args[i] = e.Args[i+1].on(e.Args[i].Ref)
		}
	}
	return e
}

// on returns the predicate asked of another address.
func (e *Expr) on(ref string) *Expr {
	c := *e
	if e.Op == Not {
		c.Args = []*Expr{e.Args[0].on(ref)}
		return &c
	}
	c.Ref = ref
	return &c
}

var ifRef = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,2}([-.][0-9]+(\.[0-9]+)*)?$`)

func (p *ifParser) one() (*Expr, error) {
	if p.take("NOT", "(") {
		p.at--
		e, err := p.one()
		return &Expr{Op: Not, Args: []*Expr{e}}, err
	}
	if p.take("(") {
		p.take("IF")
		e, err := p.or()
		if err == nil && !p.take(")") {
			err = errors.New("a parenthesis is not closed")
		}
		return e, err
	}
	if t := p.peek(); ifRef.MatchString(t) && !keywords[t] {
		p.self = Normalise(t) // VALUED AND NOT "SEL" goes on about the same field
		p.at++
	}
	return p.predicate(p.self)
}

func (p *ifParser) predicate(ref string) (*Expr, error) {
	p.take("IS")
	p.take("ARE")
	p.take("AREA")
	not := p.take("NOT") || p.take("DOES", "NOT")
	e, err := p.positive(ref)
	if err == nil && not {
		e = &Expr{Op: Not, Args: []*Expr{e}}
	}
	p.take("ERROR")
	return e, err
}

func (p *ifParser) positive(ref string) (*Expr, error) {
	switch {
	case p.take("VALUED", "NOT", "EQUAL"):
		other := &Expr{Op: Not, Args: []*Expr{{Op: Same, Ref: ref, Other: Normalise(p.peek())}}}
		p.at++
		return &Expr{Op: And, Args: []*Expr{{Op: Valued, Ref: ref}, other}}, nil
	case p.take("VALUED"), p.take("VALUE"), p.take("EXIST"):
		return &Expr{Op: Valued, Ref: ref}, nil
	case p.take("EMPTY"):
		return &Expr{Op: Not, Args: []*Expr{{Op: Valued, Ref: ref}}}, nil
	case p.take("IN"):
		return p.in(ref)
	case p.take("LST.COUNT"), p.take("COUNT"):
		return p.compare(Count, ref)
	case p.take("LENGTH"):
		return p.compare(Length, ref)
	case p.take("EQUALS"), p.take("EQUAL"), p.take("="):
		p.take("TO")
	}
	if t := p.peek(); t != "" && (t[0] == '"' || t[0] == '\'') {
		p.at++
		return &Expr{Op: In, Ref: ref, Texts: []string{t[1 : len(t)-1]}}, nil
	}
	if t := p.peek(); t == "AND" || t == "OR" {
		return &Expr{Op: bare, Ref: ref}, nil
	}
	return nil, fmt.Errorf("cannot read %q", p.peek())
}

func (p *ifParser) in(ref string) (*Expr, error) {
	if !p.take("(") {
		return nil, errors.New("IN without a list")
	}
	e := &Expr{Op: In, Ref: ref}
	for !p.take(")") {
		t := p.peek()
		if t == "" || t[0] != '"' {
			return nil, errors.New("a list holds something that is not a string")
		}
		e.Texts = append(e.Texts, t[1:len(t)-1])
		p.at++
		p.take(",")
	}
	return e, nil
}

func (p *ifParser) compare(op Op, ref string) (*Expr, error) {
	cmp := ""
	switch {
	case p.take("GREATER", "THAN", "OR", "EQUALS"):
		cmp = ">="
	case p.take("LESS", "THAN", "OR", "EQUALS"):
		cmp = "<="
	case p.take("GREATER", "THAN"), p.take(">"):
		cmp = ">"
	case p.take("LESS", "THAN"), p.take("<"):
		cmp = "<"
	case p.take("NOT", "EQUALS"):
		cmp = "!="
	case p.take("EQUALS"), p.take("="):
		cmp = "="
	}
	n, err := strconv.Atoi(p.peek())
	if cmp == "" || err != nil {
		return nil, errors.New("a count or length is compared with nothing")
	}
	p.at++
	return &Expr{Op: op, Ref: ref, Cmp: cmp, N: n}, nil
}

// Normalise writes an address the one way: a segment's field with "-", a data
// type's component with "." (the map has HD-3 and ORC.1).
func Normalise(ref string) string {
	i := strings.IndexAny(ref, "-.")
	if i < 0 {
		return ref
	}
	sep := "."
	if name := ref[:i]; segmentNames[name] {
		sep = "-"
	}
	return ref[:i] + sep + ref[i+1:]
}

// segmentNames are the segments that the maps name; all other names of two or
// three letters are data types.
var segmentNames = map[string]bool{
	"AIG": true, "AIL": true, "AIP": true, "AIS": true, "AL1": true, "DG1": true, "EVN": true, "IAM": true, "IN1": true,
	"IN3": true, "MRG": true, "MSA": true, "MSH": true, "NK1": true, "NTE": true, "OBR": true, "OBX": true, "ORC": true,
	"PD1": true, "PID": true, "PR1": true, "PRT": true, "PV1": true, "PV2": true, "ROL": true, "RXA": true, "RXO": true,
	"RXE": true, "RXR": true, "SCH": true, "SFT": true, "SPM": true, "TQ1": true, "TXA": true,
}

// IsSegment reports whether the name is a segment's and not a data type's.
func IsSegment(name string) bool { return segmentNames[name] || len(name) == 3 && name[0] == 'Z' }
