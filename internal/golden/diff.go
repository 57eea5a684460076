package golden

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Difference is one place where what came is not what was wanted.
type Difference struct {
	Where string // "Patient-1.name[0].family", "want.log line 3"
	Want  string // "" where nothing was wanted
	Got   string // "" where nothing came
}

// String reads as "Patient-1.gender: want "male", got nothing".
func (d Difference) String() string {
	show := func(s string) string {
		if s == "" {
			return "nothing"
		}
		return s
	}
	return d.Where + ": want " + show(d.Want) + ", got " + show(d.Got)
}

// DiffJSON compares two JSON texts by meaning: the order of members and the
// white space do not count, the order of arrays and the digits of numbers do.
func DiffJSON(want, got []byte) []Difference {
	w, err := decode(want)
	if err != nil {
		return []Difference{{Where: WantJSON, Want: "JSON", Got: err.Error()}}
	}
	g, err := decode(got)
	if err != nil {
		return []Difference{{Where: "result", Want: "JSON", Got: err.Error()}}
	}
	var out []Difference
	diffValue("", w, g, &out)
	return out
}

func decode(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // 1.00 is not 1.0
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("cannot be read as JSON: %w", err)
	}
	if d.More() {
		return nil, fmt.Errorf("more than one JSON value")
	}
	return v, nil
}

func diffValue(path string, want, got any, out *[]Difference) {
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			diffObject(path, w, g, out)
			return
		}
	case []any:
		if g, ok := got.([]any); ok {
			diffArray(path, w, g, out)
			return
		}
	default:
		if want == got {
			return
		}
	}
	*out = append(*out, Difference{place(path), text(want), text(got)})
}

func diffObject(path string, want, got map[string]any, out *[]Difference) {
	names := map[string]bool{}
	for name := range want {
		names[name] = true
	}
	for name := range got {
		names[name] = true
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	sort.Strings(sorted)
	for _, name := range sorted {
		w, inWant := want[name]
		g, inGot := got[name]
		below := strings.TrimPrefix(path+"."+name, ".")
		switch {
		case !inWant:
			*out = append(*out, Difference{Where: below, Got: text(g)})
		case !inGot:
			*out = append(*out, Difference{Where: below, Want: text(w)})
		default:
			diffValue(below, w, g, out)
		}
	}
}

func diffArray(path string, want, got []any, out *[]Difference) {
	for i := 0; i < max(len(want), len(got)); i++ {
		below := path + "[" + strconv.Itoa(i) + "]"
		switch {
		case i >= len(want):
			*out = append(*out, Difference{Where: below, Got: text(got[i])})
		case i >= len(got):
			*out = append(*out, Difference{Where: below, Want: text(want[i])})
		default:
			diffValue(below, want[i], got[i], out)
		}
	}
}

func place(path string) string {
	if path == "" {
		return "the whole"
	}
	return path
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// diffLines compares texts line by line; empty lines at the end do not count.
func diffLines(want, got string) []Difference {
	w, g := splitLines(want), splitLines(got)
	var out []Difference
	for i := 0; i < max(len(w), len(g)); i++ {
		a, b := "", ""
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			out = append(out, Difference{fmt.Sprintf("%s line %d", WantLog, i+1), a, b})
		}
	}
	return out
}

func splitLines(s string) []string {
	s = strings.TrimRight(s, "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}
