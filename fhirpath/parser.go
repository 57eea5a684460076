package fhirpath

import (
	"fmt"
	"strconv"
	"strings"
)

// The binding of binary operators, tightest highest (N1, appendix B).
const (
	bindImplies = iota + 1
	bindOr
	bindAnd
	bindMembership
	bindEquality
	bindComparison
	bindUnion
	bindType
	bindAdditive
	bindMultiplicative
)

var bindings = map[string]int{
	"implies": bindImplies, "or": bindOr, "xor": bindOr, "and": bindAnd,
	"in": bindMembership, "contains": bindMembership,
	"=": bindEquality, "!=": bindEquality, "~": bindEquality, "!~": bindEquality,
	"<": bindComparison, "<=": bindComparison, ">": bindComparison, ">=": bindComparison,
	"|": bindUnion, "is": bindType, "as": bindType,
	"+": bindAdditive, "-": bindAdditive, "&": bindAdditive,
	"*": bindMultiplicative, "/": bindMultiplicative, "div": bindMultiplicative, "mod": bindMultiplicative,
}

const (
	maxErrors = 20
	maxParts  = 10_000 // links of paths and operators in one expression
)

// parser builds the tree of an expression by precedence climbing. It goes on
// after an error, so as to report what else is wrong.
type parser struct {
	opts   Options
	tokens []token
	i      int
	depth  int
	parts  int
	errors Errors
}

func newParser(expr string, opts Options) *parser {
	p := &parser{opts: opts}
	if len(expr) > maxExpression {
		p.errors = Errors{{Line: 1, Column: 1, Text: fmt.Sprintf("expression is longer than %d bytes", maxExpression)}}
		expr = ""
	}
	tokens, errs := lex(expr)
	p.tokens, p.errors = tokens, append(p.errors, errs...)
	return p
}

func (p *parser) parse() expression {
	if len(p.errors) > 0 {
		return nil // words that cannot be read would only be reported twice
	}
	root := p.expression(bindImplies)
	if t := p.peek(); t.kind != tokenEnd {
		p.fail(t.pos, "expected an operator or the end of the expression")
	}
	return root
}

func (p *parser) peek() token { return p.tokens[p.i] }

func (p *parser) take() token {
	t := p.tokens[p.i]
	if t.kind != tokenEnd {
		p.i++
	}
	return t
}

func (p *parser) fail(at pos, format string, args ...any) {
	if len(p.errors) < maxErrors {
		p.errors = append(p.errors, &Error{Line: int(at.line), Column: int(at.column), Text: fmt.Sprintf(format, args...)})
	}
}

func (p *parser) expect(sign string) {
	if t := p.peek(); !t.is(sign) {
		p.fail(t.pos, "expected '%s'", sign)
		p.skip()
		if !p.peek().is(sign) {
			return
		}
	}
	p.take()
}

// skip passes over tokens up to the end of the argument or bracket, so that
// one mistake is reported once.
func (p *parser) skip() {
	for open := 0; p.peek().kind != tokenEnd; p.take() {
		t := p.peek()
		switch {
		case t.is("(") || t.is("[") || t.is("{"):
			open++
		case open > 0 && (t.is(")") || t.is("]") || t.is("}")):
			open--
		case open == 0 && (t.is(")") || t.is("]") || t.is("}") || t.is(",")):
			return
		}
	}
}

// enter counts nesting; it is false where the expression is nested too deeply.
func (p *parser) enter(at pos) bool {
	p.depth++
	if p.depth <= maxNesting {
		return true
	}
	if p.depth == maxNesting+1 {
		p.fail(at, "expression is nested deeper than %d levels", maxNesting)
		p.i = len(p.tokens) - 1
	}
	return false
}

// part counts links of a chain; it is false where there are too many.
func (p *parser) part(at pos) bool {
	p.parts++
	if p.parts == maxParts {
		p.fail(at, "expression has more than %d parts", maxParts)
		p.i = len(p.tokens) - 1
	}
	return p.parts < maxParts
}

func (p *parser) expression(binding int) expression {
	defer func() { p.depth-- }()
	if !p.enter(p.peek().pos) {
		return &literal{pos: p.peek().pos}
	}
	left := p.polarity()
	for {
		t := p.peek()
		b, ok := bindings[t.text]
		if !ok || (t.kind != tokenName && t.kind != tokenSign) || b < binding || !p.part(t.pos) {
			return left
		}
		p.take()
		if b == bindType {
			left = &typeOperator{t.pos, t.text, left, p.typeName()}
			continue
		}
		left = newBinary(b, binary{t.pos, t.text, left, p.expression(b + 1)})
	}
}

func newBinary(binding int, b binary) expression {
	switch binding {
	case bindEquality:
		return &equality{b}
	case bindComparison:
		return &comparison{b}
	case bindMembership:
		return &membership{b}
	case bindUnion:
		return &union{b}
	case bindAdditive, bindMultiplicative:
		return &arithmetic{b}
	}
	return &logic{b}
}

// polarity reads + and -, which bind looser than '.' and '[': -1.abs() is
// -(1.abs()).
func (p *parser) polarity() expression {
	t := p.peek()
	if !t.is("+") && !t.is("-") {
		return p.path()
	}
	defer func() { p.depth-- }()
	if !p.enter(t.pos) {
		return &literal{pos: t.pos}
	}
	p.take()
	// -2147483648 is an Integer although 2147483648 is not.
	if n := p.peek(); t.is("-") && n.kind == tokenNumber && n.text == "2147483648" && !p.tokens[p.i+1].is(".") {
		p.take()
		return &literal{t.pos, Integer(-1 << 31)}
	}
	x := p.polarity()
	if l, ok := x.(*literal); ok && l.value != nil {
		if v, ok := negate(l.value); ok && t.is("-") {
			return &literal{t.pos, v}
		}
	}
	return &negation{t.pos, t.is("-"), x}
}

