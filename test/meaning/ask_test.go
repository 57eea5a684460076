package meaning

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"handover"
	"handover/fhir"
	"handover/fhirpath"
	"handover/record"
)

// asking answers a story's questions of the record. Ids read Patient/1,
// Patient/2 ... in the order in which the story made them.
type asking struct {
	h     *hospital
	names map[string]string // "Patient/<id>" → "Patient/1"
	ids   map[string]string // the other way
	nodes map[string]fhirpath.Node
	types map[string]fhirpath.Collection
}

func (h *hospital) asking() *asking {
	a := &asking{h: h, names: map[string]string{}, ids: map[string]string{},
		nodes: map[string]fhirpath.Node{}, types: map[string]fhirpath.Collection{}}
	list, counts := h.resources(), map[string]int{}
	for _, v := range list {
		counts[v.Type]++
		name := fmt.Sprintf("%s/%d", v.Type, counts[v.Type])
		a.names[v.Type+"/"+v.ID], a.ids[name] = name, v.ID
	}
	for _, v := range list {
		name := a.names[v.Type+"/"+v.ID]
		text := localID.ReplaceAllStringFunc(string(v.Content), func(s string) string {
			return `"` + a.name(strings.Trim(s, `"`)) + `"`
		})
		text = strings.Replace(text, `"id":"`+v.ID+`"`, `"id":"`+strings.TrimPrefix(name, v.Type+"/")+`"`, 1)
		r, problems := fhir.Parse([]byte(text))
		if r == nil || len(problems) > 0 {
			h.t.Errorf("%s is not FHIR: %v", name, problems)
			continue
		}
		a.nodes[name] = r.Root()
		a.types[v.Type] = append(a.types[v.Type], r.Root())
	}
	return a
}

// name returns how the story calls a resource; one that was never written keeps
// no name.
func (a *asking) name(ref string) string {
	if n := a.names[ref]; n != "" {
		return n
	}
	typ, _, _ := strings.Cut(ref, "/")
	return typ + "/unwritten"
}

// answers returns want.json with the answers as they are, in the order of the
// questions: an expression over the variables %Patient, %Encounter ..., each
// all resources of the type; "lineage Patient/1 name"; or a search, "GET
// Observation?patient=Patient/1".
func (h *hospital) answers(story *txtar.Archive) []byte {
	h.t.Helper()
	var questions []string
	for _, f := range story.Files {
		if f.Name == "want.json" {
			questions = h.questions(f.Data)
		}
	}
	a := h.asking()
	var b bytes.Buffer
	b.WriteString("{\n")
	for i, q := range questions {
		list, err := a.ask(q)
		if err != nil {
			h.t.Errorf("want.json: %s: %v", q, err)
		}
		b.WriteString("  " + encode(q) + ": ")
		if len(list) == 1 {
			b.WriteString(list[0])
		} else {
			b.WriteString("[" + strings.Join(list, ", ") + "]")
		}
		if i+1 < len(questions) {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// questions returns the keys of an object in order.
func (h *hospital) questions(data []byte) (out []string) {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		h.t.Fatalf("want.json: %v", err)
	}
	for d.More() {
		key, err := d.Token()
		var skipped json.RawMessage
		if err == nil {
			err = d.Decode(&skipped)
		}
		if err != nil {
			h.t.Fatalf("want.json: %v", err)
		}
		out = append(out, key.(string))
	}
	return out
}

// ask answers one question by JSON texts.
func (a *asking) ask(q string) ([]string, error) {
	if rest, ok := strings.CutPrefix(q, "lineage "); ok {
		name, element, _ := strings.Cut(rest, " ")
		return a.lineage(name, element)
	}
	if rest, ok := strings.CutPrefix(q, "GET "); ok {
		return a.search(rest)
	}
	return a.path(q)
}

var variable = regexp.MustCompile(`%([A-Z]\w+)`)

func (a *asking) path(q string) ([]string, error) {
	e, err := fhirpath.Compile(q, fhirpath.Options{Model: fhir.Model()})
	if err != nil {
		return nil, err
	}
	c := fhirpath.Context{Variables: map[string]fhirpath.Collection{}, Resolve: func(reference string) (fhirpath.Node, error) {
		return a.nodes[reference], nil
	}}
	for _, m := range variable.FindAllStringSubmatch(q, -1) {
		c.Variables[m[1]] = a.types[m[1]]
	}
	found, err := e.Evaluate(c)
	var out []string
	for _, n := range found {
		out = append(out, textOf(n))
	}
	return out, err
}

// textOf writes a result as JSON.
func textOf(n fhirpath.Node) string {
	if f, ok := n.(*fhir.Node); ok {
		return string(f.AppendJSON(nil))
	}
	v, ok := n.Value()
	if !ok {
		return "null"
	}
	switch v.Type().Name {
	case "Boolean", "Integer", "Decimal":
		return v.Text()
	}
	return encode(v.Text())
}

func encode(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

// lineage tells the message, field and rule of each part of an element.
func (a *asking) lineage(name, element string) ([]string, error) {
	typ, _, _ := strings.Cut(name, "/")
	l, err := a.h.record.Lineage(context.Background(), handover.Everything(handover.Engine), 0, typ, a.ids[name], 0)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range l.Elements {
		if e.Element != element {
			continue
		}
		for _, o := range e.Origins {
			what := element
			if o.Path != "" {
				what = o.Path
			}
			out = append(out, encode(fmt.Sprintf("%s: %s %s by %s", what, a.messageAt(e.Message), o.Field, o.Rule)))
		}
	}
	return out, nil
}

func (a *asking) messageAt(o handover.Offset) string {
	for _, said := range a.h.heard {
		if said.offset == o {
			return said.name
		}
	}
	return "no message"
}

// search lists what a search finds, by the story's names.
func (a *asking) search(q string) ([]string, error) {
	typ, query, _ := strings.Cut(q, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	for param, list := range values {
		for i, v := range list {
			if id := a.ids[v]; id != "" {
				values[param][i] = strings.SplitN(v, "/", 2)[0] + "/" + id
			}
		}
	}
	parsed, err := record.ParseQuery(typ, values)
	if err != nil {
		return nil, err
	}
	page, err := a.h.record.Search(context.Background(), handover.Everything(handover.Engine), parsed)
	var out []string
	for _, v := range page.Resources {
		out = append(out, encode(a.name(v.Type+"/"+v.ID)))
	}
	return out, err
}
