package fhir

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"handover/internal/shareddata"
)

func TestTypesKnowBasesAndElementsInOrder(t *testing.T) {
	d := Definitions()
	patient := d.Type("Patient")
	var names []string
	for _, e := range patient.Elements {
		names = append(names, e.Name)
	}
	want := "id meta implicitRules language text contained extension modifierExtension identifier active name telecom " +
		"gender birthDate deceased[x] address maritalStatus multipleBirth[x] photo contact communication " +
		"generalPractitioner managingOrganization link"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("elements of Patient:\ngot  %s\nwant %s", got, want)
	}
	for _, pair := range [][2]string{{"Patient", "DomainResource"}, {"Patient", "Resource"}, {"Bundle", "Resource"},
		{"Age", "Quantity"}, {"code", "string"}, {"Patient.contact", "BackboneElement"}, {"Patient.contact", "Element"}} {
		if !d.IsA(pair[0], pair[1]) {
			t.Errorf("%s is not a %s", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"Bundle", "DomainResource"}, {"Quantity", "Age"}, {"none", "Resource"}} {
		if d.IsA(pair[0], pair[1]) {
			t.Errorf("%s is a %s", pair[0], pair[1])
		}
	}
	if d.Type("none") != nil || d.IsResource("Resource") || d.IsResource("HumanName") || !d.IsResource("Patient") {
		t.Error("wrong about what is a resource")
	}
}

func TestElementsKeepWhatTheDefinitionsSay(t *testing.T) {
	d := Definitions()
	link := d.Type("Patient").Element("link")
	if link.Min != 0 || link.Max != Many || !link.IsList() || !link.Modifier || !link.Summary {
		t.Errorf("Patient.link: %+v", link)
	}
	gender := d.Type("Patient").Element("gender")
	if gender.Strength != "required" || gender.IsList() {
		t.Errorf("Patient.gender: %+v", gender)
	}
	if has, known := d.ValueSet(gender.ValueSet).Has("http://hl7.org/fhir/administrative-gender", "female"); !has || !known {
		t.Error("female is not in the value set of Patient.gender")
	}
	if has, known := d.ValueSet("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1").Has("", "f"); has || !known {
		t.Error("f is in the value set of Patient.gender")
	}
	if _, known := d.ValueSet("mimetypes").Has("", "text/plain"); known {
		t.Error("media types are no code list")
	}
	deceased := d.Type("Patient").Element("deceased[x]")
	if !deceased.IsChoice() || deceased.BaseName() != "deceased" || len(deceased.Types) != 2 {
		t.Errorf("Patient.deceased[x]: %+v", deceased)
	}
	if id := d.Type("Patient").Element("id"); id.Types[0].Type.Name != "id" {
		t.Error("Resource.id is no id")
	}
	org := d.Type("Patient").Element("managingOrganization").Types[0]
	if org.Type.Name != "Reference" || len(org.Targets) != 1 || org.Targets[0] != "Organization" {
		t.Errorf("Patient.managingOrganization: %+v", org)
	}
	item := d.Type("Questionnaire.item").Element("item")
	if item.Reference != "Questionnaire.item" || item.Types[0].Type != d.Type("Questionnaire.item") {
		t.Errorf("Questionnaire.item.item: %+v", item)
	}
}

func TestPropertiesOfAChoice(t *testing.T) {
	observation := Definitions().Type("Observation")
	quantity := observation.Property("valueQuantity")
	if quantity == nil || quantity.Element.Name != "value[x]" || quantity.Type.Name != "Quantity" {
		t.Errorf("valueQuantity: %+v", quantity)
	}
	if p := observation.Property("_valueString"); p == nil || !p.Shadow || p.Type.Name != "string" {
		t.Errorf("_valueString: %+v", p)
	}
	for _, name := range []string{"value", "value[x]", "_valueQuantity", "valueAddress", "resourceType"} {
		if observation.Property(name) != nil {
			t.Errorf("Observation has a property %s", name)
		}
	}
	for _, c := range [][3]string{{"value", "Quantity", "valueQuantity"}, {"value", "dateTime", "valueDateTime"}, {"status", "code", "status"},
		{"value", "Address", ""}, {"status", "string", ""}, {"valueQuantity", "Quantity", ""}, {"none", "", ""}} {
		got := ""
		if p := observation.Choice(c[0], c[1]); p != nil {
			got = p.Name
		}
		if got != c[2] {
			t.Errorf("%s of type %s is %q, want %q", c[0], c[1], got, c[2])
		}
	}
	if Definitions().Type("Extension").Property("_url") != nil {
		t.Error("Extension.url, an attribute, has extensions")
	}
}

