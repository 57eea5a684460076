package mapfile

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseTarget reads a path: identifier[1].type.coding.code,
// requester(PractitionerRole.organization(Organization.name)),
// [2].given, value[Quantity].value, $this.
func ParseTarget(text string) (Target, error) {
	var t Target
	p := &targetParser{text: text}
	if text == "$this" || text == "$value" || text == "" {
		return t, nil
	}
	if strings.HasPrefix(text, "[") {
		p.at = 1
		t.Instance = p.number()
		p.want(']')
		if p.at < len(text) {
			p.want('.')
		}
	}
	if p.at < len(text) {
		p.steps(&t)
	}
	if p.err == nil && p.at < len(text) {
		p.fail("expected the end")
	}
	return t, p.err
}

type targetParser struct {
	text string
	at   int
	err  error
}

func (p *targetParser) fail(text string) {
	if p.err == nil {
		p.err = fmt.Errorf("path %s: column %d: %s", p.text, p.at+1, text)
	}
}

func (p *targetParser) peek() byte {
	if p.err == nil && p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *targetParser) want(c byte) {
	if p.peek() != c {
		p.fail("expected " + string(c))
		return
	}
	p.at++
}

func (p *targetParser) name() string {
	start := p.at
	for c := p.peek(); c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'; c = p.peek() {
		p.at++
	}
	if p.at == start {
		p.fail("expected a name")
	}
	return p.text[start:p.at]
}

func (p *targetParser) number() int {
	start := p.at
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.at++
	}
	n, err := strconv.Atoi(p.text[start:p.at])
	if err != nil {
		p.fail("expected a number")
	}
	return n
}

func (p *targetParser) steps(t *Target) {
	for p.err == nil {
		s := Step{Name: p.name()}
		for p.peek() == '[' {
			p.at++
			switch c := p.peek(); {
			case c >= 'A' && c <= 'Z':
				s.Choice = p.name()
			case strings.HasPrefix(p.text[p.at:], "each]"):
				p.at += len("each")
				s.Index = Each
			default:
				s.Index = p.number()
			}
			p.want(']')
		}
		open := p.peek() == '('
		if open {
			p.at++
			p.resource(&s)
		}
		t.Steps = append(t.Steps, s)
		if open {
			if p.peek() == '.' {
				p.at++
				p.steps(t)
			}
			p.want(')')
			return
		}
		if p.peek() != '.' {
			return
		}
		p.at++
	}
}

func (p *targetParser) resource(s *Step) {
	s.Resource = p.name()
	if p.peek() == '[' {
		p.at++
		s.Number = p.number()
		p.want(']')
	}
}

// ParseParts reads an assigned value: "urn:oid:" + HD.2, add(AIG-8, AIG-11, AIG-12).
func ParseParts(text string) ([]Part, error) {
	var parts []Part
	rest := strings.TrimSpace(text)
	for rest != "" {
		var part Part
		var err error
		if part, rest, err = cutPart(rest); err != nil {
			return nil, err
		}
		parts = append(parts, part)
		if rest == "" {
			break
		}
		next, ok := strings.CutPrefix(rest, "+")
		if !ok {
			return nil, fmt.Errorf("value %s: expected + before %s", text, rest)
		}
		rest = strings.TrimSpace(next)
	}
	return parts, nil
}

func cutPart(s string) (Part, string, error) {
	if s[0] == '"' {
		q, err := strconv.QuotedPrefix(s)
		if err != nil {
			return Part{}, "", fmt.Errorf("value %s: a string is not closed", s)
		}
		text, err := strconv.Unquote(q)
		return Part{Literal: text}, strings.TrimSpace(s[len(q):]), err
	}
	end := strings.IndexAny(s, " +(")
	if end < 0 {
		end = len(s)
	}
	name, rest := s[:end], strings.TrimSpace(s[end:])
	if !strings.HasPrefix(rest, "(") {
		return Part{Ref: name}, rest, nil
	}
	args, after, ok := strings.Cut(rest[1:], ")")
	if !ok {
		return Part{}, "", fmt.Errorf("value %s: a parenthesis is not closed", s)
	}
	part := Part{Func: name}
	for _, a := range strings.Split(args, ",") {
		part.Args = append(part.Args, strings.TrimSpace(a))
	}
	return part, strings.TrimSpace(after), nil
}
