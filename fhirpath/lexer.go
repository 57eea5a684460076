package fhirpath

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokenEnd        tokenKind = iota
	tokenName                 // a bare word: identifier, keyword or operator
	tokenQuotedName           // `between backticks`
	tokenString
	tokenNumber
	tokenDate
	tokenDateTime
	tokenTime
	tokenVariable // %name
	tokenSpecial  // $this, $index, $total
	tokenSign     // punctuation and symbolic operators
)

// token is a piece of an expression. text is without quotes, escapes and the
// marks %, $ and @.
type token struct {
	kind tokenKind
	text string
	pos  pos
}

// is reports whether the token is this sign or bare word.
func (t token) is(text string) bool {
	return (t.kind == tokenSign || t.kind == tokenName) && t.text == text
}

// lexer cuts an expression into tokens (N1, appendix B).
type lexer struct {
	rest   string
	at     pos
	tokens []token
	errors Errors
}

func lex(expr string) ([]token, Errors) {
	l := &lexer{rest: expr, at: pos{1, 1}}
	for l.skipSpace(); l.rest != ""; l.skipSpace() {
		l.next()
	}
	l.tokens = append(l.tokens, token{kind: tokenEnd, pos: l.at})
	return l.tokens, l.errors
}

func (l *lexer) fail(at pos, text string) {
	l.errors = append(l.errors, &Error{Line: int(at.line), Column: int(at.column), Text: text})
}

// advance moves over n bytes, counting lines and characters.
func (l *lexer) advance(n int) string {
	taken := l.rest[:n]
	l.rest = l.rest[n:]
	if lines := strings.Count(taken, "\n"); lines > 0 {
		l.at.line += int32(lines)
		l.at.column = 1
		l.at.column += int32(utf8.RuneCountInString(taken[strings.LastIndexByte(taken, '\n')+1:]))
		return taken
	}
	l.at.column += int32(utf8.RuneCountInString(taken))
	return taken
}

// skipSpace passes over white space and comments.
func (l *lexer) skipSpace() {
	for {
		n := len(l.rest) - len(strings.TrimLeft(l.rest, " \t\r\n"))
		l.advance(n)
		switch {
		case strings.HasPrefix(l.rest, "//"):
			if end := strings.IndexAny(l.rest, "\r\n"); end >= 0 {
				l.advance(end)
			} else {
				l.advance(len(l.rest))
			}
		case strings.HasPrefix(l.rest, "/*"):
			end := strings.Index(l.rest[2:], "*/")
			if end < 0 {
				l.fail(l.at, "comment is not closed: expected '*/'")
				l.advance(len(l.rest))
				return
			}
			l.advance(end + 4)
		default:
			return
		}
	}
}

func (l *lexer) emit(kind tokenKind, at pos, text string) {
	l.tokens = append(l.tokens, token{kind, text, at})
}

func (l *lexer) next() {
	at := l.at
	switch c := l.rest[0]; {
	case isLetter(c):
		l.emit(tokenName, at, l.advance(wordLen(l.rest)))
	case isDigit(c):
		l.emit(tokenNumber, at, l.advance(numberLen(l.rest)))
	case c == '\'':
		l.quoted(tokenString)
	case c == '`':
		l.quoted(tokenQuotedName)
	case c == '@':
		l.temporal()
	case c == '%':
		l.variable()
	case c == '$':
		l.special()
	default:
		l.sign()
	}
}

func (l *lexer) sign() {
	at := l.at
	for _, s := range [...]string{"<=", ">=", "!=", "!~"} {
		if strings.HasPrefix(l.rest, s) {
			l.emit(tokenSign, at, l.advance(2))
			return
		}
	}
	if strings.IndexByte(".,()[]{}+-*/&|<>=~", l.rest[0]) >= 0 {
		l.emit(tokenSign, at, l.advance(1))
		return
	}
	_, size := utf8.DecodeRuneInString(l.rest)
	l.advance(size)
	l.fail(at, "character has no meaning here")
}

func (l *lexer) special() {
	at := l.at
	l.advance(1)
	name := l.advance(wordLen(l.rest))
	if name != "this" && name != "index" && name != "total" {
		l.fail(at, "expected $this, $index or $total")
	}
	l.emit(tokenSpecial, at, name)
}

