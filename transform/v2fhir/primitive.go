package v2fhir

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"handover/fhir"
	"handover/hl7v2"
)

// primitive writes a value as the primitive that its element is.
func (r *run) primitive(rl *rule, v hl7v2.Value, at *spot, pos position) {
	var text string
	if rl.whole {
		text = v.Text()
	} else {
		first := primary(v)
		text = first.Text()
		r.rest(v, first, pos)
	}
	r.put(rl, text, at, pos, true)
}

// rest lists the parts of a value of which only the first has room.
func (r *run) rest(v, first hl7v2.Value, pos position) {
	if len(v.Raw()) == len(first.Raw()) {
		return
	}
	for i := 2; i <= v.Components(); i++ {
		if pos.comp == 0 && v.Component(i).IsValued() {
			r.leave(pos.down(0, i, 0), "no-room: FHIR has room for the first part only")
		}
	}
}

// put converts a text to the primitive type of the rule and writes it.
func (r *run) put(rl *rule, text string, at *spot, pos position, real bool) {
	if text == "" {
		return
	}
	json, reason := r.convert(rl, text)
	if reason != "" {
		r.leave(pos, reason)
	}
	if json != nil {
		r.scalar(rl, json, at, pos, real)
	}
}

// form is how a text becomes a primitive.
type form uint8

const (
	formCode form = iota // codes, URIs and ids
	formText
	formTime
	formTimeOfDay
	formNumber
	formBoolean
)

func formOf(typ string) form {
	switch typ {
	case "string", "markdown", "xhtml":
		return formText
	case "dateTime", "date", "instant":
		return formTime
	case "time":
		return formTimeOfDay
	case "decimal", "integer", "positiveInt", "unsignedInt":
		return formNumber
	case "boolean":
		return formBoolean
	}
	return formCode
}

// convert returns the JSON of a primitive; nil where the text is none, with the
// reason. Both are given where something was lost but a value remains.
func (r *run) convert(rl *rule, text string) (json []byte, reason string) {
	switch rl.form {
	case formText:
		return r.quote(text), ""
	case formTime:
		out, reason := r.clock.convert(text, rl.typ)
		if out == "" {
			return nil, reason
		}
		return r.quote(out), reason
	case formTimeOfDay:
		out := timeOfDay(text)
		if out == "" {
			return nil, "not-valid: not a time of day"
		}
		return r.quote(out), ""
	case formNumber:
		n := number(text)
		if n == "" || fhir.ValidPrimitive(rl.typ, n) != "" {
			return nil, "not-valid: not a number of the kind the element holds"
		}
		return r.raw(n), ""
	case formBoolean:
		if text != "true" && text != "false" {
			return nil, "no-code: not a boolean, and no table says what it means"
		}
		return r.raw(text), ""
	}
	return r.convertCode(rl, text)
}

// convertCode checks codes, URIs and ids.
func (r *run) convertCode(rl *rule, text string) ([]byte, string) {
	if strings.HasPrefix(text, "urn:") {
		var ok bool
		if text, ok = urn(text); !ok {
			return nil, "not-valid: not the OID or the UUID that it is said to be"
		}
	}
	if fhir.ValidPrimitive(rl.typ, text) != "" || rl.typ != "code" && strings.ContainsAny(text, " \t\n") {
		return nil, "not-valid: not a " + rl.typ + " as FHIR defines it"
	}
	if rl.codes != nil {
		if in, known := rl.codes.Has("", text); known && !in {
			return nil, "no-code: FHIR requires a code of its own set here, and no table leads to one"
		}
		if strings.HasSuffix(rl.codes.URL, "/mimetypes") && !strings.Contains(text, "/") {
			return nil, "no-code: not a MIME type"
		}
	}
	return r.quote(text), ""
}

// urn checks a URN of an OID or a UUID as FHIR defines these types (FHIR R4
// §2.24.0.1), which writes a UUID in small letters (RFC 4122 §3 reads both).
func urn(text string) (string, bool) {
	switch {
	case strings.HasPrefix(text, "urn:oid:"):
		return text, fhir.ValidPrimitive("oid", text) == ""
	case strings.HasPrefix(text, "urn:uuid:"):
		text = strings.ToLower(text)
		return text, fhir.ValidPrimitive("uuid", text) == ""
	}
	return text, true
}

// number brings a v2 NM (HL7 v2.9 §2A.3.46) to FHIR's form without changing a
// digit that counts: no plus sign, no leading zeros, a digit before the point.
func number(s string) string {
	s = strings.TrimSpace(s)
	s = strings.TrimPrefix(s, "+")
	sign := ""
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = "-", rest
	}
	for len(s) > 1 && s[0] == '0' && s[1] != '.' {
		s = s[1:]
	}
	if strings.HasPrefix(s, ".") {
		s = "0" + s
	}
	s = strings.TrimSuffix(s, ".")
	for i := 0; i < len(s); i++ {
		if (s[i] < '0' || s[i] > '9') && s[i] != '.' {
			return ""
		}
	}
	if s == "" {
		return ""
	}
	return sign + s
}

// scalar writes the JSON of a primitive. A constant never replaces a field.
func (r *run) scalar(rl *rule, json []byte, at *spot, pos position, real bool) {
	n := r.node(at)
	if n == nil {
		r.leave(pos, "no-room: FHIR has room for one value here")
		return
	}
	if n.text != nil {
		if !real && n.real {
			return
		}
		if n.real && string(n.text) != string(json) {
			r.leave(n.from, "replaced: another field says the same element")
		}
	}
	n.text, n.rule, n.line, n.from, n.real = json, rl.id, "", pos, real
}

// raw keeps a text as JSON that needs no quotes.
func (r *run) raw(s string) []byte {
	start := len(r.bytes)
	r.bytes = append(r.bytes, s...)
	return r.bytes[start:len(r.bytes):len(r.bytes)]
}

// quote keeps a text as a JSON string (RFC 8259 §7). Bytes that are not UTF-8
// become U+FFFD.
func (r *run) quote(s string) []byte {
	start := len(r.bytes)
	r.bytes = appendQuoted(r.bytes, s)
	return r.bytes[start:len(r.bytes):len(r.bytes)]
}

const hexDigits = "0123456789abcdef"

func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := plainLength(s); i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			b = appendEscaped(b, c)
			i++
			start = i
			continue
		}
		if size := runeLen(s[i:]); size > 0 {
			i += size
			continue
		}
		b = append(append(b, s[start:i]...), "\uFFFD"...)
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

// plainLength returns how many bytes s begins with that stand in JSON as they
// are, as far as eight at a time tell.
func plainLength(s string) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		b := []byte(s[i : i+8]) // which is not copied
		w := binary.LittleEndian.Uint64(b)
		quote, slash := w^ones*'"', w^ones*'\\'
		if (w|(w-ones*0x20)|(quote-ones)|(slash-ones))&highs != 0 {
			break
		}
	}
	return i
}

func runeLen(s string) int {
	if c, n := utf8.DecodeRuneInString(s); c != utf8.RuneError || n > 1 {
		return n
	}
	return 0
}

func appendEscaped(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
