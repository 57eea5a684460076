package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// across checks what no file can know alone: names that refer to other files,
// listeners that collide, owners that contradict, routes that are never
// reached.
func (s *Site) across(problems *Problems) {
	add := func(file string, line int, format string, args ...any) {
		*problems = append(*problems, Problem{file, line, fmt.Sprintf(format, args...)})
	}
	s.checkSources(add)
	s.checkRoutes(add)
	s.checkOwners(add)
	s.checkPrecedence(add)
}

type addFunc func(file string, line int, format string, args ...any)

func (s *Site) checkSources(add addFunc) {
	listeners, names := map[string]string{s.HTTP: "handover.yaml (http)"}, map[string]string{}
	for _, src := range s.Sources {
		if first, ok := names[src.Name]; ok && src.Name != "" {
			add(src.file, src.line, "source %q is already in %s", src.Name, first)
		}
		names[src.Name] = src.file
		if src.Listen == nil {
			continue
		}
		where := src.Listen.Host
		if src.Listen.Scheme == "file" {
			where = src.Listen.Path
		}
		if first, ok := listeners[where]; ok {
			add(src.file, src.line, "%s is already used by %s; give each source its own", where, first)
			continue
		}
		listeners[where] = src.file
	}
}

func (s *Site) checkRoutes(add addFunc) {
	routed, names := map[string]bool{}, map[string]string{}
	for _, r := range s.Routes {
		if first, ok := names[r.Name]; ok && r.Name != "" {
			add(r.file, r.line, "route %q is already in %s", r.Name, first)
		}
		names[r.Name] = r.file
		for _, from := range r.From {
			routed[from] = true
			if s.Source(from) == nil {
				add(r.file, r.line, "no source is named %q; sources are: %s", from, s.sourceNames())
			}
		}
	}
	for _, src := range s.Sources {
		if !routed[src.Name] {
			add(src.file, src.line, "no route takes messages of %q; each would wait for a decision", src.Name)
		}
	}
}

func (s *Site) sourceNames() string {
	if len(s.Sources) == 0 {
		return "none yet"
	}
	var names []string
	for _, src := range s.Sources {
		names = append(names, src.Name)
	}
	return strings.Join(names, ", ")
}

// checkOwners finds two owners of one thing that nothing ranks.
func (s *Site) checkOwners(add addFunc) {
	owners := map[string][]Source{}
	for _, src := range s.Sources {
		for _, what := range src.Owns {
			owners[what] = append(owners[what], src)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(owners)) {
		var unranked []Source
		for _, src := range owners[what] {
			if !slices.Contains(s.Precedence, src.Name) {
				unranked = append(unranked, src)
			}
		}
		if len(owners[what]) > 1 && len(unranked) > 0 {
			src := unranked[0]
			add(src.file, src.line, "%s is owned by more than one source; rank them under precedence in handover.yaml", what)
		}
	}
}

func (s *Site) checkPrecedence(add addFunc) {
	for _, name := range s.Precedence {
		if s.Source(name) == nil {
			add("handover.yaml", s.precedenceLine, "precedence: no source is named %q; sources are: %s", name, s.sourceNames())
		}
	}
}