// path reads a term and what follows it: .name, .function(), [index].
func (p *parser) path() expression {
	x := p.term()
	for {
		t := p.peek()
		switch {
		case t.is(".") && p.part(t.pos):
			p.take()
			x = p.invocation(x)
		case t.is("[") && p.part(t.pos):
			p.take()
			index := p.expression(bindImplies)
			p.expect("]")
			x = &indexer{t.pos, x, index}
		default:
			return x
		}
	}
}

// invocation reads what may stand after a dot.
func (p *parser) invocation(focus expression) expression {
	t := p.peek()
	switch t.kind {
	case tokenName, tokenQuotedName:
		p.take()
		if p.peek().is("(") && t.kind == tokenName {
			return p.call(focus, t)
		}
		return &member{pos: t.pos, focus: focus, name: t.text}
	case tokenSpecial:
		p.take()
		return &special{t.pos, t.text}
	}
	p.fail(t.pos, "expected a name after '.'")
	p.skip()
	return focus
}

func (p *parser) term() expression {
	t := p.peek()
	switch t.kind {
	case tokenName, tokenQuotedName:
		return p.name()
	case tokenString:
		p.take()
		return &literal{t.pos, String(t.text)}
	case tokenNumber:
		return p.number()
	case tokenDate, tokenDateTime, tokenTime:
		return p.temporal()
	case tokenVariable:
		p.take()
		return &variable{t.pos, t.text}
	case tokenSpecial:
		p.take()
		return &special{t.pos, t.text}
	}
	switch {
	case t.is("("):
		p.take()
		x := p.expression(bindImplies)
		p.expect(")")
		return x
	case t.is("{"):
		p.take()
		p.expect("}")
		return &literal{pos: t.pos}
	}
	p.fail(t.pos, "expected a value, a name or '('")
	p.skip()
	return &literal{pos: t.pos}
}

// name reads a word that begins a term.
func (p *parser) name() expression {
	t := p.take()
	if t.kind == tokenName {
		switch t.text {
		case "true", "false":
			return &literal{t.pos, Boolean(t.text == "true")}
		case "and", "or", "xor", "implies", "div", "mod":
			p.fail(t.pos, "expected a value before '%s'", t.text)
			return &literal{pos: t.pos}
		}
		if p.peek().is("(") {
			return p.call(nil, t)
		}
	}
	typed := t.text != "" && t.text[0] >= 'A' && t.text[0] <= 'Z'
	return &member{pos: t.pos, name: t.text, typed: typed}
}

// number reads an Integer, a Decimal, or with a unit after it a Quantity.
func (p *parser) number() expression {
	t := p.take()
	number, err := ParseDecimal(t.text)
	if err != nil {
		p.fail(t.pos, "%v", err)
	}
	switch u := p.peek(); u.kind {
	case tokenString:
		p.take()
		return &literal{t.pos, newQuantity(number, u.text)}
	case tokenName:
		if unit, plural, ok := calendarUnit(u.text); ok {
			p.take()
			return &literal{t.pos, Quantity{number, unit, true, plural}}
		}
	}
	if strings.Contains(t.text, ".") {
		return &literal{t.pos, number}
	}
	i, err := strconv.ParseInt(t.text, 10, 32)
	if err != nil {
		p.fail(t.pos, "integer is out of range -2147483648 to 2147483647")
	}
	return &literal{t.pos, Integer(i)}
}

func (p *parser) temporal() expression {
	t := p.take()
	var v Value
	var err error
	switch t.kind {
	case tokenDate:
		v, err = ParseDate(t.text)
	case tokenDateTime:
		v, err = ParseDateTime(t.text)
	default:
		v, err = ParseTime(t.text)
	}
	if err != nil {
		p.fail(t.pos, "%v", err)
		return &literal{pos: t.pos}
	}
	return &literal{t.pos, v}
}

// typeName reads Name or Namespace.Name.
func (p *parser) typeName() TypeName {
	t := p.take()
	if t.kind != tokenName && t.kind != tokenQuotedName {
		p.fail(t.pos, "expected a type")
		return TypeName{}
	}
	name := TypeName{Name: t.text}
	if n := p.tokens[min(p.i+1, len(p.tokens)-1)]; p.peek().is(".") && (n.kind == tokenName || n.kind == tokenQuotedName) {
		p.take()
		p.take()
		name = TypeName{t.text, n.text}
	}
	if !p.knows(name) {
		p.fail(t.pos, "no type '%s'", name)
	}
	return name
}

// knows reports whether the type exists; without a model any may.
func (p *parser) knows(t TypeName) bool {
	m := p.opts.Model
	if m == nil || isSystemType(t) {
		return true
	}
	if t.Namespace == "" {
		t.Namespace = p.opts.namespace()
	}
	_, ok := m.Base(t)
	return ok || t.Namespace == typeAny.Namespace
}

// namespace is the one of the model's types: that of Root, else FHIR.
func (o Options) namespace() string {
	if o.Root.Namespace != "" {
		return o.Root.Namespace
	}
	return "FHIR"
}

func isSystemType(t TypeName) bool {
	if t.Namespace != "" && t.Namespace != typeAny.Namespace {
		return false
	}
	switch t.Name {
	case "Any", "Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity":
		return true
	}
	return false
}
