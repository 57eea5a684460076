package handover

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"handover/internal/rawjson"
)

// ComparePart orders the parts of an element: by their letters, and by their
// numbers as numbers, so that PID-2 comes before PID-13. The element as a whole
// ("") comes first. Only equal parts compare as 0.
func ComparePart(a, b string) int {
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	for same > 0 && isDigit(a[same-1]) { // a number is compared as a whole
		same--
	}
	x, y := a[same:], b[same:]
	for x != "" && y != "" {
		n, m := digits(x), digits(y)
		if n == 0 || m == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		p, q := strings.TrimLeft(x[:n], "0"), strings.TrimLeft(y[:m], "0")
		if c := cmp.Or(cmp.Compare(len(p), len(q)), strings.Compare(p, q)); c != 0 {
			return c
		}
		x, y = x[n:], y[m:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

// digits returns how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// Arrange returns, of the entries of one element, those that say something, in
// the order of their parts. Of several entries of one part the last counts. The
// paths of their origins lead into the whole that Join makes of them: an entry's
// own say "telecom[0]" for its first item, whatever comes before it.
func Arrange(entries []Element) []Element {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b Element) int { return ComparePart(a.Part, b.Part) })
	out := sorted[:0]
	for i, e := range sorted {
		if i+1 < len(sorted) && sorted[i+1].Part == e.Part || e.Removed {
			continue
		}
		out = append(out, e)
	}
	if len(out) > 1 {
		for i, places := range placesOf(out) {
			out[i].From = moved(out[i].From, out[i].JSONProperty(), places)
		}
	}
	return out
}

// placesOf returns for each part the places that its items have in the whole.
func placesOf(parts []Element) [][]int {
	out := make([][]int, len(parts))
	if allArrays(parts) {
		eachItem(parts, func(part int, _ []byte, at int, _ bool) { out[part] = append(out[part], at) })
		return out
	}
	next := 0
	for i, p := range parts {
		for range max(items(p.Value), items(p.Extra)) {
			out[i] = append(out[i], next)
			next++
		}
	}
	return out
}

// Join puts an element together from its parts, as Arrange gives them: arrays
// are put one after the other, objects merged member by member, and of anything
// else the last stands. An item that an earlier part has too, byte for byte,
// stands once: PID-3 and MRG-1 say one number. Values are JSON without white
// space. One part alone stands as it is. Join of none is an element without a
// value.
func Join(parts []Element) (property string, value, extra []byte) {
	if len(parts) == 0 {
		return "", nil, nil
	}
	property = parts[0].Property
	whole := member{value: parts[0].Value, extra: parts[0].Extra}
	if len(parts) > 1 && allArrays(parts) {
		return property, joinArrays(parts), nil
	}
	for _, p := range parts[1:] {
		whole = whole.with(member{value: p.Value, extra: p.Extra})
		property = p.Property
	}
	return property, whole.value, whole.extra
}

// joinArrays is Join of many arrays at once.
func joinArrays(parts []Element) []byte {
	size := 2
	for _, p := range parts {
		size += len(p.Value)
	}
	out := append(make([]byte, 0, size), '[')
	eachItem(parts, func(_ int, item []byte, _ int, again bool) {
		if again {
			return
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, item...)
	})
	return append(out, ']')
}

// allArrays reports whether all are lists, and not lists of primitives that have
// something in the sibling with an underscore.
func allArrays(parts []Element) bool {
	return !slices.ContainsFunc(parts, func(p Element) bool { return !isArray(p.Value) || len(p.Extra) > 0 })
}

// eachItem calls fn with each item of the arrays, the part that it is of, and
// its place in the whole; again: an earlier part has the same.
func eachItem(parts []Element, fn func(part int, item []byte, at int, again bool)) {
	var whole [][]byte
	for i, p := range parts {
		earlier := whole
		rawjson.Items(p.Value, func(item []byte) {
			at := slices.IndexFunc(earlier, func(o []byte) bool { return bytes.Equal(o, item) })
			if at >= 0 {
				fn(i, item, at, true)
				return
			}
			whole = append(whole, item)
			fn(i, item, len(whole)-1, false)
		})
	}
}

// appendItems appends the items of an array to an array that is still open.
func appendItems(b, array []byte) []byte {
	if len(array) <= 2 {
		return b
	}
	if b[len(b)-1] != '[' {
		b = append(b, ',')
	}
	return append(b, array[1:len(array)-1]...)
}

func isArray(v []byte) bool  { return len(v) > 1 && v[0] == '[' }
func isObject(v []byte) bool { return len(v) > 1 && v[0] == '{' }

// items counts the items of an array; what is none has 0.
func items(v []byte) (n int) {
	if isArray(v) {
		rawjson.Items(v, func([]byte) { n++ })
	}
	return n
}

// member is a property, and its sibling with an underscore.
type member struct {
	name         string
	value, extra []byte
}

// with returns what both say, the later one where both cannot stand.
func (m member) with(later member) member {
	out := member{name: m.name}
	switch {
	case isObject(m.value) && isObject(later.value):
		out.value = mergeObjects(m.value, later.value)
	case m.isList() && later.isList():
		n, o := max(items(m.value), items(m.extra)), max(items(later.value), items(later.extra))
		out.value = padded(m.value, n, later.value, o)
		out.extra = padded(m.extra, n, later.extra, o)
	default:
		out.value, out.extra = later.value, later.extra
	}
	return out
}

// isList: FHIR R4 JSON keeps a list of primitives in two arrays, item beside
// item, of which one may be missing (§2.6.2.3).
func (m member) isList() bool {
	return (isArray(m.value) || len(m.value) == 0) && (isArray(m.extra) || len(m.extra) == 0)
}

// padded joins two arrays that must have n and m items; null stands for what
// they do not have. Two missing arrays are a missing array.
func padded(a []byte, n int, b []byte, m int) []byte {
	if len(a) == 0 && len(b) == 0 {
		return nil
	}
	out := append(make([]byte, 0, len(a)+len(b)+8), '[')
	for _, half := range []struct {
		array []byte
		want  int
	}{{a, n}, {b, m}} {
		out = appendItems(out, half.array)
		for range half.want - items(half.array) {
			out = appendItems(out, []byte("[null]"))
		}
	}
	return append(out, ']')
}

// mergeObjects keeps the order of the members: those of a, then what only b has.
func mergeObjects(a, b []byte) []byte {
	all := pairs(a)
	for _, later := range pairs(b) {
		i := slices.IndexFunc(all, func(m member) bool { return m.name == later.name })
		if i < 0 {
			all = append(all, later)
			continue
		}
		all[i] = all[i].with(later)
	}
	out := append(make([]byte, 0, len(a)+len(b)), '{')
	for _, m := range all {
		out = appendMember(out, "", m.name, m.value)
		out = appendMember(out, "_", m.name, m.extra)
	}
	return append(out, '}')
}

func pairs(object []byte) (out []member) {
	rawjson.Members(object, func(name, value []byte) {
		bare, isExtra := strings.CutPrefix(string(name), "_")
		i := slices.IndexFunc(out, func(m member) bool { return m.name == bare })
		if i < 0 {
			i = len(out)
			out = append(out, member{name: bare})
		}
		if isExtra {
			out[i].extra = value
		} else {
			out[i].value = value
		}
	})
	return out
}

func appendMember(b []byte, prefix, name string, value []byte) []byte {
	if len(value) == 0 {
		return b
	}
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(append(append(append(b, '"'), prefix...), name...), '"', ':')
	return append(b, value...)
}

// moved returns the origins with the first index of their paths replaced by the
// place in the whole that the item with that index has.
func moved(from []Origin, property string, places []int) []Origin {
	out := slices.Clone(from)
	for i, o := range out {
		rest, ok := strings.CutPrefix(o.Path, property+"[")
		number, after, closed := strings.Cut(rest, "]")
		n, err := strconv.Atoi(number)
		if ok && closed && err == nil && n >= 0 && n < len(places) {
			out[i].Path = property + "[" + strconv.Itoa(places[n]) + "]" + after
		}
	}
	return out
}
