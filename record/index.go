package record

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"handover/fhir"
	"handover/internal/rawjson"
)

// Indexer finds in a resource what search looks for.
type Indexer interface {
	// Kind says how the parameter is indexed for the type; 0: it is not.
	Kind(resourceType, param string) ParamKind
	// Values returns what the content holds for each parameter that is indexed.
	Values(resourceType string, content []byte) ([]Value, error)
}

// ParamKind is a kind of search parameter, each with a table of its own.
type ParamKind uint8

// The kinds of parameter.
const (
	TokenParam     ParamKind = 1 + iota // system and code or value
	DateParam                           // a range of time
	ReferenceParam                      // Type/id
)

// Value is one value that a resource has for a search parameter.
type Value struct {
	Param string
	Kind  ParamKind
	// Token: Identifier.system and value, Coding.system and code.
	System, Code string
	// Date: µs since 1970, High excluded; the ends of int64 where open.
	Low, High int64
	// Reference: "Patient/id", or as it stands where it is of another form.
	Target string
}

// IndexedParams are the parameters that Standard indexes, where a type has them.
var IndexedParams = []string{"identifier", "code", "date", "subject", "patient"}

// standard indexes by the R4 definitions of the search parameters.
type standard struct {
	mu    sync.RWMutex
	types map[string][]paramPath
}

// Standard returns the Indexer for IndexedParams, made from HL7's definitions of
// the search parameters (FHIR R4 §3.1.1). Where a type has both subject and
// patient and patient is what subject says of a Patient, only subject is kept.
func Standard() Indexer { return &standard{types: map[string][]paramPath{}} }

// paramPath is a search parameter compiled for one type.
type paramPath struct {
	code  string
	kind  ParamKind
	paths [][]step
	only  string // type of reference targets, "": any
}

// step is one element on the way, by the JSON properties it may have.
type step []*fhir.Property

func (x *standard) Kind(resourceType, param string) ParamKind {
	for _, p := range x.paths(resourceType) {
		if p.code == param {
			return p.kind
		}
	}
	return 0
}

var errContent = errors.New("the content is not a JSON object")

func (x *standard) Values(resourceType string, content []byte) ([]Value, error) {
	if len(content) < 2 || content[0] != '{' || content[len(content)-1] != '}' {
		return nil, errContent
	}
	var room fewMembers
	top := membersOf(content, room[:])
	var out []Value
	for _, p := range x.paths(resourceType) {
		add := func(v Value) {
			if p.kind == ReferenceParam && p.only != "" && !strings.Contains("/"+v.Target, "/"+p.only+"/") {
				return
			}
			v.Param, v.Kind = p.code, p.kind
			out = append(out, v)
		}
		for _, path := range p.paths {
			for _, prop := range path[0] {
				if v := top.of(prop.Name).value; v != nil {
					follow(path[1:], prop, v, p.kind, add)
				}
			}
		}
	}
	return out, nil
}

// follow walks the rest of the path from a value, and reads what is at its end.
func follow(rest []step, at *fhir.Property, value []byte, kind ParamKind, add func(Value)) {
	rawjson.Items(value, func(v []byte) {
		if len(rest) == 0 {
			read(kind, at, v, add)
			return
		}
		if len(v) == 0 || v[0] != '{' {
			return
		}
		rawjson.Members(v, func(name, inner []byte) {
			for _, prop := range rest[0] {
				if prop.Name == string(name) {
					follow(rest[1:], prop, inner, kind, add)
				}
			}
		})
	})
}

// read turns a value of a data type into values for search, by the table of
// FHIR R4 §3.1.1.4. Types without a rule for the kind have none.
func read(kind ParamKind, at *fhir.Property, v []byte, add func(Value)) {
	switch dataType := at.Type.Name; kind {
	case TokenParam:
		if dataType == "code" {
			if code := text(v); code != "" {
				add(Value{System: codeSystem(at.Element), Code: code})
			}
			return
		}
		readToken(dataType, v, add)
	case DateParam:
		readDate(dataType, v, add)
	case ReferenceParam:
		if target := field(v, "reference"); dataType == "Reference" && target != "" {
			add(Value{Target: target})
		}
	}
}

// codeSystem returns the system of an element that is a bare code: that of its
// required value set, if there is one alone (FHIR R4 §3.1.1.4.10).
func codeSystem(e *fhir.Element) string {
	set := fhir.Definitions().ValueSet(e.ValueSet)
	if e.Strength != "required" || set == nil || len(set.Codes) != 1 {
		return ""
	}
	for system := range set.Codes {
		return system
	}
	return ""
}

func readToken(dataType string, v []byte, add func(Value)) {
	token := Value{}
	switch dataType {
	case "Identifier":
		token = Value{System: field(v, "system"), Code: field(v, "value")}
	case "Coding":
		token = Value{System: field(v, "system"), Code: field(v, "code")}
	case "CodeableConcept":
		rawjson.Members(v, func(name, codings []byte) {
			if string(name) == "coding" {
				rawjson.Items(codings, func(c []byte) { readToken("Coding", c, add) })
			}
		})
	case "string", "uri", "id":
		token.Code = text(v)
	case "boolean":
		token.Code = string(v)
	}
	if token.Code != "" {
		add(token)
	}
}

func readDate(dataType string, v []byte, add func(Value)) {
	switch dataType {
	case "date", "dateTime", "instant":
		if low, high, ok := span(text(v)); ok {
			add(Value{Low: low, High: high})
		}
	case "Period":
		low, high := int64(beginning), int64(end)
		from, fromStated, fromOK := edge(v, "start")
		to, toStated, toOK := edge(v, "end")
		if fromStated {
			low = from.low
		}
		if toStated {
			high = to.high
		}
		if fromOK && toOK && (fromStated || toStated) {
			add(Value{Low: low, High: high})
		}
	case "Timing":
		rawjson.Members(v, func(name, events []byte) {
			if string(name) == "event" {
				rawjson.Items(events, func(e []byte) { readDate("dateTime", e, add) })
			}
		})
	}
}

type lowHigh struct{ low, high int64 }

func edge(period []byte, name string) (r lowHigh, stated, ok bool) {
	s := field(period, name)
	if s == "" {
		return r, false, true
	}
	r.low, r.high, ok = span(s)
	return r, ok, ok
}

// field returns a string member of a JSON object, "" where there is none.
func field(object []byte, name string) string {
	out := ""
	rawjson.Members(object, func(n, v []byte) {
		if string(n) == name {
			out = text(v)
		}
	})
	return out
}

// text returns what a JSON string says, "" for anything else.
func text(v []byte) string {
	if len(v) < 2 || v[0] != '"' {
		return ""
	}
	for _, c := range v {
		if c == '\\' {
			var s string
			if json.Unmarshal(v, &s) != nil {
				return ""
			}
			return s
		}
	}
	return string(v[1 : len(v)-1])
}
