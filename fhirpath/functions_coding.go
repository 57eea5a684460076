package fhirpath

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"strings"
)

// codingFunctions are encode(), decode(), escape() and unescape() of the later
// ballot. What cannot be decoded yields nothing.
var codingFunctions = map[string]*builtin{
	"encode":   recoding(encoders, "base64, urlbase64 or hex"),
	"decode":   recoding(decoders, "base64, urlbase64 or hex"),
	"escape":   recoding(escapers, "html or json"),
	"unescape": recoding(unescapers, "html or json"),
}

type recoder func(s string) (string, bool)

var encoders = map[string]recoder{
	"base64":    func(s string) (string, bool) { return base64.StdEncoding.EncodeToString([]byte(s)), true },
	"urlbase64": func(s string) (string, bool) { return base64.URLEncoding.EncodeToString([]byte(s)), true },
	"hex":       func(s string) (string, bool) { return hex.EncodeToString([]byte(s)), true },
}

var decoders = map[string]recoder{
	"base64": func(s string) (string, bool) {
		b, err := base64.StdEncoding.DecodeString(s)
		return string(b), err == nil
	},
	"urlbase64": func(s string) (string, bool) {
		b, err := base64.URLEncoding.DecodeString(s)
		return string(b), err == nil
	},
	"hex": func(s string) (string, bool) { b, err := hex.DecodeString(s); return string(b), err == nil },
}

var htmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

var escapers = map[string]recoder{
	"html": func(s string) (string, bool) { return htmlEscaper.Replace(s), true },
	"json": escapeJSON,
}

var unescapers = map[string]recoder{
	"html": func(s string) (string, bool) { return html.UnescapeString(s), true },
	"json": unescapeJSON,
}

func escapeJSON(s string) (string, bool) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return "", false
	}
	quoted := strings.TrimSuffix(b.String(), "\n")
	return quoted[1 : len(quoted)-1], true
}

// unescapeJSON resolves JSON's escapes; a quote needs none here.
func unescapeJSON(s string) (string, bool) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i+1 == len(s) {
			b.WriteString(s)
			return b.String(), i < 0
		}
		b.WriteString(s[:i])
		n := 2
		if s[i+1] == 'u' {
			r, size := unicodeEscape(s[i+2:])
			if size == 0 {
				return "", false
			}
			b.WriteRune(r)
			n += size
		} else if at := strings.IndexByte(`"\/bfnrt`, s[i+1]); at >= 0 {
			b.WriteByte("\"\\/\b\f\n\r\t"[at])
		} else {
			return "", false
		}
		s = s[i+n:]
	}
}

func recoding(by map[string]recoder, names string) *builtin {
	return &builtin{min: 1, max: 1, run: func(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
		s, ok, err := textInput(ev, c, in)
		if err != nil {
			return dst, err
		}
		format, known, err := evalString(ev, c.args[0], sc)
		if !ok || !known || err != nil {
			return dst, err
		}
		f := by[format]
		if f == nil {
			return dst, c.args[0].at().errorf("%s() knows %s", c.name, names)
		}
		text, ok := f(s)
		if !ok {
			return dst, nil
		}
		return append(dst, String(text)), ev.checkText(c.pos, len(text))
	}}
}
