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
	s.checkDestinations(add)
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
		if src.Listen.Scheme == "answers" {
			s.checkAnswers(src, add)
		}
	}
}

// checkAnswers finds what keeps a source from being a destination's answers.
func (s *Site) checkAnswers(src Source, add addFunc) {
	switch d := s.Destination(src.Listen.Host); {
	case d == nil:
		add(src.file, src.line, "listen: no destination is named %q; destinations are: %s", src.Listen.Host, s.destinationNames())
	case d.Send != nil && d.Send.Scheme != "mllp" && d.Send.Scheme != "http" && d.Send.Scheme != "https" || s.SpeaksFHIR(d.Name):
		add(src.file, src.line, "listen: %s answers with no messages; receivers of messages by mllp and http do", d.Name)
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
		s.checkTargets(r, add)
	}
	for _, src := range s.Sources {
		if !routed[src.Name] {
			add(src.file, src.line, "no route takes messages of %q; each would wait for a decision", src.Name)
		}
	}
}

// checkTargets finds places that are not there, or there twice.
func (s *Site) checkTargets(r Route, add addFunc) {
	seen := map[string]bool{}
	for _, t := range r.To {
		if !t.Record && t.Destination != "" && s.Destination(t.Destination) == nil {
			add(r.file, t.line, "no destination is named %q; destinations are: %s", t.Destination, s.destinationNames())
		}
		if seen[t.Destination] && (t.Record || t.Destination != "") {
			add(r.file, t.line, "to: the same place stands there twice")
		}
		seen[t.Destination] = true
		if t.FHIR {
			s.checkFHIR(r, t, add)
		}
	}
}

// checkFHIR finds what keeps a target from being a FHIR server that follows the record.
func (s *Site) checkFHIR(r Route, t Target, add addFunc) {
	if !slices.ContainsFunc(r.To, func(t Target) bool { return t.Record }) {
		add(r.file, t.line, "transform: fhir sends what a message changed in the record; the route must lead there too (- record)")
	}
	for _, other := range s.Routes {
		if slices.ContainsFunc(other.To, func(o Target) bool { return o.Destination == t.Destination && !o.FHIR }) {
			add(r.file, t.line, "transform: fhir goes to %s, and route %s sends messages there as they came; make two destinations of it", t.Destination, other.Name)
		}
	}
	if d := s.Destination(t.Destination); d != nil && d.Send != nil && d.Send.Scheme != "https" && d.Send.Scheme != "http" {
		add(r.file, t.line, "transform: fhir needs a FHIR server, as in send: https://portal.example.org/fhir; %s is reached by %s", d.Name, d.Send.Scheme)
	}
}

func (s *Site) checkDestinations(add addFunc) {
	names := map[string]string{}
	for _, d := range s.Destinations {
		if first, ok := names[d.Name]; ok && d.Name != "" {
			add(d.file, d.line, "destination %q is already in %s", d.Name, first)
		}
		names[d.Name] = d.file
		if d.Connections > 1 && s.SpeaksFHIR(d.Name) {
			add(d.file, d.line, "connections: to a FHIR server there is one; over several, an older version of what patients share could come after a newer one")
		}
	}
}

func (s *Site) sourceNames() string {
	var names []string
	for _, src := range s.Sources {
		names = append(names, src.Name)
	}
	return listed(names)
}

func (s *Site) destinationNames() string {
	var names []string
	for _, d := range s.Destinations {
		names = append(names, d.Name)
	}
	return listed(names)
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none yet"
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
