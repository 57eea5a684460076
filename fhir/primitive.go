package fhir

import (
	"strconv"
	"strings"
)

// primitive is which primitive type it is.
type primitive uint8

const (
	notPrimitive primitive = iota
	primBase64
	primBoolean
	primCanonical
	primCode
	primDate
	primDateTime
	primDecimal
	primID
	primInstant
	primInteger
	primMarkdown
	primOID
	primPositiveInt
	primString
	primTime
	primUnsignedInt
	primURI
	primURL
	primUUID
	primXHTML
)

var primitiveNames = map[string]primitive{
	"base64Binary": primBase64, "boolean": primBoolean, "canonical": primCanonical, "code": primCode,
	"date": primDate, "dateTime": primDateTime, "decimal": primDecimal, "id": primID,
	"instant": primInstant, "integer": primInteger, "markdown": primMarkdown, "oid": primOID,
	"positiveInt": primPositiveInt, "string": primString, "time": primTime,
	"unsignedInt": primUnsignedInt, "uri": primURI, "url": primURL, "uuid": primUUID, "xhtml": primXHTML,
}

// jsonKind is how JSON writes the primitive (FHIR R4 §2.6.2.3).
func (p primitive) jsonKind() nodeKind {
	switch p {
	case primBoolean:
		return kindBool
	case primDecimal, primInteger, primPositiveInt, primUnsignedInt:
		return kindNumber
	default:
		return kindString
	}
}

// MaxString is the longest string in bytes (FHIR R4 §2.24.0.1): 1 MB. It binds
// string and markdown; base64Binary and xhtml have no limit of their own.
const MaxString = 1 << 20

// ValidPrimitive says what is wrong with the text of a primitive of that type
// ("date", "code" ...), "" where it is right. Numbers and booleans are given as
// JSON writes them. The answer names the rule and never the text.
func ValidPrimitive(typeName, text string) string {
	p, ok := primitiveNames[typeName]
	if !ok {
		return "there is no primitive type of that name"
	}
	return p.check(text)
}

// check says what is wrong with the text, "" where it is right. It is
// hand-written, being on the way of every value; a test holds it against the
// package's regular expressions.
func (p primitive) check(s string) string {
	if s == "" {
		return "must not be empty: leave the property out"
	}
	switch p {
	case primString, primMarkdown:
		return checkString(s)
	case primCode:
		return checkCode(s)
	case primURI, primURL, primCanonical:
		return checkURI(s)
	case primID:
		return checkID(s)
	case primDate, primDateTime, primInstant:
		return checkTemporal(p, s)
	case primTime:
		if n := scanTime(s); n != len(s) {
			return "must be a time as hh:mm:ss, with optional fraction and no offset"
		}
	case primBoolean:
		if s != "true" && s != "false" {
			return "must be true or false"
		}
	case primDecimal:
		return checkDecimal(s)
	case primInteger, primPositiveInt, primUnsignedInt:
		return checkInteger(p, s)
	case primOID:
		if !isOID(s) {
			return "must be an OID as urn:oid:1.2.3, no number with a leading zero"
		}
	case primUUID:
		if !isUUID(s) {
			return "must be a UUID as urn:uuid: and 8-4-4-4-12 lower-case hexadecimal digits"
		}
	case primBase64:
		return checkBase64(s)
	case primXHTML:
		return checkXHTML(s)
	}
	return ""
}

func checkString(s string) string {
	if len(s) > MaxString {
		return "is longer than 1 MB"
	}
	blank := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return "must hold no control characters but tab, line feed and carriage return"
		}
		blank = blank && isSpace(c)
	}
	if blank {
		return "must hold more than white space"
	}
	return ""
}

func checkCode(s string) string {
	space := true // so that a leading one is wrong
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < ' ' && !isSpace(c) || isSpace(c) && space:
			return "must be a code: no control characters, no leading, trailing or doubled white space"
		default:
			space = isSpace(c)
		}
	}
	if space {
		return "must be a code: no control characters, no leading, trailing or doubled white space"
	}
	return ""
}

