package record

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"handover"
)

// Query is a search for resources of one type.
type Query struct {
	Type    string
	Where   []Condition // all must hold
	Sort    Sort
	Count   int             // of a page; 0: DefaultCount
	After   string          // Page.Next of the page before
	Total   bool            // count all matches
	AtLeast handover.Offset // what must be applied before the search
}

// Condition is one search parameter with its values, any of which will do.
type Condition struct {
	Param    string // "patient"
	Modifier string // what stood after a colon; a resource type for references
	Values   []string
}

// Sort is the order of a result.
type Sort uint8

// The orders. Each is stable: what does not change while one turns the pages is
// seen once.
const (
	SortNone    Sort = iota // the order in which resources were first seen, or last changed
	SortUpdated             // _lastUpdated, oldest first
	SortNewest              // _lastUpdated, newest first
)

var sorts = map[string]Sort{"": SortNone, "_lastUpdated": SortUpdated, "-_lastUpdated": SortNewest}

// ParseQuery reads the parameters of a FHIR search (FHIR R4 §3.1.1.3). It knows
// how parameters are written; whether the type has them, Search knows. The
// parameter _cursor carries Page.Next; _format and _pretty are the caller's and
// are passed over. Every fault is reported, each with the parameter as its
// place: Invalid for what cannot be read, Unsupported for what is not done.
func ParseQuery(resourceType string, values url.Values) (Query, error) {
	q := Query{Type: resourceType}
	var faults []error
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range values[name] {
			if err := q.add(name, v); err != nil {
				faults = append(faults, err)
			}
		}
	}
	if len(faults) == 1 {
		return q, faults[0]
	}
	if faults != nil {
		return q, &handover.Error{Op: "reading a search", Kind: handover.KindOf(faults[0]), Err: errors.Join(faults...)}
	}
	return q, nil
}

func (q *Query) add(name, v string) error {
	var ok bool
	switch name {
	case "_format", "_pretty":
	case "_cursor":
		q.After = v
	case "_count":
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return queryFault(handover.Invalid, name, "a count is a whole number that is not negative")
		}
		q.Count = n
		if n == 0 { // FHIR R4 §3.1.1.5.4: the same as _summary=count
			return queryFault(handover.Unsupported, name, "a count of 0 is not supported; ask for _total=accurate with a small page")
		}
	case "_total":
		if q.Total, ok = map[string]bool{"none": false, "estimate": true, "accurate": true}[v]; !ok {
			return queryFault(handover.Invalid, name, "it is none, estimate or accurate")
		}
	case "_sort":
		if q.Sort, ok = sorts[v]; !ok {
			return queryFault(handover.Unsupported, name, "results can be sorted by _lastUpdated and -_lastUpdated only")
		}
	default:
		param, modifier, _ := strings.Cut(name, ":")
		q.Where = append(q.Where, Condition{param, modifier, splitValues(v)})
	}
	return nil
}

// splitValues parts a value at its commas, and takes the escapes off (FHIR R4
// §3.1.1.4.1); \| and \$ keep theirs, for whoever parts further.
func splitValues(s string) []string {
	var out []string
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == ',':
			b.WriteByte(',')
			i++
		case s[i] == '\\' && i+1 < len(s):
			b.WriteString(s[i : i+2])
			i++
		case s[i] == ',':
			out = append(out, b.String())
			b.Reset()
		default:
			b.WriteByte(s[i])
		}
	}
	return append(out, b.String())
}

// cutSystem parts "system|code" at the first bar that is not escaped.
func cutSystem(s string) (system, code string, parted bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '|':
			return unescaped(s[:i]), unescaped(s[i+1:]), true
		}
	}
	return "", unescaped(s), false
}

var searchEscapes = strings.NewReplacer(`\\`, `\`, `\|`, `|`, `\$`, `$`)

func unescaped(s string) string { return searchEscapes.Replace(s) }

func queryFault(kind handover.Kind, param, what string) error {
	return &handover.Error{Op: "reading a search", Kind: kind, Where: param, Err: fmt.Errorf("%s", what)}
}
