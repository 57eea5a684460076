// Package mapfile reads and writes the map files of v2fhir (docs/formats/map.md).
// It promises that what Parse reads, String writes again with the same meaning,
// and that every problem names its line.
package mapfile

import "strings"

// Kind says what a map leads from.
type Kind string

// The kinds of map.
const (
	Segment  Kind = "segment"
	Datatype Kind = "datatype"
	Table    Kind = "table"
	Message  Kind = "message"
)

// Map is one map file.
type Map struct {
	Kind   Kind
	Name   string // "PID-Patient", "CX-Identifier", "AdministrativeSex", "ADT_A01"
	Source string // segment or data type: "PID"
	Target string // resource or data type: "Patient"; "" for tables and messages
	From   string // the official spreadsheet, "" where the map is composed
	Notes  []string
	Like   string   // messages: the map whose entries this one has too
	Serves []string // messages: structures and events: "ADT_A01", "ADT^A04"
	System []string // tables: the v2 code systems whose codes they translate: "HL70001"
	Silent bool     // segments: the segment does not say by what the resource is known
	Chain  []int    // data types that make several resources: the order from part to whole
	Rules  []Rule
	Codes  []Code
	Parts  []Entry
}

// Rule leads from a v2 element to a FHIR element.
type Rule struct {
	ID    string // the row of the spreadsheet, or with a letter a row that was added
	From  string // "PID-7", "CX.4", "PID" for the whole segment
	To    Target
	By    string // the data type map for the rest of the way; "" by the primitive's type
	Table string
	Set   []Part // what is assigned instead of the element's own text
	When  string // FHIRPath; "" always
	Was   string // the condition as HL7 wrote it
	Why   string
}

// Part is one part of an assigned value: a literal, an address, or a function
// of addresses.
type Part struct {
	Literal string
	Ref     string
	Func    string
	Args    []string // literals stand in double quotes
}

// Target is a path to a FHIR element from the map's base.
type Target struct {
	Instance int // [2].x: another instance of what the map is used for; 0: the only one
	Steps    []Step
}

// Step is one step of a path.
type Step struct {
	Name     string
	Index    int    // [n]: which instance of a repeating element, 0: not said, Each: every one
	Choice   string // value[Quantity]: "Quantity"
	Resource string // (Practitioner): the step goes on in the resource it refers to
	Number   int    // (Location[4]): which one, 0: the only one
}

// Each is the index of a step that means every instance: component[each].
const Each = -1

// Code is one line of a table.
type Code struct {
	ID      string
	From    string
	To      string // "" if the map has no code for it
	Display string
	System  string
}

// Entry is one line of a message map: which segment, by which map, into which
// resource.
type Entry struct {
	ID       string
	Groups   []string
	Segment  string
	After    string // only behind this segment: "PV1", "PID#2"
	Type     string
	Index    int
	Optional bool // only where the resource is made by another segment
	By       string
	When     string
	Was      string
	Why      string
	Correct  string // FHIRPath: when the message takes back what an earlier one said; "true" always
	Renamed  string // FHIRPath: when all by what the resource is known is of one; "true" always
	Refs     []Link
	Merges   []Merge
}

// Link is a reference between two resources of a message.
type Link struct {
	OwnerType  string
	OwnerIndex int
	Path       Target
	ToType     string
	ToIndex    int
}

// Instance is a resource of a message: Patient[1].
type Instance struct {
	Type  string
	Index int
}

// Merge is a statement that two resources are one, that one moves, or that two
// are no longer one.
type Merge struct {
	Kind     string // "merge", "move", "link" or "unlink"
	Survivor Instance
	Loser    Instance
	Moved    Instance // for move
}

// ID returns kind and name: "segment/PID-Patient".
func (m *Map) ID() string { return string(m.Kind) + "/" + m.Name }

// JSONName returns the step's JSON property.
func (s Step) JSONName() string {
	if s.Choice == "" {
		return s.Name
	}
	return s.Name + s.Choice
}

// IsNull reports whether the rule takes the element back: = "".
func (r *Rule) IsNull() bool { return len(r.Set) == 1 && r.Set[0].isNull() }

func (p *Part) isNull() bool { return p.Literal == "" && p.Ref == "" && p.Func == "" }

// Base returns the segment or data type of an address: "PID" of "PID-5.1".
func Base(ref string) string {
	if i := strings.IndexAny(ref, "-."); i >= 0 {
		return ref[:i]
	}
	return ref
}
