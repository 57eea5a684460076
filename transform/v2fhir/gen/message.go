package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"handover/transform/v2fhir/internal/cond"
	"handover/transform/v2fhir/internal/mapfile"
)

// messageRow is one line of a message's sheet.
type messageRow struct {
	n                                             int
	ident, condition, narrative, target, by, refs string
	after                                         string
	correct                                       string
}

func newMessageRow(n int, c []string) messageRow {
	return messageRow{n: n, ident: c[1], condition: c[6], narrative: c[8], target: c[9], by: c[10], refs: c[11]}
}

func (r *messageRow) cell(column string) *string {
	switch column {
	case "target":
		return &r.target
	case "by":
		return &r.by
	case "refs":
		return &r.refs
	case "when":
		return &r.condition
	case "from":
		return &r.ident
	case "after":
		return &r.after
	}
	return nil
}

// messages makes the maps of the published messages.
func (g *generator) messages() {
	var keys []string
	for key := range g.events {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		g.message(g.events[key])
	}
}

func (g *generator) message(s *sheet) {
	m := &mapfile.Map{Kind: mapfile.Message, Name: s.key, From: s.file, Serves: []string{s.key}}
	for _, x := range g.fixes.of(m.ID(), "serves", "") {
		m.Serves = append(m.Serves, strings.Fields(x.now)...)
		g.note(m.ID(), "", "serves", s.key, strings.Join(m.Serves, " "), x.why)
	}
	var rows []messageRow
	for _, r := range s.messageRows {
		if r.target != "" || r.by != "" || len(g.fixes.of(m.ID(), strconv.Itoa(r.n), "")) > 0 {
			g.entry(m, r, &rows)
		}
	}
	for _, x := range g.fixes.added(m.ID()) {
		g.addEntry(m, x)
	}
	slices.SortStableFunc(m.Parts, func(a, b mapfile.Entry) int { return compareRows(a.ID, b.ID) })
	for i := range m.Parts {
		g.links(m, &m.Parts[i], rows)
	}
	g.maps[m.ID()] = m
	g.wants(m)
}

// addEntry adds an entry that corrections.txt brings.
func (g *generator) addEntry(m *mapfile.Map, x *fix) {
	line, refs, _ := strings.Cut(x.now, " ref ")
	text := "map message x\n" + x.row + " " + line + "\n"
	if refs != "" {
		for _, ref := range strings.Split(refs, " ref ") {
			text += "    ref " + ref + "\n"
		}
	}
	parsed, err := mapfile.Parse(text)
	if err != nil || len(parsed.Parts) != 1 {
		g.fail(m.ID(), x.row, "cannot read the added entry: %v", err)
		return
	}
	e := parsed.Parts[0]
	i := slices.IndexFunc(m.Parts, func(o mapfile.Entry) bool { return o.Segment == e.Segment })
	if e.Type != "Patient" && i < 0 {
		return // the message has no such segment
	}
	if i >= 0 && len(e.Groups) == 0 && e.After == "" {
		e.Groups = m.Parts[i].Groups // it stands where the sheet has the segment first
	}
	e.Why = x.why
	for _, y := range g.fixes.of(m.ID(), x.row, "") {
		if y.column == "when" {
			e.When, e.Was = g.condition(m.ID(), x.row, y.now, e.Segment), y.now
		}
		if y.column == "correction" {
			e.Correct = "true"
		}
	}
	m.Parts = append(m.Parts, e)
	g.note(m.ID(), x.row, "added", "", x.now, x.why)
}

// entry turns one row into an entry.
func (g *generator) entry(m *mapfile.Map, r messageRow, rows *[]messageRow) {
	id := strconv.Itoa(r.n)
	decided, why := false, ""
	var extra []string
	for _, x := range g.fixes.of(m.ID(), id, mapName(r.by)) {
		cell := r.cell(x.column)
		switch {
		case x.column == "drop":
			g.note(m.ID(), id, "dropped", r.ident+" -> "+r.target+" "+r.by, "nothing", x.why)
			m.Notes = append(m.Notes, id+" "+r.ident+" -> "+r.target+" is not applied: "+x.why)
			return
		case x.column == "apply":
			decided = true
			g.note(m.ID(), id, "narrative condition taken as met", r.narrative, "", x.why)
		case x.column == "ref":
			extra = append(extra, x.now)
			g.note(m.ID(), id, "reference added", "", x.now, x.why)
		case x.column == "correction":
			r.correct = "true"
			if x.now != "always" {
				r.correct = g.condition(m.ID(), id, x.now, "")
			}
			g.note(m.ID(), id, "correction", "", x.now, x.why)
		case x.column == "add":
		case cell == nil:
			g.fail(m.ID(), id, "no column %s", x.column)
		default:
			g.note(m.ID(), id, x.column, *cell, x.now, x.why)
			*cell = x.value()
			decided = decided || x.column == "when"
		}
		why = x.why
	}
	if r.target == "" && r.by == "" {
		return
	}
	if r.narrative != "" && !decided {
		g.fail(m.ID(), id, "a narrative condition needs a decision: %s -> %s: %s", r.ident, r.target, r.narrative)
	}
	e := mapfile.Entry{ID: id, By: mapName(r.by), After: r.after, Why: why, Correct: r.correct}
	g.place(&e, r.ident)
	e.Type, e.Index = g.instance(m.ID(), id, r.target)
	e.Optional = e.Type == "Patient" && e.Segment != "PID" || e.Type == "Encounter" && e.Segment != "PV1"
	if r.condition != "" {
		e.When, e.Was = g.condition(m.ID(), id, r.condition, e.Segment), r.condition
	}
	for _, x := range extra {
		r.refs += "; " + x
	}
	*rows = append(*rows, r)
	m.Parts = append(m.Parts, e)
}

