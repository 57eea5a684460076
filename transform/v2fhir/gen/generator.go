package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"handover/fhir"
	"handover/transform/v2fhir/internal/mapfile"
)

// generator holds what was read and what becomes of it.
type generator struct {
	defs      *fhir.Defs
	segments  map[string]*sheet // by key
	datatypes map[string]*sheet
	codes     map[string]*sheet
	events    map[string]*sheet
	fixes     *fixes
	maps      map[string]*mapfile.Map // by ID: what is written
	byHand    map[string]bool         // IDs that are written by hand
	wanted    []want
	applied   []applied
	errs      []string
}

// want is a map that another one uses.
type want struct{ id, by string }

// applied is one correction, for the list.
type applied struct {
	mapID, row, what, old, now, why string
}

func newGenerator(from string) (*generator, error) {
	g := &generator{defs: fhir.Definitions(), maps: map[string]*mapfile.Map{}, byHand: map[string]bool{}}
	for dir, to := range map[string]*map[string]*sheet{
		"segments": &g.segments, "datatypes": &g.datatypes, "codesystems": &g.codes, "messages": &g.events,
	} {
		sheets, err := readSheets(filepath.Join(from, dir))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", dir, err)
		}
		*to = sheets
	}
	if g.codes == nil || len(g.segments) == 0 {
		return nil, errors.New("no spreadsheets in " + from)
	}
	var err error
	g.fixes, err = readFixes()
	return g, err
}

func (g *generator) fail(mapID string, row any, format string, args ...any) {
	g.errs = append(g.errs, fmt.Sprintf("%s %v: %s", mapID, row, fmt.Sprintf(format, args...)))
}

func (g *generator) note(mapID, row, what, old, now, why string) {
	g.applied = append(g.applied, applied{mapID, row, what, old, now, why})
}

// composed reads the maps that are written by hand and stay as they are.
func (g *generator) composed(to string) {
	paths, _ := filepath.Glob(filepath.Join(to, "composed", "*.map"))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err == nil {
			var m *mapfile.Map
			if m, err = mapfile.Parse(string(text)); err == nil {
				g.maps[m.ID()] = m
				g.byHand[m.ID()] = true
				g.wants(m)
			}
		}
		if err != nil {
			g.fail(path, "", "%v", err)
		}
	}
}

// wants notes which maps a map uses.
func (g *generator) wants(m *mapfile.Map) {
	for _, e := range m.Parts {
		g.wanted = append(g.wanted, want{"segment/" + e.By, m.ID() + ":" + e.ID})
	}
	for _, r := range m.Rules {
		if r.By != "" {
			g.wanted = append(g.wanted, want{"datatype/" + r.By, m.ID() + ":" + r.ID})
		}
		if r.Table != "" {
			g.wanted = append(g.wanted, want{"table/" + r.Table, m.ID() + ":" + r.ID})
		}
	}
}

// reach makes every map that a message needs, and no other.
func (g *generator) reach() {
	for len(g.wanted) > 0 {
		w := g.wanted[0]
		g.wanted = g.wanted[1:]
		if g.maps[w.id] != nil {
			continue
		}
		kind, name, _ := strings.Cut(w.id, "/")
		var m *mapfile.Map
		switch kind {
		case "segment":
			m = g.rules(mapfile.Segment, find(g.segments, name))
		case "datatype":
			m = g.rules(mapfile.Datatype, find(g.datatypes, name))
		case "table":
			m = g.table(find(g.codes, name))
		}
		if m == nil {
			g.fail(w.id, "", "there is no such map; %s uses it", w.by)
			m = &mapfile.Map{}
		}
		g.maps[w.id] = m
		g.wants(m)
	}
}

// find finds a sheet by the name of its map.
func find(sheets map[string]*sheet, name string) *sheet {
	for key, s := range sheets {
		if mapName(key) == name {
			return s
		}
	}
	return nil
}

// tables reports code maps that nothing uses.
func (g *generator) tables() {
	for _, kind := range []struct {
		name   string
		sheets map[string]*sheet
	}{{"segment", g.segments}, {"datatype", g.datatypes}, {"table", g.codes}} {
		var unused []string
		for key := range kind.sheets {
			if id := kind.name + "/" + mapName(key); g.maps[id] == nil {
				unused = append(unused, mapName(key))
			}
		}
		slices.Sort(unused)
		for _, name := range unused {
			g.note(kind.name+"/"+name, "", "not used", "", "", "no message map of this version leads to it")
		}
	}
	for _, f := range g.fixes.unused() {
		g.fail(f.mapID, f.row, "this correction in corrections.txt applies to nothing")
	}
}

func (g *generator) problems() error {
	if len(g.errs) == 0 {
		return nil
	}
	sort.Strings(g.errs)
	return fmt.Errorf("%s\n%d problems", strings.Join(g.errs, "\n"), len(g.errs))
}

// write replaces the generated folders.
func (g *generator) write(to string) error {
	for _, kind := range []string{"segment", "datatype", "table", "message"} {
		if err := os.RemoveAll(filepath.Join(to, kind)); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(to, kind), 0o755); err != nil {
			return err
		}
	}
	for id, m := range g.maps {
		if g.byHand[id] {
			continue
		}
		path := filepath.Join(to, filepath.FromSlash(id)+".map")
		if err := os.WriteFile(path, []byte(m.String()), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(to, "corrections.txt"), []byte(g.corrections()), 0o644)
}

// corrections writes the list of everything that was changed.
func (g *generator) corrections() string {
	slices.SortStableFunc(g.applied, func(a, b applied) int {
		if c := strings.Compare(a.mapID, b.mapID); c != 0 {
			return c
		}
		return compareRows(a.row, b.row)
	})
	var b strings.Builder
	b.WriteString("Corrections to HL7's published v2-to-FHIR map 1.0.0, written by gen. MAP ROW WHAT: OLD => NEW, then the reason.\n")
	for _, a := range g.applied {
		fmt.Fprintf(&b, "\n%s %s %s", a.mapID, a.row, a.what)
		if a.old != "" || a.now != "" {
			fmt.Fprintf(&b, ": %s => %s", a.old, a.now)
		}
		fmt.Fprintf(&b, "\n    %s\n", a.why)
	}
	return b.String()
}

// compareRows orders 7, 7a, 12.
func compareRows(a, b string) int {
	number := func(s string) string {
		digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz")
		return strings.Repeat("0", max(0, 6-len(digits))) + s
	}
	return strings.Compare(number(a), number(b))
}
