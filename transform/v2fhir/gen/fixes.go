package main

import (
	_ "embed"
	"fmt"
	"path"
	"strconv"
	"strings"
)

//go:embed corrections.txt
var correctionsText string

// fix is one line of corrections.txt:
//
//	MAP ROW COLUMN NEW :: REASON
//
// COLUMN is drop, apply (a narrative condition is taken as met), to, from, by,
// table, set, when, add (a whole rule), and for messages also target, refs, ref
// (one more), after, correction. ROW of a message may be =MAP: the rows that
// use the map. MAP may hold *. NEW is "none" to empty a cell.
type fix struct {
	mapID, row, column, now, why string
	used                         bool
}

type fixes struct{ list []*fix }

func readFixes() (*fixes, error) {
	f := &fixes{}
	for i, line := range strings.Split(correctionsText, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		what, why, ok := strings.Cut(line, " :: ")
		cells := strings.SplitN(strings.TrimSpace(what), " ", 4)
		if !ok || len(cells) < 3 {
			return nil, fmt.Errorf("corrections.txt:%d: needs MAP ROW COLUMN NEW :: REASON", i+1)
		}
		x := &fix{mapID: cells[0], row: cells[1], column: cells[2], why: strings.TrimSpace(why)}
		if len(cells) == 4 {
			x.now = strings.TrimSpace(cells[3])
		}
		f.list = append(f.list, x)
	}
	return f, nil
}

// of returns the corrections of one row of a map. by is the map that the row
// uses.
func (f *fixes) of(mapID string, row string, by string) []*fix {
	var out []*fix
	for _, x := range f.list {
		if !x.covers(mapID) {
			continue
		}
		for _, r := range strings.Split(x.row, ",") {
			if r == row || r == "="+by || inRange(r, row) {
				x.used = true
				out = append(out, x)
			}
		}
	}
	return out
}

// covers reports whether the correction is about the map; a * in its name
// stands for anything.
func (x *fix) covers(mapID string) bool {
	ok, err := path.Match(x.mapID, mapID)
	return err == nil && ok
}

// inRange reports whether row lies in "12-15".
func inRange(r, row string) bool {
	low, high, ok := strings.Cut(r, "-")
	a, err1 := strconv.Atoi(low)
	b, err2 := strconv.Atoi(high)
	n, err3 := strconv.Atoi(row)
	return ok && err1 == nil && err2 == nil && err3 == nil && a <= n && n <= b
}

// added returns the rules that are added to a map.
func (f *fixes) added(mapID string) []*fix {
	var out []*fix
	for _, x := range f.list {
		if x.column == "add" && x.covers(mapID) {
			x.used = true
			out = append(out, x)
		}
	}
	return out
}

func (f *fixes) unused() []*fix {
	var out []*fix
	for _, x := range f.list {
		if !x.used {
			out = append(out, x)
		}
	}
	return out
}

// value returns the new content of a cell.
func (x *fix) value() string {
	if x.now == "none" {
		return ""
	}
	return x.now
}