func (l *lexer) variable() {
	at := l.at
	l.advance(1)
	if l.rest != "" && (l.rest[0] == '`' || l.rest[0] == '\'') {
		l.quoted(tokenVariable)
		l.tokens[len(l.tokens)-1].pos = at
		return
	}
	name := l.advance(wordLen(l.rest))
	if name == "" {
		l.fail(at, "expected a name after '%'")
	}
	l.emit(tokenVariable, at, name)
}

// temporal reads @2014, @2014-01T, @T14:30 and their kin. Whether the date
// exists is for the parser.
func (l *lexer) temporal() {
	at := l.at
	l.advance(1)
	kind, n := tokenDate, 0
	if !strings.HasPrefix(l.rest, "T") {
		n = shapeLen(l.rest, "0000-00-00")
	}
	if n < len(l.rest) && l.rest[n] == 'T' {
		kind = tokenDateTime
		if n == 0 {
			kind = tokenTime
		}
		n++
		if clock := clockLen(l.rest[n:]); clock > 0 {
			n += clock
			if kind == tokenDateTime {
				n += offsetLen(l.rest[n:])
			}
		}
	}
	if n == 0 {
		l.fail(at, "expected a date or time after '@'")
		return
	}
	text := l.advance(n)
	if kind == tokenTime {
		text = text[1:]
	}
	l.emit(kind, at, text)
}

// shapeLen returns how much of s follows shape, in which 0 is any digit, up to
// the last complete group of digits.
func shapeLen(s, shape string) int {
	done := 0
	for i := range len(shape) {
		if i >= len(s) || (shape[i] == '0') != isDigit(s[i]) || (shape[i] != '0' && s[i] != shape[i]) {
			return done
		}
		if i+1 == len(shape) || shape[i+1] != '0' && shape[i] == '0' {
			done = i + 1
		}
	}
	return done
}

func clockLen(s string) int {
	n := shapeLen(s, "00:00:00")
	if n == 8 && len(s) > 9 && s[8] == '.' && isDigit(s[9]) {
		for n = 9; n < len(s) && isDigit(s[n]); n++ {
		}
	}
	return n
}

func offsetLen(s string) int {
	if strings.HasPrefix(s, "Z") {
		return 1
	}
	if s != "" && (s[0] == '+' || s[0] == '-') && shapeLen(s[1:], "00:00") == 5 {
		return 6
	}
	return 0
}

// quoted reads a string or name up to the quote that it begins with.
func (l *lexer) quoted(kind tokenKind) {
	at, quote := l.at, l.rest[0]
	end := 1
	for end < len(l.rest) && l.rest[end] != quote {
		if l.rest[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(l.rest) {
		l.fail(at, "text is not closed: expected "+string(quote))
		l.emit(kind, at, "")
		l.advance(len(l.rest))
		return
	}
	text := l.advance(end + 1)
	l.emit(kind, at, unescape(text[1:end]))
}

// unescape resolves N1's escapes. A backslash before anything else is dropped
// (N1 §4.1.2).
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			if s[i] != '\\' {
				b.WriteByte(s[i])
			}
			continue
		}
		i++
		switch s[i] {
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			r, n := unicodeEscape(s[i+1:])
			if n == 0 {
				b.WriteByte('u')
				continue
			}
			b.WriteRune(r)
			i += n
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// unicodeEscape reads the XXXX of \uXXXX, and the \uXXXX after it where the
// two are a surrogate pair. n is how many bytes it took, 0 for none.
func unicodeEscape(s string) (r rune, n int) {
	first, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(first) && len(s) >= 10 && s[4:6] == `\u` {
		if second, ok := hex4(s[6:]); ok {
			if pair := utf16.DecodeRune(first, second); pair != utf8.RuneError {
				return pair, 10
			}
		}
	}
	return first, 4
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(s[:4], 16, 16)
	return rune(v), err == nil
}

func wordLen(s string) int {
	n := 0
	for n < len(s) && (isLetter(s[n]) || n > 0 && isDigit(s[n])) {
		n++
	}
	return n
}

func numberLen(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n+1 < len(s) && s[n] == '.' && isDigit(s[n+1]) {
		for n++; n < len(s) && isDigit(s[n]); n++ {
		}
	}
	return n
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