func checkURI(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' {
			return "must be a URI: no white space"
		}
	}
	return ""
}

func checkID(s string) string {
	if len(s) > 64 {
		return "must be an id of at most 64 characters"
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isAlnum(c) && c != '-' && c != '.' {
			return "must be an id: letters A-Z a-z, digits, '-' and '.' only"
		}
	}
	return ""
}

// maxExponent bounds a decimal's exponent, which FHIR does not; a number
// beyond it is no measurement but an attack on who computes with it.
const maxExponent = 400

func checkDecimal(s string) string {
	if !isJSONNumber(s) {
		return "must be a decimal number as JSON writes it"
	}
	if e := strings.IndexAny(s, "eE"); e >= 0 {
		if n, err := strconv.Atoi(s[e+1:]); err != nil || n > maxExponent || n < -maxExponent {
			return "has an exponent beyond 400"
		}
	}
	return ""
}

// isJSONNumber is RFC 8259 §6, which is also FHIR's form of a decimal.
func isJSONNumber(s string) bool {
	i := scanByte(s, 0, '-')
	whole := scanDigits(s, i)
	if whole == i || s[i] == '0' && whole > i+1 {
		return false
	}
	i = whole
	if i < len(s) && s[i] == '.' {
		from := i + 1
		if i = scanDigits(s, from); i == from {
			return false
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		from := i + 1
		if from < len(s) && (s[from] == '+' || s[from] == '-') {
			from++
		}
		if i = scanDigits(s, from); i == from {
			return false
		}
	}
	return i == len(s)
}

func checkInteger(p primitive, s string) string {
	want := map[primitive]string{
		primInteger:     "must be a whole number from -2147483648 to 2147483647",
		primPositiveInt: "must be a whole number from 1 to 2147483647",
		primUnsignedInt: "must be a whole number from 0 to 2147483647",
	}
	i := scanByte(s, 0, '-')
	if i == len(s) || scanDigits(s, i) != len(s) || s[i] == '0' && len(s) > i+1 {
		return want[p]
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || p != primInteger && (n < 0 || s[0] == '-') || p == primPositiveInt && n == 0 {
		return want[p]
	}
	return ""
}

// checkBase64 allows white space between groups of four, as R4 does.
func checkBase64(s string) string {
	const want = "must be base64: groups of four of A-Z a-z 0-9 + /, with = only at the end"
	n, pad := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isSpace(c):
			if n%4 != 0 {
				return want
			}
		case c == '=':
			n++
			pad++
		case pad > 0 || !isAlnum(c) && c != '+' && c != '/':
			return want
		default:
			n++
		}
	}
	if n == 0 || n%4 != 0 || pad > 2 {
		return want
	}
	return ""
}

// checkXHTML looks only at the frame; what is inside belongs to validation.
func checkXHTML(s string) string {
	i := 0
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	if len(s) < i+5 || s[i:i+4] != "<div" || s[i+4] != '>' && s[i+4] != '/' && !isSpace(s[i+4]) {
		return "must be XHTML in one div element"
	}
	return ""
}

func isOID(s string) bool {
	const prefix = "urn:oid:"
	if len(s) < len(prefix)+3 || s[:len(prefix)] != prefix || s[len(prefix)] < '0' || s[len(prefix)] > '2' {
		return false
	}
	for i := len(prefix) + 1; i < len(s); {
		if s[i] != '.' {
			return false
		}
		from := i + 1
		if i = scanDigits(s, from); i == from || s[from] == '0' && i > from+1 {
			return false
		}
	}
	return true
}

func isUUID(s string) bool {
	const prefix = "urn:uuid:"
	if len(s) != len(prefix)+36 || s[:len(prefix)] != prefix {
		return false
	}
	for i, c := range []byte(s[len(prefix):]) {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

func scanByte(s string, i int, c byte) int {
	if i < len(s) && s[i] == c {
		return i + 1
	}
	return i
}

func scanDigits(s string, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlnum(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
