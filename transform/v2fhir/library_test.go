package v2fhir

import (
	"strings"
	"testing"
	"testing/fstest"
)

// What is wrong with a map is told with its file or rule, all of it at once.
func TestCompileReportsWhatIsWrong(t *testing.T) {
	files := fstest.MapFS{
		"maps/message/M.map": {Data: []byte("map message M\nserves M\n\n1 PID -> Patient[1] by PID-Patient\n    ref Patient[1].nothing -> Patient[1]\n2 PV1 -> Patient[1] by PV1-Encounter\n3 PD1 -> Patient[1] by PD1-Patient\n")},
		"maps/message/N.map": {Data: []byte("map message N\nlike O\nserves M\n")},
		"maps/segment/a.map": {Data: []byte("map segment PID-Patient : PID -> Patient\n\n1 PID-1 -> nmae\n2 PID-2 -> gender table Sexes\n3 PID-3 -> identifier by CX-Identifier\n4 PID-4 -> gender = nothing(PID-4)\n5 PID-5 -> gender\n    when PID-5 = 'x'\n")},
		"maps/segment/b.map": {Data: []byte("map segment PV1-Encounter : PV1 -> Encounter\n\n1 PV1-2 -> status\n")},
	}
	source, err := readMaps(files)
	if err != nil {
		t.Fatal(err)
	}
	_, err = compile(source)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"message/M:1: Patient has no element nothing", "message/M:2: PV1-Encounter makes a Encounter, not a Patient", "segment/PD1-Patient: there is no such map",
		"message/N: there is no map O to be like", "message/N: M is served by M too", "segment/PID-Patient:1: Patient has no element nmae",
		"segment/PID-Patient:2: there is no map table/Sexes", "segment/PID-Patient:3: there is no map datatype/CX-Identifier",
		"segment/PID-Patient:4: there is no function nothing", "segment/PID-Patient:5: condition: 1:1: expected v2(",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
}

func TestReadMapsRefuses(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"a.map: line 1: unknown word":      {"maps/a.map": {Data: []byte("nonsense\n")}},
		"there are two maps message/ADT_1": {"maps/a.map": {Data: []byte("map message ADT_1\n")}, "maps/b.map": {Data: []byte("map message ADT_1\n")}},
	} {
		if _, err := readMaps(files); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

func BenchmarkReadAndCompileMaps(b *testing.B) {
	for b.Loop() {
		source, err := readMaps(mapFiles)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := compile(source); err != nil {
			b.Fatal(err)
		}
	}
}
