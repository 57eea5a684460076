package main

import (
	"slices"
	"strconv"
	"strings"

	"handover/transform/v2fhir/internal/mapfile"
)

// table makes a code map. The sheets differ in where the display stands; the
// code system is the cell with a URL.
func (g *generator) table(s *sheet) *mapfile.Map {
	if s == nil {
		return nil
	}
	m := &mapfile.Map{Kind: mapfile.Table, Name: mapName(s.key), From: s.file}
	for _, r := range s.codeRows {
		if r.from == "" {
			continue // codes of the FHIR side that no v2 code leads to
		}
		id := strconv.Itoa(r.n)
		c := mapfile.Code{ID: id, From: r.from, To: r.to, Display: r.display, System: r.system}
		for _, x := range g.fixes.of(m.ID(), id, "") {
			cell := map[string]*string{"to": &c.To, "system": &c.System, "display": &c.Display, "from": &c.From}[x.column]
			if cell == nil {
				g.fail(m.ID(), id, "no column %s", x.column)
				continue
			}
			g.note(m.ID(), id, x.column, *cell, x.now, x.why)
			*cell = x.value()
		}
		if r.v2system != "" && !slices.Contains(m.System, r.v2system) {
			m.System = append(m.System, r.v2system)
		}
		m.Codes = append(m.Codes, c)
	}
	return m
}

// codeRow is one line of a code map's sheet.
type codeRow struct {
	n                                   int
	from, v2system, to, display, system string
}

func newCodeRow(n int, c []string) codeRow {
	r := codeRow{n: n, from: c[0], v2system: c[2], to: c[6]}
	for _, cell := range c[7:10] {
		switch {
		case strings.Contains(cell, "://"):
			r.system = cell
		case r.display == "":
			r.display = cell
		}
	}
	return r
}
