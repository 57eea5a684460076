package hl7v2_test

import (
	"testing"

	"handover/hl7v2"
)

func TestUnescape(t *testing.T) {
	d := hl7v2.Recommended
	for value, want := range map[string]string{
		``:                             ``,
		`plain`:                        `plain`,
		`a\F\b\S\c\T\d\R\e\E\f`:        `a|b^c&d~e\f`,
		`\P\`:                          `#`,
		`\X41\\X4243\`:                 `ABC`,
		`\Xc3A4\`:                      `ä`,
		`\XC3\\XA4\`:                   `ä`,
		`\X0D0A\`:                      "\r\n",
		`one\.br\two\.BR\three`:        "one\ntwo\nthree",
		`a\.sp\b\.sp2\c\.sp 1\d`:       "a\nb\n\nc\nd",
		`a\.sk3\b\.ce\c`:               "a   b\nc",
		`\.in+4\a\.ti-2\b\.fi\c\.nf\d`: `abcd`,
		`\H\loud\N\ soft`:              `loud soft`,
		`\Z12ab\`:                      `\Z12ab\`,
		`\f\`:                          `\f\`,
		`\\`:                           `\\`,
		`C:\temp`:                      `C:\temp`,
		`open\`:                        `open\`,
		`\X\ \X4\ \XG0\ \Xabc\`:        `\X\ \X4\ \XG0\ \Xabc\`,
		`\.sk0\ \.sk-1\ \.sp99999\`:    `\.sk0\ \.sk-1\ \.sp99999\`,
		`\.in\ \.br5\ \.\ \.zz\`:       `\.in\ \.br5\ \.\ \.zz\`,
		`not\closed^but\T\this`:        `not\closed^but&this`,
	} {
		if got := hl7v2.Unescape(value, d); got != want {
			t.Errorf("%s is %q, want %q", value, got, want)
		}
	}
}

func TestUnescapeWithOtherDelimiters(t *testing.T) {
	d := hl7v2.Delimiters{Field: '%', Component: '!', Repetition: '*', Escape: '/', Subcomponent: '?', Truncation: '@'}
	if got := hl7v2.Unescape(`a/F/b/S/c/T/d/R/e/E/f/P/g\F\`, d); got != `a%b!c?d*e/f@g\F\` {
		t.Errorf("got %q", got)
	}
	d.Subcomponent = 0
	if got := hl7v2.Unescape(`a/T/b`, d); got != `a&b` {
		t.Errorf("a delimiter that is not declared is %q", got)
	}
	if got := hl7v2.Unescape(`a\T\b`, hl7v2.Delimiters{Field: '|'}); got != `a\T\b` {
		t.Errorf("without an escape character: %q", got)
	}
}

func TestEscape(t *testing.T) {
	d := hl7v2.Recommended
	for text, want := range map[string]string{
		``:            ``,
		`plain ä`:     `plain ä`,
		`a|b^c&d~e\f`: `a\F\b\S\c\T\d\R\e\E\f`,
		`#`:           `#`,
		"a\nb\tc":     "a\\.br\\b\tc",
		"a\r\nb\x00":  `a\X0D\\.br\b\X00\`,
		"\x1b\x1c":    `\X1B\\X1C\`,
		`""`:          `\X22\"`,
		`"`:           `"`,
		`"""`:         `"""`,
	} {
		if got := hl7v2.Escape(text, d); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	d.Truncation = '#'
	if got := hl7v2.Escape("#", d); got != `\P\` {
		t.Errorf("the truncation character is %s", got)
	}
}

func TestTextOfAMessageIsUnescaped(t *testing.T) {
	m := parse(t, head+"\rOBX|1|FT|||one\\.br\\two\\T\\three~\\X41\\^b\\S\\c&d\\F\\e")
	for addr, want := range map[string]string{
		"OBX-5[1]": "one\ntwo&three", "OBX-5[2].1": "A", "OBX-5[2].2.1": "b^c", "OBX-5[2].2.2": "d|e",
	} {
		if got := m.Get(addr).Text(); got != want {
			t.Errorf("%s is %q, want %q", addr, got, want)
		}
	}
}

func TestEscapeEndsAtSeparator(t *testing.T) {
	m := parse(t, head+"\rOBX|1|FT|||a\\b^c\\d")
	if got := m.Get("OBX-5").Text(); got != "a\\b^c\\d" {
		t.Errorf("the whole field is %q", got)
	}
	if got := m.Get("OBX-5.1").Text() + m.Get("OBX-5.2").Text(); got != "a\\bc\\d" {
		t.Errorf("its components are %q", got)
	}
}
