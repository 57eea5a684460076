package oracle

import (
	"regexp"
	"strings"
)

// step is one element of a path: name, the [n] of HL7's notation, and, where
// the path goes on inside another resource, that resource's type.
type step struct {
	name     string
	tag      string // "1" where nothing is said; "each" for [each]
	resource string // "Practitioner": the element refers to one, and the path goes on there
}

// parsePath reads "participant[1].individual(Practitioner.name)". A missing
// closing parenthesis does not matter.
func parsePath(s string) []step {
	var steps []step
	s = strings.NewReplacer(")", "", " ", "", "//", "", "[1-3]", "", "[1-6]", "[*]", "}", "]", ".(", "(").Replace(s)
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '.' }) {
		head, inner, nested := strings.Cut(part, "(")
		if head != "" && (head != "reference" || len(steps) == 0) {
			steps = append(steps, parseStep(head))
		}
		for nested {
			var name string
			name, inner, nested = strings.Cut(inner, "(")
			steps[len(steps)-1].resource = resourceName(name)
		}
	}
	return steps
}

var tagged = regexp.MustCompile(`^([^\[]*)\[([^\]]*)\]?`)

func parseStep(s string) step {
	if m := tagged.FindStringSubmatch(s); m != nil {
		return step{name: m[1], tag: m[2]}
	}
	return step{name: s, tag: "1"}
}

// resourceName takes [1] off, before or behind.
func resourceName(s string) string {
	if strings.HasPrefix(s, "[") {
		_, s, _ = strings.Cut(s, "]")
	}
	s, _, _ = strings.Cut(s, "[")
	s, _, _ = strings.Cut(s, "|")
	return s
}

// mend corrects what is plainly a slip of the pen in a path, and says why a
// path cannot be followed.
func mend(sheet, path string) (mended, why string) {
	for _, m := range slips {
		path = m.slip.ReplaceAllString(path, m.meant)
	}
	for _, u := range unusable {
		if (u.sheet == "" || u.sheet == sheet) && u.path.MatchString(path) {
			return path, u.why
		}
	}
	return path, ""
}

// slips are elements that R4 does not have, where only one can be meant.
var slips = []struct {
	slip  *regexp.Regexp
	meant string
}{
	{regexp.MustCompile(`coding\.value$`), "coding.code"},
	{regexp.MustCompile(`coding\.(uri|sytem)\b`), "coding.system"},
	{regexp.MustCompile(`(extension\[\d\])\.uri$`), "$1.url"},
	{regexp.MustCompile(`valuedateTime`), "valueDateTime"},
	{regexp.MustCompile(`valueSampedData`), "valueSampledData"},
	{regexp.MustCompile(`^payer`), "payor"},
	{regexp.MustCompile(`\bpractioner`), "practitioner"},
	{regexp.MustCompile(`Practioner\.`), "Practitioner."},
	{regexp.MustCompile(`organziation`), "organization"},
	{regexp.MustCompile(`PractitionerRole\.Practitioner`), "PractitionerRole.practitioner"},
	{regexp.MustCompile(`occurrenceTIming`), "occurrenceTiming"},
	{regexp.MustCompile(`(?i)occurr?ence?Timing\.bounds|occurneceTiming\.bounds`), "occurrenceTiming.repeat.bounds"},
	{regexp.MustCompile(`occurenceTiming`), "occurrenceTiming"},
	{regexp.MustCompile(`occurrenceTiming\.duration`), "occurrenceTiming.repeat.duration"},
	{regexp.MustCompile(`^occurred$`), "occurredDateTime"},
	{regexp.MustCompile(`medication\(Medication`), "medicationReference(Medication"},
	{regexp.MustCompile(`\(Annotation\.text\)`), ".text"},
	{regexp.MustCompile(`^note\(Annotation`), "note(Annotation"},
	{regexp.MustCompile(`^content\[(\d)\]\.(data|contentType|url)$`), "content[$1].attachment.$2"},
	{regexp.MustCompile(`system\.extension-data-absent-reason`), "system.extension[1].valueCode"},
}

// unusable are paths that R4 does not have, and nobody can say what is meant.
var unusable = []struct {
	sheet string
	path  *regexp.Regexp
	why   string
}{
	{"XAD[Address]", regexp.MustCompile(`^extension\[2\]`), "an extension without a URL"},
	{"", regexp.MustCompile(`^Operation$`), "not an element"},
	{"CWE[Identifier]", regexp.MustCompile(`\]\.name$`), "Identifier has no name"},
	{"PR1[Procedure]", regexp.MustCompile(`code\[1\]\.value`), "CodeableConcept has no value"},
	{"CWE[Observation-SupportingInfo]", regexp.MustCompile(`.`), "no sheet uses it"},
	{"PV1[Basic-EncounterHistory]", regexp.MustCompile(`^extension|^location`), "elements of R5's EncounterHistory, which R4's Basic does not have"},
	{"ROL[Encounter-PractitionerRole]", regexp.MustCompile(`individual.reference$`), "a reference is no Identifier"},
	{"PV2[Encounter]", regexp.MustCompile(`^text\.div`), "a narrative cannot be computed"},
	{"OBX[Observation]", regexp.MustCompile(`Group\.member`), "a Group of unstated kind"},
	{"OBX[Observation-Component]", regexp.MustCompile(`Group\.member`), "a Group of unstated kind"},
	{"DG1[Encounter]", regexp.MustCompile(`^diagnosis\.condition`), "the Condition that DG1[Condition] makes, once more"},
	{"DG1[EpisodeOfCare]", regexp.MustCompile(`^diagnosis\.condition`), "the Condition that DG1[Condition] makes, once more"},
	{"PRT[Observation-Location]", regexp.MustCompile(`^extension\[2\]`), "an Address is no Reference"},
	{"PRT[CareTeam]", regexp.MustCompile(`coveragePeriod|onBehalfOf|^participant\.member`), "CareTeam has no such element, or which participant is meant is not said"},
	{"EVN[Provenance]", regexp.MustCompile(`^reason\.extension`), "a data-absent-reason is a code, not a CodeableConcept"},
}
