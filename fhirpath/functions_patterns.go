package fhirpath

import (
	"errors"
	"regexp"
	"strings"
)

// patternFunctions are the functions of regular expressions: N1 §5.6.9 and
// §5.6.10, and matchesFull() of the later ballot. Patterns are RE2: they take
// time in proportion to the text, whatever the pattern, and so have no look
// around and no back references within a pattern; '.' matches newlines too.
var patternFunctions = map[string]*builtin{
	"matches":        {min: 1, max: 1, prepare: preparePattern, run: runMatches},
	"matchesFull":    {min: 1, max: 1, prepare: preparePattern, run: runMatches},
	"replaceMatches": {min: 2, max: 2, prepare: preparePattern, run: runReplaceMatches},
}

// maxPattern bounds a pattern's bytes.
const maxPattern = 4 << 10

var errPattern = errors.New("pattern is not a regular expression that can be used here (RE2: no look-around, no back references)")

func compilePattern(name, pattern string) (*regexp.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, errPattern
	}
	if name == "matchesFull" {
		pattern = `\A(?:` + pattern + `)\z`
	}
	re, err := regexp.Compile("(?s)" + pattern)
	if err != nil {
		return nil, errPattern // the cause would repeat the pattern
	}
	return re, nil
}

// preparePattern compiles a pattern that is a literal.
func preparePattern(c *call) error {
	l, ok := c.args[0].(*literal)
	if !ok {
		return nil
	}
	s, ok := l.value.(String)
	if !ok {
		return nil
	}
	re, err := compilePattern(c.name, string(s))
	if err == nil {
		c.prepared = re
	}
	return err
}

// pattern is the compiled first argument; nil where it is empty.
func (ev *evaluation) pattern(c *call, sc scope) (*regexp.Regexp, error) {
	if re, ok := c.prepared.(*regexp.Regexp); ok {
		return re, nil
	}
	text, known, err := evalString(ev, c.args[0], sc)
	if !known || err != nil {
		return nil, err
	}
	key := c.name + " " + text
	if re := ev.regexps[key]; re != nil {
		return re, nil
	}
	re, err := compilePattern(c.name, text)
	if err != nil {
		return nil, locate(c.args[0].at(), c.name, err)
	}
	if ev.regexps == nil {
		ev.regexps = map[string]*regexp.Regexp{}
	}
	ev.regexps[key] = re
	return re, ev.spend(c.pos, 100+len(text))
}

func runMatches(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	s, ok, err := textInput(ev, c, in)
	if err != nil {
		return dst, err
	}
	re, err := ev.pattern(c, sc)
	if !ok || re == nil || err != nil {
		return dst, err
	}
	return append(dst, Boolean(re.MatchString(s))), nil
}

func runReplaceMatches(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	s, ok, err := textInput(ev, c, in)
	if err != nil {
		return dst, err
	}
	re, err := ev.pattern(c, sc)
	if err != nil {
		return dst, err
	}
	with, known, err := evalString(ev, c.args[1], sc)
	if !ok || re == nil || !known || err != nil {
		return dst, err
	}
	if re.String() == "(?s)" { // an empty pattern changes nothing
		return append(dst, String(s)), nil
	}
	text, err := ev.replaceMatches(c.pos, re, s, template(with))
	return append(dst, String(text)), err
}

// replaceMatches is ReplaceAllString with a bound on what it makes.
func (ev *evaluation) replaceMatches(p pos, re *regexp.Regexp, s, with string) (string, error) {
	var out []byte
	done := 0
	for _, m := range re.FindAllStringSubmatchIndex(s, -1) {
		out = append(out, s[done:m[0]]...)
		out = re.ExpandString(out, with, s, m)
		done = m[1]
		if len(out) > maxText {
			break
		}
	}
	out = append(out, s[done:]...)
	return string(out), ev.checkText(p, len(out))
}

var groupNumber = regexp.MustCompile(`\$([0-9]+)`)

// template turns $1 into ${1}, since RE2 would read $1x as a group named 1x.
func template(with string) string {
	if !strings.Contains(with, "$") {
		return with
	}
	return groupNumber.ReplaceAllString(with, "$${$1}")
}
