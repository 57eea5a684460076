package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// valueSet is a ValueSet.
type valueSet struct {
	URL     string `json:"url"`
	Compose struct {
		Include []include `json:"include"`
		Exclude []include `json:"exclude"`
	} `json:"compose"`
}

type include struct {
	System   string    `json:"system"`
	ValueSet []string  `json:"valueSet"`
	Concept  []concept `json:"concept"`
	Filter   []struct {
		Property string `json:"property"`
		Op       string `json:"op"`
		Value    string `json:"value"`
	} `json:"filter"`
}

// codeSystem is a CodeSystem.
type codeSystem struct {
	URL     string    `json:"url"`
	Content string    `json:"content"`
	Concept []concept `json:"concept"`
}

type concept struct {
	Code     string    `json:"code"`
	Concept  []concept `json:"concept"`
	Property []struct {
		Code         string `json:"code"`
		ValueBoolean *bool  `json:"valueBoolean"`
	} `json:"property"`
}

// codes is an expansion: each system with its codes, in the order they come.
type codes struct {
	systems []string
	of      map[string][]string
}

func (c *codes) add(system, code string) {
	if c.of == nil {
		c.of = map[string][]string{}
	}
	if _, ok := c.of[system]; !ok {
		c.systems = append(c.systems, system)
	}
	if !slices.Contains(c.of[system], code) {
		c.of[system] = append(c.of[system], code)
	}
}

func (c *codes) remove(system, code string) {
	c.of[system] = slices.DeleteFunc(c.of[system], func(s string) bool { return s == code })
}

// writeValueSets writes each value set that is bound with strength required:
// its codes where it is a code list, else only its name.
func (p *pack) writeValueSets(out *bytes.Buffer) {
	urls := make([]string, 0, len(p.bound))
	for url := range p.bound {
		urls = append(urls, url)
	}
	slices.Sort(urls)
	for _, url := range urls {
		var c codes
		if !p.expand(url, &c, 0) {
			fmt.Fprintf(out, "valueset\t%s\topen\n", shortValueSet(url))
			continue
		}
		fmt.Fprintf(out, "valueset\t%s\tlist\n", shortValueSet(url))
		for _, system := range c.systems {
			fmt.Fprintf(out, "\t%s\t%s\n", system, strings.Join(c.of[system], "\t"))
		}
	}
}

// expand adds a value set's codes and reports whether it is a list: every
// system complete in the package, every filter one that we compute.
func (p *pack) expand(url string, c *codes, depth int) bool {
	url, _, _ = strings.Cut(url, "|")
	v, ok := p.valueSets[url]
	if !ok || depth > 5 || len(v.Compose.Include) == 0 {
		return false
	}
	for _, in := range v.Compose.Include {
		if !p.each(in, depth, c.add) {
			return false
		}
	}
	for _, ex := range v.Compose.Exclude {
		if !p.each(ex, depth, c.remove) {
			return false
		}
	}
	return true
}

func (p *pack) each(in include, depth int, do func(system, code string)) bool {
	if len(in.ValueSet) > 0 {
		return in.System == "" && len(in.ValueSet) == 1 && p.eachOfValueSet(in.ValueSet[0], depth, do)
	}
	for _, one := range in.Concept {
		do(in.System, one.Code)
	}
	if len(in.Concept) > 0 {
		return true
	}
	cs, ok := p.codeSystems[in.System]
	if !ok || cs.Content != "complete" || len(in.Filter) > 1 {
		return false
	}
	concepts := cs.Concept
	if len(in.Filter) == 1 {
		if concepts, ok = filtered(concepts, in); !ok {
			return false
		}
	}
	walk(concepts, func(one concept) { do(in.System, one.Code) })
	return true
}

func (p *pack) eachOfValueSet(url string, depth int, do func(system, code string)) bool {
	var inner codes
	if !p.expand(url, &inner, depth+1) {
		return false
	}
	for _, system := range inner.systems {
		for _, code := range inner.of[system] {
			do(system, code)
		}
	}
	return true
}

// filtered returns the concepts that an is-a filter over the nesting selects.
func filtered(concepts []concept, in include) ([]concept, bool) {
	f := in.Filter[0]
	if f.Property != "concept" || f.Op != "is-a" {
		return nil, false
	}
	var found []concept
	walk(concepts, func(one concept) {
		if one.Code == f.Value {
			found = append(found, one)
		}
	})
	return found, len(found) > 0
}

// walk visits concepts and what is nested in them. Those that are marked as
// not selectable are headings, not codes.
func walk(concepts []concept, do func(concept)) {
	for _, one := range concepts {
		heading := slices.ContainsFunc(one.Property, func(p struct {
			Code         string `json:"code"`
			ValueBoolean *bool  `json:"valueBoolean"`
		}) bool {
			return p.Code == "notSelectable" && p.ValueBoolean != nil && *p.ValueBoolean
		})
		if !heading {
			do(one)
		}
		walk(one.Concept, do)
	}
}
