package oracle

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A condition is a computable condition of the sheets, by the IG's page
// "ANTLR Condition Syntax" and the variants its sheets are written in.
type condition struct {
	text string
	test func(facts) truth
	err  error
	// absent are the references of which it demands that nothing is there. A row
	// whose own source is among them holds though its source is empty.
	absent []string
}

// truth is yes, no, or that it cannot be known.
type truth int

const (
	no truth = iota
	yes
	unknown
)

// facts answers for a reference: "PID-3.2", "CX.4", "ORC"; "" is the row's own.
type facts interface {
	// values are the texts of a field's repetitions, or of a component.
	values(ref string) []string
	// length is that of the physical value.
	count(ref string) int
}

var tokenizer = regexp.MustCompile(`"[^"]*"|'[^']*'|https?://\S+|[A-Za-z][A-Za-z0-9]*(?:[-.]\d+)+|[A-Za-z][A-Za-z0-9.]*|\d+|[(),]|[=<>]+`)

var reference = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,2}(?:[-.]\d+)*$`)

// words that look like references to a segment.
var words = map[string]bool{"IF": true, "IS": true, "IN": true, "AND": true, "OR": true, "NOT": true, "LST": true}

func parseCondition(s string) *condition {
	if s == "" {
		return nil
	}
	text := strings.NewReplacer("PL3.NOT", "PL.3 NOT", "\n", " ").Replace(s)
	p := &parser{tokens: tokenizer.FindAllString(text, -1)}
	c := &condition{text: s}
	c.test = p.or()
	c.err, c.absent = p.err, p.absent
	if c.err == nil && p.at < len(p.tokens) && p.tokens[p.at] != ")" {
		c.err = fmt.Errorf("%q is left over", p.tokens[p.at])
	}
	return c
}

// ofNothing reports whether a row with this source can hold though nothing is
// there.
func (c *condition) ofNothing(from string) bool {
	return c != nil && (slices.Contains(c.absent, from) || slices.Contains(c.absent, ""))
}

type parser struct {
	tokens  []string
	at      int
	subject string
	err     error
	absent  []string
}

func (p *parser) peek() string {
	for p.at < len(p.tokens) {
		t := strings.ToUpper(p.tokens[p.at])
		if t != "IF" && t != "AREA" && t != "TO" {
			return t
		}
		p.at++
	}
	return ""
}

func (p *parser) take(words ...string) bool {
	t := p.peek()
	for _, w := range words {
		if t == w {
			p.at++
			return true
		}
	}
	return false
}

func (p *parser) or() func(facts) truth {
	all := []func(facts) truth{p.and()}
	for p.take("OR") {
		all = append(all, p.and())
	}
	return func(f facts) truth {
		result := no
		for _, one := range all {
			switch one(f) {
			case yes:
				return yes
			case unknown:
				result = unknown
			}
		}
		return result
	}
}

func (p *parser) and() func(facts) truth {
	all := []func(facts) truth{p.one()}
	for p.err == nil {
		// "VALUED NOT EQUAL x" and "NOT VALUED X" go on without AND.
		t := p.peek()
		if !p.take("AND") && (t == "" || t == "OR" || t == ")") {
			break
		}
		all = append(all, p.one())
	}
	return func(f facts) truth {
		result := yes
		for _, one := range all {
			switch one(f) {
			case no:
				return no
			case unknown:
				result = unknown
			}
		}
		return result
	}
}

func (p *parser) one() func(facts) truth {
	if p.err != nil {
		return nil
	}
	if p.take("(") {
		inner := p.or()
		p.take(")")
		return inner
	}
	if p.peek() == "NOT" && p.at+1 < len(p.tokens) && p.tokens[p.at+1] == "(" {
		p.at++
		inner := p.one()
		return func(f facts) truth { return not(inner(f)) }
	}
	if t := p.peek(); t != "" && reference.MatchString(p.tokens[p.at]) && !words[t] {
		p.subject = p.tokens[p.at]
		p.at++
		if t := p.peek(); t == "AND" || t == "OR" {
			return p.borrowed()
		}
	}
	return p.predicate(p.subject)
}

// borrowed takes the predicate of the next reference: "X AND Y VALUED".
func (p *parser) borrowed() func(facts) truth {
	subject, start := p.subject, p.at
	for p.err == nil && (p.take("AND", "OR") || reference.MatchString(p.word()) && !words[p.peek()]) {
		if p.at < len(p.tokens) && reference.MatchString(p.word()) {
			p.at++
		}
	}
	test := p.predicate(subject)
	p.at = start
	return test
}

func (p *parser) word() string {
	if p.peek() == "" {
		return ""
	}
	return p.tokens[p.at]
}

func (p *parser) predicate(subject string) func(facts) truth {
	p.take("IS")
	negated := p.take("NOT", "DOES")
	p.take("NOT")
	p.take("IS")
	if t := p.peek(); negated && (t == "VALUED" || t == "VALUE" || t == "EXIST" || t == "IN") || t == "EMPTY" {
		p.absent = append(p.absent, subject)
	}
	test := p.positive(subject)
	if p.err != nil {
		return nil
	}
	if negated {
		return func(f facts) truth { return not(test(f)) }
	}
	return test
}

func not(t truth) truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

func (p *parser) positive(subject string) func(facts) truth {
	switch {
	case p.take("VALUED", "VALUE", "EXIST"):
		return func(f facts) truth { return truthOf(anyValue(f.values(subject))) }
	case p.take("EMPTY"):
		return func(f facts) truth { return truthOf(!anyValue(f.values(subject))) }
	case p.take("IN"):
		return p.in(subject)
	case p.take("LST.COUNT", "COUNT"):
		test := p.number()
		return func(f facts) truth { return truthOf(test(f.count(subject))) }
	case p.take("LENGTH"):
		test := p.number()
		return func(f facts) truth {
			for _, v := range f.values(subject) {
				if test(len(v)) {
					return yes
				}
			}
			return no
		}
	}
	p.take("EQUALS", "EQUAL", "=")
	return p.equals(subject)
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

func anyValue(values []string) bool {
	for _, v := range values {
		if v != "" {
			return true
		}
	}
	return false
}

func (p *parser) in(subject string) func(facts) truth {
	p.take("IN")
	if strings.HasPrefix(p.word(), "http") {
		p.at++
		return func(facts) truth { return unknown } // a registry on the web
	}
	if !p.take("(") {
		p.err = errors.New("IN without a list")
		return nil
	}
	list := map[string]bool{}
	for !p.take(")") {
		if p.peek() == "" {
			p.err = errors.New("a list without an end")
			return nil
		}
		if !p.take(",") {
			list[unquote(p.tokens[p.at])] = true
			p.at++
		}
	}
	return func(f facts) truth {
		for _, v := range f.values(subject) {
			if v != "" && list[v] {
				return yes
			}
		}
		return no
	}
}

func (p *parser) equals(subject string) func(facts) truth {
	word := p.word()
	if word == "" {
		p.err = errors.New("nothing to compare with")
		return nil
	}
	p.at++
	want := func(facts) []string { return []string{unquote(word)} }
	if reference.MatchString(word) {
		want = func(f facts) []string { return f.values(word) }
	} else if !strings.ContainsAny(word[:1], `"'`) {
		p.err = fmt.Errorf("%q is not understood", word)
		return nil
	}
	return func(f facts) truth {
		for _, v := range f.values(subject) {
			for _, w := range want(f) {
				if v == w && v != "" {
					return yes
				}
			}
		}
		return no
	}
}

// number reads "GREATER THAN 1", "EQUALS 1", ">1".
func (p *parser) number() func(int) bool {
	var more, less, equal bool
	for {
		switch {
		case p.take("GREATER", ">"):
			more = true
		case p.take("LESS", "<"):
			less = true
		case p.take("EQUALS", "EQUAL", "="):
			equal = true
		case p.take("THAN"), p.take("OR"):
		default:
			n, err := strconv.Atoi(p.word())
			if err != nil {
				p.err = fmt.Errorf("%q is not a number", p.word())
				return nil
			}
			p.at++
			return func(v int) bool { return more && v > n || less && v < n || equal && v == n }
		}
	}
}

func unquote(s string) string { return strings.Trim(s, `"'`) }
