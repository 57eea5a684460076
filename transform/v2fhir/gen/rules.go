package main

import (
	"strconv"
	"strings"

	"handover/transform/v2fhir/internal/cond"
	"handover/transform/v2fhir/internal/mapfile"
)

// rules makes the map of a segment or data type from its sheet.
func (g *generator) rules(kind mapfile.Kind, s *sheet) *mapfile.Map {
	if s == nil {
		return nil
	}
	m := &mapfile.Map{Kind: kind, Name: mapName(s.key), From: s.file}
	m.Source, m.Target, _ = strings.Cut(strings.TrimSuffix(s.key, "]"), "[")
	m.Target, _, _ = strings.Cut(m.Target, "-")
	if m.Source == "OG" {
		m.Target = "Observation" // it extends what the segment makes
	}
	for _, r := range s.rows {
		g.rule(m, r)
	}
	for _, x := range g.fixes.added(m.ID()) {
		g.addRule(m, x)
	}
	sortRules(m.Rules)
	g.extensionNumbers(m)
	if m.Source == "PL" {
		m.Chain = []int{1, 2, 4, 3, 5, 6}
	}
	return m
}

func sortRules(rules []mapfile.Rule) {
	for i := 1; i < len(rules); i++ {
		for j := i; j > 0 && compareRows(rules[j-1].ID, rules[j].ID) > 0; j-- {
			rules[j-1], rules[j] = rules[j], rules[j-1]
		}
	}
}

// addRule adds a rule that corrections.txt brings.
func (g *generator) addRule(m *mapfile.Map, x *fix) {
	text := "map " + string(m.Kind) + " x : " + m.Source + " -> " + m.Target + "\n" + x.row + " " + x.now + "\n"
	parsed, err := mapfile.Parse(text)
	if err != nil || len(parsed.Rules) != 1 {
		g.fail(m.ID(), x.row, "cannot read the added rule: %v", err)
		return
	}
	rule := parsed.Rules[0]
	g.resolve(m, &rule)
	rule.Why = x.why
	for _, y := range g.fixes.of(m.ID(), x.row, "") {
		if y.column == "when" {
			rule.When = g.condition(m.ID(), x.row, y.now, rule.From)
			rule.Was = y.now
		}
	}
	m.Rules = append(m.Rules, rule)
	g.note(m.ID(), x.row, "added", "", x.now, x.why)
}

// rule turns one row into a rule, if it maps to anything.
func (g *generator) rule(m *mapfile.Map, r row) {
	id := strconv.Itoa(r.n)
	applied, why := false, ""
	for _, x := range g.fixes.of(m.ID(), id, mapName(r.by)) {
		if x.column == "drop" {
			m.Notes = append(m.Notes, id+" "+r.ident+" -> "+r.attribute+" is not applied: "+x.why)
			g.note(m.ID(), id, "dropped", r.ident+" -> "+r.attribute, "nothing", x.why)
			return
		}
		cell := r.cell(x.column)
		switch {
		case x.column == "apply":
			applied = true
			g.note(m.ID(), id, "narrative condition taken as met", r.narrative, "", x.why)
		case x.column == "add":
		case cell == nil:
			g.fail(m.ID(), id, "no column %s", x.column)
		default:
			g.note(m.ID(), id, x.column, *cell, x.now, x.why)
			*cell = x.value()
			if x.column == "when" {
				applied = true
			}
		}
		why = x.why
	}
	if r.attribute == "" || r.attribute == "$" {
		return
	}
	if r.narrative != "" && !applied {
		g.fail(m.ID(), id, "a narrative condition needs a decision: %s -> %s: %s", r.ident, r.attribute, r.narrative)
	}
	rule := mapfile.Rule{ID: id, From: g.source(m, id, r.ident), Why: why}
	if r.condition != "" {
		rule.When = g.condition(m.ID(), id, r.condition, rule.From)
		rule.Was = r.condition
	}
	g.target(m, id, &r, &rule)
	rule.By = g.byName(m.ID(), id, r.by)
	rule.Table = g.tableName(m.ID(), id, r.table)
	if rule.Set = g.set(m.ID(), id, r.set); len(rule.Set) > 0 {
		rule.By = ""
	}
	g.resolve(m, &rule)
	m.Rules = append(m.Rules, rule)
}

// cell returns the cell that a column of corrections.txt means.
func (r *row) cell(column string) *string {
	switch column {
	case "to":
		return &r.attribute
	case "from":
		return &r.ident
	case "by":
		return &r.by
	case "table":
		return &r.table
	case "set":
		return &r.set
	case "when":
		return &r.condition
	}
	return nil
}

// source checks the v2 side of a row.
func (g *generator) source(m *mapfile.Map, id, ident string) string {
	if ident == "" {
		return m.Source
	}
	ref := cond.Normalise(ident)
	if base := mapfile.Base(ref); base != m.Source {
		if m.Kind == mapfile.Datatype && !cond.IsSegment(base) {
			now := m.Source + strings.TrimPrefix(ref, base)
			g.note(m.ID(), id, "from", ident, now, "the map is for "+m.Source+"; the row names "+base)
			return now
		}
		g.fail(m.ID(), id, "the row is about %s", ident)
	}
	if ref != ident {
		g.note(m.ID(), id, "from", ident, ref, "fields are written with -, components with .")
	}
	return ref
}

// condition reads a condition; where it does not parse by the published
// grammar, the canonical form is listed.
func (g *generator) condition(mapID, id, text, self string) string {
	e, err := cond.ParseIf(text, self)
	if err != nil {
		g.fail(mapID, id, "condition %s: %v", text, err)
		return ""
	}
	if !cond.Published(text) {
		g.note(mapID, id, "condition", text, e.String(), "does not parse by the published grammar; read as it is meant")
	}
	return e.String()
}

// byName names the data type map, whatever the case of its letters.
func (g *generator) byName(mapID, id, by string) string {
	if by == "" {
		return ""
	}
	name := mapName(by)
	if g.datatypes[by] != nil || g.maps["datatype/"+name] != nil {
		return name
	}
	for key := range g.datatypes {
		if strings.EqualFold(key, by) {
			g.note(mapID, id, "by", by, key, "the letters' case differs from the map's name")
			return mapName(key)
		}
	}
	g.fail(mapID, id, "no data type map %s", by)
	return name
}

// tableName names the code map.
func (g *generator) tableName(mapID, id, table string) string {
	if table == "" || g.codes[table] != nil || g.maps["table/"+mapName(table)] != nil {
		return mapName(table)
	}
	squeezed := strings.NewReplacer("/", "", " ", "").Replace(table)
	if g.codes[squeezed] == nil {
		g.fail(mapID, id, "no code map %s", table)
	} else {
		g.note(mapID, id, "table", table, squeezed, "the code map's file has the name without / and spaces")
	}
	return mapName(squeezed)
}

// set reads an assignment.
func (g *generator) set(mapID, id, text string) []mapfile.Part {
	if text == "" {
		return nil
	}
	if strings.HasPrefix(text, "/") || !strings.ContainsAny(text, `"(+.-`) {
		g.fail(mapID, id, "an assignment that is not a value needs a decision: %s", text)
		return nil
	}
	parts, err := mapfile.ParseParts(text)
	if err != nil {
		g.fail(mapID, id, "%v", err)
	}
	for i := range parts {
		if parts[i].Ref != "" {
			parts[i].Ref = cond.Normalise(parts[i].Ref)
		}
		parts[i].Literal = strings.TrimPrefix(parts[i].Literal, " http")
	}
	return parts
}
