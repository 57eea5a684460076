package fhir

import (
	_ "embed"
	"iter"
	"slices"
	"strings"
	"sync"
)

//go:embed definitions.txt
var definitionsText string

// Defs is what the official R4 package defines. It is safe for concurrent use
// and never changes.
type Defs struct {
	types        map[string]*Type
	names        []string // of all types, in the file's order
	searches     map[string][]*SearchParameter
	compartments map[string]*Compartment
	valueSets    map[string]*ValueSet
}

// Definitions returns HL7's R4 definitions, which are read when they are first
// asked for.
var Definitions = sync.OnceValue(func() *Defs {
	d, err := readDefinitions(definitionsText)
	if err != nil {
		panic("fhir: the embedded definitions are broken: " + err.Error()) // a test reads them
	}
	return d
})

// Type returns the type of that name: "Patient", "HumanName", "dateTime", or
// for an inner element its path, "Patient.contact". nil if there is none.
func (d *Defs) Type(name string) *Type { return d.types[name] }

// Types yields all types, bases before what is derived from them.
func (d *Defs) Types() iter.Seq[*Type] {
	return func(yield func(*Type) bool) {
		for _, name := range d.names {
			if !yield(d.types[name]) {
				return
			}
		}
	}
}

// IsA reports whether the type named name is base or derived from it:
// IsA("Patient", "Resource"), IsA("Age", "Quantity").
func (d *Defs) IsA(name, base string) bool {
	for t := d.types[name]; t != nil; t = t.Base {
		if t.Name == base {
			return true
		}
	}
	return false
}

// IsResource reports whether name is a resource type that can be instantiated.
func (d *Defs) IsResource(name string) bool {
	t := d.types[name]
	return t != nil && t.Kind == KindResource && !t.Abstract
}

// ValueSet returns the value set of a canonical URL (a version after "|" is
// ignored) or of its last part where it is one of http://hl7.org/fhir/ValueSet/.
// Only sets with a required binding are known; nil for others.
func (d *Defs) ValueSet(url string) *ValueSet {
	url, _, _ = strings.Cut(url, "|")
	return d.valueSets[strings.TrimPrefix(url, valueSetBase)]
}

// Compartment returns the compartment of a resource type ("Patient",
// "Encounter" ...), nil if there is none.
func (d *Defs) Compartment(resourceType string) *Compartment { return d.compartments[resourceType] }

// SearchParameters returns the parameters of a resource type, those of its
// bases included (_id, _lastUpdated ...), in the order of their codes.
func (d *Defs) SearchParameters(resourceType string) []*SearchParameter {
	var all []*SearchParameter
	for t := d.types[resourceType]; t != nil; t = t.Base {
		all = append(all, d.searches[t.Name]...)
	}
	slices.SortFunc(all, func(a, b *SearchParameter) int { return strings.Compare(a.Code, b.Code) })
	return all
}

// SearchParameter returns one parameter of a resource type, nil if there is
// none.
func (d *Defs) SearchParameter(resourceType, code string) *SearchParameter {
	for t := d.types[resourceType]; t != nil; t = t.Base {
		for _, p := range d.searches[t.Name] {
			if p.Code == code {
				return p
			}
		}
	}
	return nil
}

// SearchParameter is one way to search a resource type (FHIR R4 §3.1.1).
type SearchParameter struct {
	Base       string   // the type that declares it: "Observation", "Resource"
	Code       string   // as it stands in a URL: "code-value-quantity"
	Type       string   // number date string token reference composite quantity uri special
	Targets    []string // for reference: resource types; nil: any
	Expression string   // FHIRPath, cut down to what concerns Base; "" where the package gives none
	Components []SearchComponent

	index indexer
}

// SearchComponent is a part of a composite parameter.
type SearchComponent struct {
	Code       string // of another parameter of the same type
	Expression string // FHIRPath, from each result of the composite's expression
}

// Compartment says which parameters put a resource into the compartment of
// another (FHIR R4 §2.44).
type Compartment struct {
	Of     string              // resource type: "Patient"
	Params map[string][]string // by resource type: parameter codes
}

// ValueSet is a value set with a required binding.
type ValueSet struct {
	URL  string
	Open bool // not a code list: Codes is nil, and membership is unknown here
	// Codes by code system URL, in the order of the package.
	Codes map[string][]string
}

// Has reports whether the code is in the set; system "" means any of the set's
// systems. known is false where the set is not a code list.
func (v *ValueSet) Has(system, code string) (has, known bool) {
	if v.Open {
		return false, false
	}
	for s, codes := range v.Codes {
		if (system == "" || system == s) && slices.Contains(codes, code) {
			return true, true
		}
	}
	return false, true
}
