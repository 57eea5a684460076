package pairs

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handover/hl7v2"
	"handover/internal/shareddata"
	"handover/test/mapping/converted"
	"handover/test/mapping/forest"
)

// pair is a message and the FHIR that somebody else makes of it.
type pair struct{ name, message, bundle string }

// find returns CDC's pairs in the order of their names, and HL7's sample.
func find(t *testing.T) []pair {
	var pairs []pair
	base := shareddata.Dir(t, "hl7v2/CDCgov+prime-reportstream/files/prime-router/src/testIntegration/resources/datatests")
	for _, folder := range []string{"mappinginventory", "HL7_to_FHIR"} {
		err := filepath.WalkDir(filepath.Join(base, folder), func(path string, d fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".hl7") {
				pairs = append(pairs, pair{folder + "/" + d.Name(), path, strings.TrimSuffix(path, ".hl7") + ".fhir"})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	samples := shareddata.Dir(t, "v2-to-fhir/samples")
	return append(pairs, pair{"MDM_T02", filepath.Join(samples, "messages", "Message.hl7_MDM_T02.txt"),
		filepath.Join(samples, "fhir-bundles", "FHIR_bundle.hl7_MDM_T02.json")})
}

// read returns the message, with the line ends of the standard, and the Bundle.
func (p pair) read(t *testing.T) (m *hl7v2.Message, bundle []byte) {
	data, err := os.ReadFile(p.message)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("\r\n", "\r", "\n", "\r").Replace(strings.TrimSpace(string(data)))
	if m, _ = hl7v2.Parse([]byte(text)); m == nil {
		t.Fatalf("%s is no message", p.name)
	}
	if bundle, err = os.ReadFile(p.bundle); err != nil {
		t.Fatal(err)
	}
	return m, bundle
}

// sourcesOf reads JSON, or XML: HL7's sample is XML under a name in .json.
func sourcesOf(bundle []byte) ([]forest.Source, error) {
	if bytes.HasPrefix(bundle, []byte("<")) {
		return converted.XMLSources(bundle)
	}
	return converted.Sources(bundle)
}
