package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// searchParameter is a SearchParameter.
type searchParameter struct {
	ID         string   `json:"id"`
	URL        string   `json:"url"`
	Code       string   `json:"code"`
	Base       []string `json:"base"`
	Type       string   `json:"type"`
	Expression string   `json:"expression"`
	Target     []string `json:"target"`
	Component  []struct {
		Definition string `json:"definition"`
		Expression string `json:"expression"`
	} `json:"component"`
}

// compartment is a CompartmentDefinition.
type compartment struct {
	Code     string `json:"code"`
	Resource []struct {
		Code  string   `json:"code"`
		Param []string `json:"param"`
	} `json:"resource"`
}

// writeSearch writes a line for each parameter and base, with the part of the
// expression that can yield something for that base.
func (p *pack) writeSearch(out *bytes.Buffer) {
	code := map[string]string{} // by canonical URL
	for _, s := range p.searches {
		code[s.URL] = s.Code
	}
	var lines []string
	for _, s := range p.searches {
		if strings.HasPrefix(s.ID, "example") {
			continue // shows how to write one, and doubles another
		}
		for _, base := range s.Base {
			line := fmt.Sprintf("search\t%s\t%s\t%s\t%s\t%s\n", base, s.Code, s.Type,
				p.targets(s.Target), dash(forBase(corrected(s.Expression), base)))
			for _, c := range s.Component {
				line += fmt.Sprintf("\t%s\t%s\n", code[c.Definition], oneLine(c.Expression))
			}
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	for _, line := range lines {
		out.WriteString(line)
	}
}

// targets joins the names; "*" stands for every resource type (the
// package's lists of all leave out Parameters, which nobody can refer to).
func (p *pack) targets(names []string) string {
	concrete := 0
	for _, s := range p.structures {
		if s.Kind == "resource" && !s.Abstract {
			concrete++
		}
	}
	if len(names) >= concrete-1 {
		return "*"
	}
	return dash(strings.Join(names, ","))
}

// forBase keeps the members of a union that begin at the base type. A union in
// which none does is kept whole.
func forBase(expression, base string) string {
	var kept []string
	for _, part := range unionParts(expression) {
		if head := strings.TrimLeft(part, "( "); strings.HasPrefix(head, base+".") {
			kept = append(kept, part)
		}
	}
	if len(kept) == 0 {
		return expression
	}
	return strings.Join(kept, " | ")
}

// unionParts splits at each "|" that stands outside parentheses and strings.
func unionParts(expression string) []string {
	var parts []string
	depth, from, quoted := 0, 0, false
	for i, c := range expression {
		switch {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth == 0:
			parts = append(parts, strings.TrimSpace(expression[from:i]))
			from = i + 1
		}
	}
	return append(parts, strings.TrimSpace(expression[from:]))
}

// corrected mends an expression that the package has wrong: hasExtension() is
// not a function of FHIRPath, nor of FHIR's additions to it.
func corrected(expression string) string {
	return hasExtension.ReplaceAllString(oneLine(expression), "extension($1).exists()")
}

var hasExtension = regexp.MustCompile(`hasExtension\(('[^']*')\)`)

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (p *pack) writeCompartments(out *bytes.Buffer) {
	slices.SortFunc(p.compartments, func(a, b compartment) int { return strings.Compare(a.Code, b.Code) })
	for _, c := range p.compartments {
		fmt.Fprintf(out, "compartment\t%s\n", c.Code)
		for _, r := range c.Resource {
			if len(r.Param) > 0 {
				fmt.Fprintf(out, "\t%s\t%s\n", r.Code, strings.Join(r.Param, ","))
			}
		}
	}
}
