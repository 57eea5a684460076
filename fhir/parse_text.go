package fhir

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"handover/internal/near"
)

// name reads a property name.
func (p *parser) name() string {
	s, escaped := p.quoted()
	if escaped {
		return string(appendUnescaped(nil, s))
	}
	return s
}

// quoted reads a string and returns what is between the quotes.
func (p *parser) quoted() (s string, escaped bool) {
	p.i++
	from := p.i
	for p.i < len(p.text) {
		switch c := p.text[p.i]; {
		case c == '"':
			p.i++
			return p.text[from : p.i-1], escaped
		case c == '\\':
			escaped = true
			p.escape()
		case c < ' ':
			p.problem(p.i, codeInvalid, "has a control character in a string, which must be escaped")
			p.i++
		default:
			p.i++
		}
	}
	p.fail("ends within a string")
	return "", false
}

// escape passes one escape and reports it if it is wrong.
func (p *parser) escape() {
	at := p.i
	p.i = min(p.i+2, len(p.text))
	if at+1 >= len(p.text) {
		return // fails as an unfinished string
	}
	c := p.text[at+1]
	if c != 'u' {
		if strings.IndexByte(`"\/bfnrt`, c) < 0 {
			p.problem(at, codeInvalid, `has an unknown escape after a backslash`)
		}
		return
	}
	r, ok := hex4(p.text, at+2)
	if !ok {
		p.problem(at, codeInvalid, `has \u without four hexadecimal digits`)
		return
	}
	p.i += 4
	if !utf16.IsSurrogate(r) {
		return
	}
	if low, ok := hex4(p.text, at+8); ok && p.text[at+6:at+8] == `\u` &&
		utf16.DecodeRune(r, low) != utf8.RuneError {
		p.i += 6
		return
	}
	p.problem(at, codeInvalid, "has half of a surrogate pair")
}

// hex4 reads four hexadecimal digits at i.
func hex4(s string, i int) (rune, bool) {
	if i < 0 || i+4 > len(s) {
		return 0, false
	}
	for _, c := range []byte(s[i : i+4]) {
		if !isDigit(c) && (c|' ' < 'a' || c|' ' > 'f') {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(s[i:i+4], 16, 16)
	return rune(n), err == nil
}

// appendUnescaped appends a JSON string's content decoded. What is not a valid
// escape stays as it stands; half a surrogate pair becomes U+FFFD.
func appendUnescaped(dst []byte, s string) []byte {
	for {
		slash := strings.IndexByte(s, '\\')
		if slash < 0 || slash+1 >= len(s) {
			return append(dst, s...)
		}
		dst = append(dst, s[:slash]...)
		c := s[slash+1]
		if at := strings.IndexByte(`"\/bfnrt`, c); at >= 0 {
			dst = append(dst, "\"\\/\b\f\n\r\t"[at])
			s = s[slash+2:]
			continue
		}
		r, ok := hex4(s, slash+2)
		if c != 'u' || !ok {
			dst = append(dst, '\\', c)
			s = s[slash+2:]
			continue
		}
		s = s[slash+6:]
		if utf16.IsSurrogate(r) {
			low, ok := rune(0), false
			if strings.HasPrefix(s, `\u`) {
				low, ok = hex4(s, 2)
			}
			if r = utf16.DecodeRune(r, low); ok && r != utf8.RuneError {
				s = s[6:]
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
}

// skipSpace, skipString and skipValue look ahead without judging: on broken
// text they return some place at or before the end.
func skipSpace(s string, i int) int {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	return i
}

func skipString(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

func skipValue(s string, i int) int {
	for depth := 0; i < len(s); {
		switch s[i] {
		case '"':
			i = skipString(s, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		default:
			if depth == 0 {
				for i < len(s) && !endsBare[s[i]] {
					i++
				}
				return i
			}
			i++
			continue
		}
		if depth <= 0 {
			return min(i, len(s))
		}
	}
	return len(s)
}

// lookedAhead bounds the work that resources in one another can make, each of
// which has its resourceType at its end.
func (p *parser) lookedAhead(n int) {
	if p.ahead += n; p.ahead > 8*len(p.text) {
		p.failWith(codeTooCostly, "has too many resources in one another without resourceType at their beginning")
	}
}

// suggest names the property that is probably meant, "" if none is near. Only
// names of the definitions are ever printed.
func suggest(t *Type, name string) string {
	if len(name) > 64 {
		return ""
	}
	best, bestDistance := "", min(3, 1+len(name)/3)
	for _, e := range t.Elements {
		for _, et := range e.Types {
			known := e.Name
			if e.choice {
				known = e.base + capital(et.Type.Name)
			}
			if d := near.Distance(name, known); d < bestDistance {
				best, bestDistance = known, d
			}
		}
		if e.choice && e.base == name {
			return ": it is a choice and needs its type, as in " + e.base + capital(e.Types[0].Type.Name)
		}
	}
	if best == "" {
		return ""
	}
	return ": is " + best + " meant?"
}
