// Package listed reads lists of differences that are known, each with its
// reason, and says which lines no longer speak of anything: such a list can
// only shrink.
package listed

import (
	"fmt"
	"regexp"
	"strings"
)

// List is a list of patterns. In a pattern * stands for any text.
type List struct{ lines []line }

type line struct {
	text, reason string
	match        *regexp.Regexp
	used         int
}

// Parse reads lines "pattern | reason". Empty lines and those that begin with
// # say nothing.
func Parse(text string) (*List, error) {
	l := &List{}
	for i, s := range strings.Split(text, "\n") {
		s = strings.TrimSpace(s)
		if s == "" || strings.HasPrefix(s, "#") {
			continue
		}
		pattern, reason, ok := strings.Cut(s, " | ")
		if !ok || strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("line %d: no reason is given", i+1)
		}
		l.add(strings.TrimSpace(pattern), strings.TrimSpace(reason))
	}
	return l, nil
}

// Page reads a list that stands in a page of documentation: the items
// "- `pattern`, `pattern`: reason" below the heading.
func Page(page, heading string) (*List, error) {
	_, rest, found := strings.Cut(page, "\n"+heading+"\n")
	if !found {
		return nil, fmt.Errorf("the page has no heading %q", heading)
	}
	level, _, _ := strings.Cut(heading, " ")
	l := &List{}
	for s := range strings.SplitSeq(rest, "\n") {
		if hashes, _, is := strings.Cut(s, " "); is && strings.Trim(hashes, "#") == "" && hashes != "" && len(hashes) <= len(level) {
			break
		}
		if !strings.HasPrefix(s, "- `") {
			continue
		}
		patterns, reason, ok := strings.Cut(s[2:], "`: ")
		if !ok {
			return nil, fmt.Errorf("no reason is given in %q", s)
		}
		for pattern := range strings.SplitSeq(patterns, "`, `") {
			l.add(strings.Trim(pattern, "`"), reason)
		}
	}
	return l, nil
}

func (l *List) add(pattern, reason string) {
	expression := "^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$"
	l.lines = append(l.lines, line{text: pattern, reason: reason, match: regexp.MustCompile(expression)})
}

// Has reports whether a pattern speaks of the difference, and notes that it
// does; n is how often the difference occurs.
func (l *List) Has(difference string, n int) bool {
	found := false
	for i := range l.lines {
		if l.lines[i].match.MatchString(difference) {
			l.lines[i].used += n
			found = true
		}
	}
	return found
}

// Unused returns the patterns that spoke of nothing.
func (l *List) Unused() []string {
	var unused []string
	for _, s := range l.lines {
		if s.used == 0 {
			unused = append(unused, s.text)
		}
	}
	return unused
}
