package record

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"handover/fhir"
	"handover/internal/shareddata"
)

// TestStandardAgreesWithFHIRPath compares what the short paths find in HL7's
// examples with what the search parameters' full expressions find there.
func TestStandardAgreesWithFHIRPath(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shareddata.Dir(t, "suites/r4-examples"), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	index := Standard()
	compared, values := 0, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		resource, problems := fhir.Parse(data)
		if resource == nil {
			t.Fatalf("%s: %v", file, problems)
		}
		name := resource.Type()
		found, err := index.Values(name, canonical(data))
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
		for _, param := range IndexedParams {
			if index.Kind(name, param) == 0 {
				continue
			}
			got, want := short(found, param), full(t, resource, name, param)
			compared, values = compared+1, values+len(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s: got %q, want %q", filepath.Base(file), param, got, want)
			}
		}
	}
	t.Logf("%d parameters of %d examples, %d values", compared, len(files), values)
	if values < 500 {
		t.Errorf("only %d values were compared", values)
	}
}

func short(values []Value, param string) []string {
	var out []string
	for _, v := range values {
		if v.Param == param {
			out = append(out, printed(v))
		}
	}
	return sorted(out)
}

func printed(v Value) string {
	switch v.Kind {
	case TokenParam:
		return v.System + "|" + v.Code
	case DateParam:
		return fmt.Sprint(v.Low, " ", v.High)
	}
	return v.Target
}

// full is what fhir finds, cut down to what Standard keeps: tokens with a code
// and no text, and references to resources.
func full(t *testing.T, resource *fhir.Resource, name, param string) []string {
	t.Helper()
	sp := fhir.Definitions().SearchParameter(name, param)
	list, err := resource.IndexValues(sp, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, v := range list {
		switch sp.Type {
		case "token":
			if v.Code != "" {
				out = append(out, printed(Value{Kind: TokenParam, System: v.System, Code: v.Code}))
			}
		case "date":
			low, high := int64(beginning), int64(end)
			if !v.Range.Low.IsZero() {
				low = v.Range.Low.UnixMicro()
			}
			if !v.Range.High.IsZero() {
				high = v.Range.High.UnixMicro()
			}
			out = append(out, printed(Value{Kind: DateParam, Low: low, High: high}))
		case "reference":
			if s := v.Reference.String(); s != "" {
				out = append(out, s)
			}
		}
	}
	return sorted(out)
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func TestPatientIsWhatSubjectSaysOfAPatient(t *testing.T) {
	index := Standard()
	if index.Kind("Observation", "patient") != 0 || index.Kind("Observation", "subject") != ReferenceParam {
		t.Error("Observation.subject is kept twice")
	}
	if index.Kind("AllergyIntolerance", "patient") != ReferenceParam {
		t.Error("AllergyIntolerance.patient is not indexed")
	}
	values, err := index.Values("Appointment", []byte(`{"resourceType":"Appointment","participant":[{"actor":{"reference":"Location/l"}},{"actor":{"reference":"Patient/p"}}]}`))
	if err != nil || len(values) != 1 || values[0].Target != "Patient/p" {
		t.Errorf("Appointment.patient: %+v, %v", values, err)
	}
	if _, err := index.Values("Patient", []byte(`[]`)); err == nil || strings.Contains(err.Error(), "[") {
		t.Errorf("what is no object: %v", err)
	}
}