// place reads ADT_A01:follow:PV1.ROL and ORU_R01.PATIENT_RESULT.PATIENT.PID.
func (g *generator) place(e *mapfile.Entry, ident string) {
	head, rest, _ := strings.Cut(ident, ".")
	if _, after, ok := strings.Cut(head, ":follow:"); ok {
		e.After = after
	}
	names := strings.Split(rest, ".")
	e.Segment = names[len(names)-1]
	for _, name := range names[:len(names)-1] {
		if name != "CHOICE" {
			e.Groups = append(e.Groups, name)
		}
	}
}

var instancePattern = regexp.MustCompile(`^([A-Za-z]+)(?:\[([^\]]*)\])?$`)

// instance reads Patient[1], Specimen[n], ServiceRequest[1..n], Account.
func (g *generator) instance(mapID, id, text string) (string, int) {
	p := instancePattern.FindStringSubmatch(text)
	if p == nil {
		g.fail(mapID, id, "%q is not a resource with a number", text)
		return "", 0
	}
	switch n, err := strconv.Atoi(p[2]); {
	case err == nil:
		return p[1], n
	case p[2] == "each" || p[2] == "1..n":
		return p[1], 1
	case p[2] == "n":
		return p[1], 2
	}
	return p[1], 0
}

var linkPattern = regexp.MustCompile(`([A-Z][A-Za-z]+)(\[[^\]]*\])?\.([A-Za-z0-9.\[\]()]+?)\s*=\s*([A-Z][A-Za-z]+)(\[[^\]]*\])?(?:\.id)?(?:[;\s]|$)`)

// links reads the references of an entry.
func (g *generator) links(m *mapfile.Map, e *mapfile.Entry, rows []messageRow) {
	for _, r := range rows {
		if strconv.Itoa(r.n) != e.ID {
			continue
		}
		found := linkPattern.FindAllStringSubmatch(r.refs, -1)
		if strings.Count(r.refs, "=") != len(found) {
			g.fail(m.ID(), e.ID, "cannot read the references %s", r.refs)
		}
		for _, p := range found {
			if p[4] == "Bundle" {
				g.note(m.ID(), e.ID, "reference dropped", p[0], "", "the record keeps resources, not the Bundle")
				continue
			}
			g.link(m, e, p)
		}
	}
}

func (g *generator) link(m *mapfile.Map, e *mapfile.Entry, p []string) {
	path := strings.TrimSuffix(strings.TrimSuffix(p[3], ".reference"), ".id")
	l := mapfile.Link{OwnerType: p[1], ToType: p[4]}
	var ok1, ok2 bool
	l.OwnerIndex, ok1 = g.number(m, e, p[1], p[2])
	l.ToIndex, ok2 = g.number(m, e, p[4], p[5])
	var err error
	l.Path, err = mapfile.ParseTarget(path)
	typ := g.defs.Type(l.OwnerType)
	if !ok1 || !ok2 || err != nil || typ == nil {
		g.fail(m.ID(), e.ID, "reference %s: no such resource in the message, or no path", p[0])
		return
	}
	if n := len(l.Path.Steps); n > 0 {
		l.Path.Steps[n-1].Resource = l.ToType
	}
	if g.walk(m.ID(), e.ID, typ, l.Path.Steps) == nil {
		return
	}
	l.Path.Steps[len(l.Path.Steps)-1].Resource = ""
	e.Refs = append(e.Refs, l)
}

// number finds which resource Patient[PID], Specimen[n] or Encounter means.
func (g *generator) number(m *mapfile.Map, e *mapfile.Entry, typ, index string) (int, bool) {
	index = strings.Trim(index, "[]")
	if n, err := strconv.Atoi(index); err == nil {
		return n, has(m, typ, n)
	}
	if index == "n" {
		return 2, has(m, typ, 2)
	}
	if index == "1..n" {
		return 1, has(m, typ, 1)
	}
	if e.Type == typ && (index == "" || index == e.Segment) {
		return e.Index, true
	}
	for _, o := range m.Parts {
		if o.Type == typ && (index == "" || o.Segment == index || cond.IsSegment(index) && o.Segment == index) {
			return o.Index, true
		}
	}
	return 0, false
}

func has(m *mapfile.Map, typ string, n int) bool {
	return slices.ContainsFunc(m.Parts, func(o mapfile.Entry) bool { return o.Type == typ && o.Index == n })
}
