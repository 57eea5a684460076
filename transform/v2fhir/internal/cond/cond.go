// Package cond holds the conditions of the maps. It promises one form with two
// readings: the FHIRPath text that stands in a map file, and a tree that the
// converter turns into a Go function. Both read the same; a test holds the
// tree's answers against the FHIRPath engine.
//
// Only a small part of FHIRPath is used (docs/formats/map.md): enough for every
// condition of HL7's published map.
package cond

import (
	"strconv"
	"strings"
)

// Op says what a condition asks.
type Op uint8

// The kinds of condition.
const (
	Or     Op = iota // any of Args
	And              // all of Args
	Not              // Args[0] is false
	Valued           // Ref has content
	In               // the text of Ref is one of Texts
	Same             // the texts of Ref and Other are equal and valued
	Count            // the number of Ref's repetitions compares with N
	Length           // the number of characters of Ref compares with N
)

// Expr is a condition.
type Expr struct {
	Op    Op
	Args  []*Expr
	Ref   string   // "PID-7", "CX.4", "PID" for a segment
	Other string   // for Same
	Texts []string // for In
	Cmp   string   // for Count and Length: = != < <= > >=
	N     int
}

// Compare answers a comparison: = != < <= > >=.
func Compare(a int, cmp string, b int) bool {
	switch cmp {
	case "=":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}

// Refs calls f with every address the condition reads.
func (e *Expr) Refs(f func(string)) {
	for _, a := range e.Args {
		a.Refs(f)
	}
	if e.Ref != "" {
		f(e.Ref)
	}
	if e.Other != "" {
		f(e.Other)
	}
}

// String returns the condition in FHIRPath.
func (e *Expr) String() string {
	switch e.Op {
	case Or, And:
		return e.join()
	case Not:
		if a := e.Args[0]; a.Op == Valued {
			return v2(a.Ref) + ".empty()"
		}
		return "(" + e.Args[0].String() + ").not()"
	case Valued:
		return v2(e.Ref) + ".exists()"
	case In:
		return e.in()
	case Same:
		return v2(e.Ref) + ".where($this = %context." + v2(e.Other) + ").exists()"
	case Count:
		return v2(e.Ref) + ".count() " + e.Cmp + " " + strconv.Itoa(e.N)
	}
	return v2(e.Ref) + ".where($this.length() " + e.Cmp + " " + strconv.Itoa(e.N) + ").exists()"
}

func (e *Expr) in() string {
	quoted := make([]string, len(e.Texts))
	for i, t := range e.Texts {
		quoted[i] = quote(t)
	}
	if len(quoted) == 1 {
		return v2(e.Ref) + ".where($this = " + quoted[0] + ").exists()"
	}
	return v2(e.Ref) + ".where($this in (" + strings.Join(quoted, " | ") + ")).exists()"
}

func (e *Expr) join() string {
	word := " and "
	if e.Op == Or {
		word = " or "
	}
	parts := make([]string, len(e.Args))
	for i, a := range e.Args {
		parts[i] = a.String()
		if a.Op == Or || a.Op == And {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, word)
}

func v2(ref string) string { return "v2(" + quote(ref) + ")" }

func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
