package oracle

import (
	"regexp"
	"strings"
)

var assignToken = regexp.MustCompile(`"[^"]*"|\+|[A-Z][A-Z0-9]{1,2}(?:[-.]\d+)+|\S`)

// assign evaluates an assignment: "literal", or references and literals joined
// by +. known is false for instructions in words.
func assign(s string, f facts) (value string, known bool) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "http") || s == "enterer" {
		return s, true
	}
	if strings.HasPrefix(s, "/") || strings.HasPrefix(s, "#") || strings.HasPrefix(s, `"#`) {
		return "", false
	}
	var b strings.Builder
	for _, t := range assignToken.FindAllString(s, -1) {
		switch {
		case t == "+":
		case strings.HasPrefix(t, `"`) && len(t) > 1:
			b.WriteString(strings.Trim(t, `"`))
		case strings.ContainsAny(t, "-.") && refParts.MatchString(t):
			if all := f.values(t); len(all) > 0 {
				b.WriteString(all[0])
			}
		default:
			return "", false
		}
	}
	return strings.TrimSpace(b.String()), true
}
