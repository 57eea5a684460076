package v2fhir

import (
	"errors"
	"strings"
	"testing"

	"handover/fhirpath"
	"handover/hl7v2"
	"handover/internal/corpus"
	"handover/transform/v2fhir/internal/cond"
	"handover/transform/v2fhir/internal/mapfile"
)

// agreement holds a compiled condition beside the FHIRPath text it came from.
type agreement struct {
	native condition
	path   *fhirpath.Expr
	text   string
	source string
	now    *context
}

// newAgreement compiles the text twice. In FHIRPath, v2() gives the texts at an
// address as seen from now: one for each repetition where they are counted.
func newAgreement(t *testing.T, text, source string) *agreement {
	t.Helper()
	e, err := cond.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	a := &agreement{native: compileCondition(e, source), text: text, source: source}
	a.path, err = fhirpath.Compile(text, fhirpath.Options{Functions: map[string]fhirpath.Function{
		"v2": {Min: 1, Max: 1, Call: a.v2},
	}})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return a
}

func (a *agreement) v2(dst, _ fhirpath.Collection, args []fhirpath.Collection) (fhirpath.Collection, error) {
	v, ok := args[0][0].Value()
	address, isString := v.(fhirpath.String)
	if !ok || !isString {
		return dst, errors.New("takes an address")
	}
	r := compileRef(string(address), a.source)
	if strings.Contains(a.text, "v2('"+string(address)+"').count()") {
		for range r.repetitions(a.now) {
			dst = append(dst, fhirpath.String("x"))
		}
		return dst, nil
	}
	if r.valued(a.now) {
		dst = append(dst, fhirpath.String(primary(r.at(a.now)).Text()))
	}
	return dst, nil
}

// agree asks both.
func (a *agreement) agree(t *testing.T, c *context) {
	t.Helper()
	a.now = c
	native := a.native(c)
	value, known, err := a.path.Bool(fhirpath.Context{Root: fhirpath.String("root")})
	if err != nil || !known || value != native {
		t.Errorf("%s: native %v, FHIRPath %v (known %v, %v)", a.text, native, value, known, err)
	}
}

func readSource(t *testing.T) map[string]*mapfile.Map {
	t.Helper()
	source, err := readMaps(mapFiles)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// Conditions stand in the maps as FHIRPath and run as Go functions. Over the
// segments of real messages both say the same.
func TestConditionsAgreeWithFHIRPath(t *testing.T) {
	bySegment := map[string][]*agreement{}
	for _, m := range readSource(t) {
		for i := range m.Rules {
			if m.Rules[i].When != "" && cond.IsSegment(m.Source) {
				bySegment[m.Source] = append(bySegment[m.Source], newAgreement(t, m.Rules[i].When, m.Source))
			}
		}
		for i := range m.Parts {
			e := &m.Parts[i]
			for _, text := range []string{e.When, e.Correct} {
				if text != "" && text != "true" {
					bySegment[e.Segment] = append(bySegment[e.Segment], newAgreement(t, text, e.Segment))
				}
			}
		}
	}
	c, n, asked := New(Config{}), 0, 0
	corpus.Each(t, func(cm corpus.Message) {
		if n++; n%25 != 0 {
			return
		}
		m, _ := hl7v2.Parse(cm.Bytes)
		if m == nil {
			return
		}
		r := newRun(c, m)
		defer r.release()
		for i := range m.Len() {
			s := m.Segment(i)
			r.see(s.Name(), s)
			r.take(s)
			for _, a := range bySegment[s.Name()] {
				a.agree(t, &context{run: r, seg: s, name: s.Name()})
				asked++
			}
		}
	})
	if asked < 1000 {
		t.Errorf("only %d conditions were asked", asked)
	}
}

// The conditions of data type maps, over made-up values.
func TestDatatypeConditionsAgreeWithFHIRPath(t *testing.T) {
	values := []string{"", "a", "1^b^ISO", "1^^UUID", "^^Internet^x", "x^^X.400^^1^2^3^4", "^^^^^30^1234567^12", "a^b^c^d^e^f^g^h^i^j^k^l^m", "=^5", "<^5^:^8", "^^^^^^M", "^^^^^^HV"}
	m, _ := hl7v2.Parse([]byte("MSH|^~\\&|A|||||||||2.5\rZZZ|" + strings.Join(values, "|") + "\r"))
	r := newRun(New(Config{}), m)
	defer r.release()
	s := m.First("ZZZ")
	for _, mp := range readSource(t) {
		for i := range mp.Rules {
			if mp.Rules[i].When == "" || cond.IsSegment(mp.Source) {
				continue
			}
			a := newAgreement(t, mp.Rules[i].When, mp.Source)
			for f := 1; f <= s.Fields(); f++ {
				a.agree(t, &context{run: r, seg: s, name: "ZZZ", value: r.cut(s.Field(f), 0)})
			}
		}
	}
}