// The parser counts what it has seen in a set of 512 bits.
func TestNoTypeHasMorePropertiesThanTheParserCounts(t *testing.T) {
	for typ := range Definitions().Types() {
		if n := len(typ.properties()); n > 8*64 {
			t.Errorf("%s has %d properties", typ.Name, n)
		}
	}
}

func TestSearchParameters(t *testing.T) {
	d := Definitions()
	patient := d.SearchParameter("Observation", "patient")
	if patient == nil || patient.Type != "reference" || patient.Expression != "Observation.subject.where(resolve() is Patient)" {
		t.Errorf("Observation patient: %+v", patient)
	}
	if p := d.SearchParameter("Patient", "_lastUpdated"); p == nil || p.Base != "Resource" {
		t.Errorf("Patient _lastUpdated: %+v", p)
	}
	composite := d.SearchParameter("Observation", "code-value-quantity")
	if len(composite.Components) != 2 || composite.Components[0].Code != "code" {
		t.Errorf("Observation code-value-quantity: %+v", composite)
	}
	if d.SearchParameter("Patient", "none") != nil {
		t.Error("found a parameter that is not there")
	}
	codes := map[string]bool{}
	for _, p := range d.SearchParameters("Encounter") {
		if codes[p.Code] {
			t.Errorf("Encounter has %s twice", p.Code)
		}
		codes[p.Code] = true
	}
	if !codes["patient"] || !codes["_id"] || !codes["date"] {
		t.Error("Encounter lacks parameters")
	}
	if got := d.Compartment("Patient").Params["AllergyIntolerance"]; strings.Join(got, " ") != "patient recorder asserter" {
		t.Errorf("AllergyIntolerance in the Patient compartment by %v", got)
	}
}

func TestAnyOtherFormatIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "handover-fhir-definitions\t2\t4.0.1\n",
		definitionsHeader + "\nnews\tx\n",
		definitionsHeader + "\ntype\tA\tcomplex\t-\n",
		definitionsHeader + "\ntype\tA\tstrange\t-\t-\n",
		definitionsHeader + "\ntype\tA\tprimitive\t-\t-\n",
		definitionsHeader + "\ntype\tA\tcomplex\tB\t-\n",
		definitionsHeader + "\ntype\tA\tcomplex\t-\t-\n\tx\t0..1\t-\tB\t-\n",
		definitionsHeader + "\ntype\tA\tcomplex\t-\t-\n\tx\tone\t-\tA\t-\n",
		definitionsHeader + "\ntype\tA\tcomplex\t-\t-\n\tx\t0..n\t-\tA\t-\n",
	} {
		if _, err := readDefinitions(text); err == nil {
			t.Errorf("accepted %q", text)
		}
	}
}

// The kept file is what the generator makes of the official package today.
func TestDefinitionsAreGenerated(t *testing.T) {
	from := shareddata.Dir(t, "fhir-r4-core-4.0.1")
	to := filepath.Join(t.TempDir(), "definitions.txt")
	if out, err := exec.Command("go", "run", "./internal/gen", "-from", from, "-to", to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, []byte(definitionsText)) {
		t.Error("definitions.txt is not what the generator writes: run go generate ./fhir")
	}
}

// patterns are the package's regular expressions, of which the hand-written
// checks must not accept more. They are RE2 already.
func patterns(t testing.TB) map[string]*regexp.Regexp {
	all := map[string]*regexp.Regexp{}
	for name := range primitiveNames {
		if p := Definitions().Type(name).Pattern; p != "" {
			re, err := regexp.Compile("^(?:" + p + ")$")
			if err != nil {
				t.Fatal(err)
			}
			all[name] = re
		}
	}
	return all
}
