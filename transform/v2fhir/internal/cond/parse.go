package cond

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse reads a condition in the part of FHIRPath that String writes. An error
// names the place: "1:14: expected )".
func Parse(text string) (*Expr, error) {
	p := &parser{text: text}
	e := p.or()
	p.space()
	if p.err == nil && p.at < len(p.text) {
		p.fail("expected the end")
	}
	if p.err != nil {
		return nil, p.err
	}
	return e, nil
}

type parser struct {
	text string
	at   int
	err  error
}

func (p *parser) fail(text string) {
	if p.err == nil {
		p.err = fmt.Errorf("1:%d: %s", p.at+1, text)
	}
}

func (p *parser) space() {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
}

// take consumes s if it stands next.
func (p *parser) take(s string) bool {
	p.space()
	if p.err != nil || !strings.HasPrefix(p.text[p.at:], s) {
		return false
	}
	p.at += len(s)
	return true
}

func (p *parser) want(s string) {
	if !p.take(s) {
		p.fail("expected " + s)
	}
}

func (p *parser) or() *Expr  { return p.chain(Or, "or ", p.and) }
func (p *parser) and() *Expr { return p.chain(And, "and ", p.one) }

func (p *parser) chain(op Op, word string, part func() *Expr) *Expr {
	first := part()
	e := &Expr{Op: op, Args: []*Expr{first}}
	for p.take(word) {
		e.Args = append(e.Args, part())
	}
	if len(e.Args) == 1 {
		return first
	}
	return e
}

func (p *parser) one() *Expr {
	if p.take("(") {
		e := p.or()
		p.want(")")
		if p.take(".not()") {
			e = &Expr{Op: Not, Args: []*Expr{e}}
		}
		return e
	}
	ref := p.ref()
	switch {
	case p.take(".exists()"):
		return &Expr{Op: Valued, Ref: ref}
	case p.take(".empty()"):
		return &Expr{Op: Not, Args: []*Expr{{Op: Valued, Ref: ref}}}
	case p.take(".count()"):
		cmp, n := p.comparison()
		return &Expr{Op: Count, Ref: ref, Cmp: cmp, N: n}
	}
	p.want(".where($this")
	e := p.where(ref)
	p.want(").exists()")
	return e
}

func (p *parser) where(ref string) *Expr {
	switch {
	case p.take(".length()"):
		cmp, n := p.comparison()
		return &Expr{Op: Length, Ref: ref, Cmp: cmp, N: n}
	case p.take("in ("):
		e := &Expr{Op: In, Ref: ref, Texts: []string{p.quoted()}}
		for p.take("|") {
			e.Texts = append(e.Texts, p.quoted())
		}
		p.want(")")
		return e
	}
	p.want("=")
	if p.take("%context.") {
		return &Expr{Op: Same, Ref: ref, Other: p.ref()}
	}
	return &Expr{Op: In, Ref: ref, Texts: []string{p.quoted()}}
}

func (p *parser) ref() string {
	p.want("v2(")
	s := p.quoted()
	p.want(")")
	return s
}

func (p *parser) quoted() string {
	p.want("'")
	var b strings.Builder
	for p.at < len(p.text) && p.text[p.at] != '\'' {
		if p.text[p.at] == '\\' && p.at+1 < len(p.text) {
			p.at++
		}
		b.WriteByte(p.text[p.at])
		p.at++
	}
	p.want("'")
	return b.String()
}

func (p *parser) comparison() (string, int) {
	p.space()
	for _, cmp := range []string{"!=", "<=", ">=", "=", "<", ">"} {
		if p.take(cmp) {
			p.space()
			start := p.at
			for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
				p.at++
			}
			n, err := strconv.Atoi(p.text[start:p.at])
			if err != nil {
				p.fail("expected a number")
			}
			return cmp, n
		}
	}
	p.fail("expected a comparison")
	return "=", 0
}
