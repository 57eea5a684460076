package v2fhir

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"handover/fhir"
	"handover/transform/v2fhir/internal/mapfile"
)

//go:embed maps
var mapFiles embed.FS

// library holds every map, compiled.
type library struct {
	defs      *fhir.Defs
	segments  map[string]*segmentPlan
	tables    map[string]*table
	messages  map[string]*messagePlan  // by what they serve: "ADT_A01", "ADT^A04"
	resources map[string]*resourceKind // by type
	kinds     map[string]*segmentKind  // by segment
}

// shared is the one library: the maps are part of the program, so that a map
// that cannot be read is a fault of the program, and panics.
var shared = sync.OnceValue(func() *library {
	source, err := readMaps(mapFiles)
	if err != nil {
		panic("v2fhir: " + err.Error())
	}
	l, err := compile(source)
	if err != nil {
		panic("v2fhir: " + err.Error())
	}
	return l
})

// readMaps reads every map file below the folder maps.
func readMaps(files fs.FS) (map[string]*mapfile.Map, error) {
	maps := map[string]*mapfile.Map{}
	err := fs.WalkDir(files, "maps", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".map") {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		m, err := mapfile.Parse(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if maps[m.ID()] != nil {
			return fmt.Errorf("%s: there are two maps %s", path, m.ID())
		}
		maps[m.ID()] = m
		return nil
	})
	return maps, err
}

// message returns the map for a message: by its event, else by its structure,
// else the one for any message.
func (l *library) message(code, trigger, structure string) *messagePlan {
	for _, key := range []string{code + "^" + trigger, structure, code} {
		if p := l.messages[key]; p != nil {
			return p
		}
	}
	return l.messages["ANY"]
}
