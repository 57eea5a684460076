package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

const structureBase = "http://hl7.org/fhir/StructureDefinition/"

// structure is a StructureDefinition.
type structure struct {
	Name           string `json:"name"`
	Kind           string `json:"kind"`
	Abstract       bool   `json:"abstract"`
	Derivation     string `json:"derivation"`
	BaseDefinition string `json:"baseDefinition"`
	Snapshot       struct {
		Element []element `json:"element"`
	} `json:"snapshot"`
}

// element is an ElementDefinition.
type element struct {
	Path string `json:"path"`
	Base struct {
		Path string `json:"path"`
	} `json:"base"`
	Representation   []string  `json:"representation"`
	Min              int       `json:"min"`
	Max              string    `json:"max"`
	ContentReference string    `json:"contentReference"`
	Type             []typeRef `json:"type"`
	IsModifier       bool      `json:"isModifier"`
	IsSummary        bool      `json:"isSummary"`
	Binding          *struct {
		Strength string `json:"strength"`
		ValueSet string `json:"valueSet"`
	} `json:"binding"`
}

type typeRef struct {
	Code          string   `json:"code"`
	TargetProfile []string `json:"targetProfile"`
	Extension     []struct {
		URL         string `json:"url"`
		ValueURL    string `json:"valueUrl"`
		ValueString string `json:"valueString"`
	} `json:"extension"`
}

func (t typeRef) extension(name string) string {
	for _, x := range t.Extension {
		if x.URL == structureBase+name {
			return x.ValueURL + x.ValueString
		}
	}
	return ""
}

// writeTypes writes each type, bases before what is derived from them, with
// the types of its inner elements right after it.
func (p *pack) writeTypes(out *bytes.Buffer) {
	byName := map[string]structure{}
	for _, s := range p.structures {
		byName[s.Name] = s
	}
	done := map[string]bool{}
	var write func(name string)
	write = func(name string) {
		if done[name] {
			return
		}
		done[name] = true
		s := byName[name]
		base := strings.TrimPrefix(s.BaseDefinition, structureBase)
		if base != "" {
			write(base)
		}
		p.writeStructure(out, s, byName[base])
	}
	slices.SortFunc(p.structures, func(a, b structure) int { return strings.Compare(a.Name, b.Name) })
	for _, s := range p.structures {
		write(s.Name)
	}
}

// writeStructure writes one structure and its inner types. Elements that it
// has from its base as they are there are left out.
func (p *pack) writeStructure(out *bytes.Buffer, s structure, base structure) {
	kind := map[string]string{"primitive-type": "primitive", "complex-type": "complex", "resource": "resource"}[s.Kind]
	if s.Abstract {
		kind = "abstract-" + kind
	}
	inherited := map[string]string{}
	for _, e := range base.Snapshot.Element {
		if _, name, ok := strings.Cut(e.Path, "."); ok {
			inherited[name] = p.line(name, e, false)
		}
	}
	fmt.Fprintf(out, "type\t%s\t%s\t%s\t%s\n", s.Name, kind, dash(base.Name), dash(pattern(s)))
	p.writeElements(out, s, s.Name, inherited)
}

// writeElements writes the direct children of path, then the types of those
// that have children of their own.
func (p *pack) writeElements(out *bytes.Buffer, s structure, path string, inherited map[string]string) {
	var inner []element
	for _, e := range s.Snapshot.Element {
		name, ok := strings.CutPrefix(e.Path, path+".")
		if !ok || strings.Contains(name, ".") || s.Kind == "primitive-type" && name == "value" {
			continue
		}
		hasInner := slices.ContainsFunc(s.Snapshot.Element, func(o element) bool {
			return strings.HasPrefix(o.Path, e.Path+".")
		})
		if hasInner {
			inner = append(inner, e)
		}
		if line := p.line(name, e, hasInner); line != inherited[name] {
			out.WriteString(line)
		}
	}
	for _, e := range inner {
		base := e.Type[0].Code // BackboneElement or Element
		fmt.Fprintf(out, "type\t%s\tbackbone\t%s\t-\n", e.Path, base)
		p.writeElements(out, s, e.Path, p.backboneLines(base))
	}
}

// backboneLines returns the lines of what an inner type inherits.
func (p *pack) backboneLines(base string) map[string]string {
	lines := map[string]string{}
	for _, s := range p.structures {
		if s.Name != base {
			continue
		}
		for _, e := range s.Snapshot.Element {
			if _, name, ok := strings.Cut(e.Path, "."); ok {
				lines[name] = p.line(name, e, false)
			}
		}
	}
	return lines
}

// line returns the line of one element.
func (p *pack) line(name string, e element, hasInner bool) string {
	var types []string
	switch {
	case hasInner:
		types = []string{e.Path}
	case e.ContentReference != "":
		types = []string{"@" + strings.TrimPrefix(e.ContentReference, "#")}
	}
	for _, t := range e.Type {
		if len(types) == 0 || !hasInner {
			types = append(types, typeName(e, t))
		}
	}
	flags := ""
	if e.IsModifier {
		flags += "m"
	}
	if e.IsSummary {
		flags += "s"
	}
	if slices.Contains(e.Representation, "xmlAttr") {
		flags += "a"
	}
	binding := "-"
	if e.Binding != nil && e.Binding.ValueSet != "" {
		url, _, _ := strings.Cut(e.Binding.ValueSet, "|")
		binding = e.Binding.Strength + " " + shortValueSet(url)
		if e.Binding.Strength == "required" {
			p.bound[url] = true
		}
	}
	return fmt.Sprintf("\t%s\t%d..%s\t%s\t%s\t%s\n", name, e.Min, e.Max, dash(flags), strings.Join(types, "|"), binding)
}

// typeName returns a type as the file writes it, with the allowed targets.
// Corrections of the package, which calls some primitives by their FHIRPath
// names: Element.id and Extension.url are what their fhir-type extension says;
// Resource.id is an id (FHIR R4 §2.27), though the package says string.
func typeName(e element, t typeRef) string {
	code := t.Code
	if strings.HasPrefix(code, "http://hl7.org/fhirpath/") {
		if code = t.extension("structuredefinition-fhir-type"); code == "" {
			code = "string" // xhtml.id
		}
		if e.Base.Path == "Resource.id" {
			code = "id"
		}
	}
	if len(t.TargetProfile) == 0 {
		return code
	}
	var targets []string
	for _, url := range t.TargetProfile {
		targets = append(targets, strings.TrimPrefix(url, structureBase))
	}
	slices.Sort(targets)
	return code + "(" + strings.Join(targets, ",") + ")"
}

// pattern returns the regular expression of a primitive.
func pattern(s structure) string {
	for _, e := range s.Snapshot.Element {
		if s.Kind == "primitive-type" && e.Path == s.Name+".value" && len(e.Type) > 0 {
			return e.Type[0].extension("regex")
		}
	}
	return ""
}

func shortValueSet(url string) string {
	return strings.TrimPrefix(url, "http://hl7.org/fhir/ValueSet/")
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
