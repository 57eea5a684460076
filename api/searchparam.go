package api

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"handover"
	"handover/fhir"
	"handover/record"
)

// searchParams knows by what each resource type can be searched: what the
// record indexes, if R4 defines it for the type.
type searchParams struct{ index record.Indexer }

func newSearchParams() searchParams { return searchParams{record.Standard()} }

// always are the parameters that need no index.
var always = []string{"_id", "_lastUpdated"}

// of lists the parameters of a type, in the order of their codes.
func (s searchParams) of(resourceType string) []*fhir.SearchParameter {
	var out []*fhir.SearchParameter
	for _, p := range fhir.Definitions().SearchParameters(resourceType) {
		if slices.Contains(always, p.Code) || s.indexed(resourceType, p.Code) {
			out = append(out, p)
		}
	}
	return out
}

// indexed reports whether the record finds resources by the parameter. It finds
// by patient whatever has a subject, as record.Search does.
func (s searchParams) indexed(resourceType, code string) bool {
	return s.index.Kind(resourceType, code) != 0 ||
		code == "patient" && s.index.Kind(resourceType, "subject") != 0
}

// check refuses what the record would not do, or would silently find nothing by.
func (s searchParams) check(resourceType string, c record.Condition) error {
	known := s.of(resourceType)
	i := slices.IndexFunc(known, func(p *fhir.SearchParameter) bool { return p.Code == c.Param })
	name := c.Param
	if c.Modifier != "" {
		name += ":" + c.Modifier
	}
	if i < 0 {
		return unsupportedParam(name, resourceType+" can be searched by "+codes(known)+", and not by this")
	}
	if c.Modifier == "" {
		return nil
	}
	p := known[i]
	if p.Type != "reference" || !fhir.Definitions().IsResource(c.Modifier) {
		return unsupportedParam(name, "the modifier is not supported")
	}
	if p.Targets != nil && !slices.Contains(p.Targets, c.Modifier) {
		return &handover.Error{Op: "reading a search", Kind: handover.Invalid, Where: name,
			Err: errors.New("it refers to " + strings.Join(p.Targets, ", "))}
	}
	return nil
}

func codes(params []*fhir.SearchParameter) string {
	var out []string
	for _, p := range params {
		out = append(out, p.Code)
	}
	return strings.Join(out, ", ")
}

func unsupportedParam(name, why string) error {
	return &handover.Error{Op: "reading a search", Kind: handover.Unsupported, Where: name, Err: errors.New(why)}
}

// joinFaults makes one refusal of what is wrong with the parameters. Its status
// is 400 also for what is not supported (FHIR R4 §3.1.1.4.2).
func joinFaults(faults []error) error {
	if len(faults) == 0 {
		return nil
	}
	return &handover.Error{Op: "reading the parameters", Kind: handover.Invalid, Err: errors.Join(faults...)}
}

func sortedNames(params url.Values) []string {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
