package fhirpath

import (
	"strings"
	"unicode/utf8"
)

// stringFunctions are N1 §5.6 without the ones of regular expressions, and of
// the later ballot lastIndexOf(), trim(), split() and join(). Positions and
// lengths count characters.
var stringFunctions = map[string]*builtin{
	"indexOf":     onTexts(func(s, sub string) Value { return characterIndex(s, strings.Index(s, sub)) }),
	"lastIndexOf": onTexts(func(s, sub string) Value { return characterIndex(s, strings.LastIndex(s, sub)) }),
	"startsWith":  onTexts(func(s, prefix string) Value { return Boolean(strings.HasPrefix(s, prefix)) }),
	"endsWith":    onTexts(func(s, suffix string) Value { return Boolean(strings.HasSuffix(s, suffix)) }),
	"contains":    onTexts(func(s, sub string) Value { return Boolean(strings.Contains(s, sub)) }),
	"upper":       onText(func(s string) Value { return String(strings.ToUpper(s)) }),
	"lower":       onText(func(s string) Value { return String(strings.ToLower(s)) }),
	"trim":        onText(func(s string) Value { return String(strings.TrimSpace(s)) }),
	"length":      onText(func(s string) Value { return Integer(utf8.RuneCountInString(s)) }),
	"substring":   {min: 1, max: 2, run: runSubstring},
	"replace":     {min: 2, max: 2, run: runReplace},
	"toChars":     {run: runToChars},
	"split":       {min: 1, max: 1, run: runSplit},
	"join":        {max: 1, run: runJoin},
}

// characterIndex turns a place in bytes into one in characters; -1 stays.
func characterIndex(s string, i int) Integer {
	if i < 0 {
		return -1
	}
	return Integer(utf8.RuneCountInString(s[:i]))
}

// runSubstring yields nothing where start lies outside of the string.
func runSubstring(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	s, ok, err := textInput(ev, c, in)
	if !ok || err != nil {
		return dst, err
	}
	start, known, err := evalInteger(ev, c.args[0], sc)
	if err != nil || !known || start < 0 {
		return dst, err
	}
	from, ok := byteIndex(s, start)
	if !ok || from == len(s) {
		return dst, nil
	}
	s = s[from:]
	if len(c.args) > 1 {
		n, known, err := evalInteger(ev, c.args[1], sc)
		if err != nil {
			return dst, err
		}
		if to, ok := byteIndex(s, max(n, 0)); known && ok {
			s = s[:to]
		}
	}
	return append(dst, String(s)), nil
}

// byteIndex turns a place in characters into one in bytes; false where s has
// fewer.
func byteIndex(s string, n int) (int, bool) {
	i := 0
	for ; n > 0; n-- {
		if i >= len(s) {
			return 0, false
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return i, true
}

func runReplace(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	s, ok, err := textInput(ev, c, in)
	if err != nil {
		return dst, err
	}
	pattern, known, err := evalString(ev, c.args[0], sc)
	if err != nil {
		return dst, err
	}
	with, given, err := evalString(ev, c.args[1], sc)
	if !ok || !known || !given || err != nil {
		return dst, err
	}
	n := strings.Count(s, pattern) // for '' one more than the characters
	if err := ev.checkText(c.pos, len(s)+n*max(len(with)-len(pattern), 0)); err != nil {
		return dst, err
	}
	return append(dst, String(strings.ReplaceAll(s, pattern, with))), ev.spend(c.pos, n)
}

func runToChars(ev *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
	s, ok, err := textInput(ev, c, in)
	if !ok || err != nil {
		return dst, err
	}
	for _, r := range s {
		dst = append(dst, String(r))
	}
	return dst, ev.spend(c.pos, len(s))
}

func runSplit(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	s, ok, err := textInput(ev, c, in)
	if err != nil {
		return dst, err
	}
	separator, known, err := evalString(ev, c.args[0], sc)
	if !ok || !known || err != nil {
		return dst, err
	}
	for piece := range strings.SplitSeq(s, separator) {
		dst = append(dst, String(piece))
	}
	return dst, ev.spend(c.pos, len(s))
}

// runJoin joins all Strings of its input; of none it makes nothing.
func runJoin(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	separator := ""
	if len(c.args) > 0 {
		var err error
		if separator, _, err = evalString(ev, c.args[0], sc); err != nil {
			return dst, err
		}
	}
	if len(in) == 0 {
		return dst, nil
	}
	var b strings.Builder
	for i, n := range in {
		v, _ := n.Value()
		s, ok := v.(String)
		if !ok {
			return dst, c.errorf("join() works on Strings, got %s", n.Type())
		}
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(string(s))
		if b.Len() > maxText {
			break
		}
	}
	return append(dst, String(b.String())), ev.checkText(c.pos, b.Len())
}
