package hl7v2

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"handover/internal/shareddata"
)

func TestEveryStructureParses(t *testing.T) {
	for _, name := range StructureNames() {
		s := LookupStructure(name)
		if !s.root.leads("MSH") {
			t.Errorf("%s does not begin with MSH", name)
		}
		again, err := (&structureSet{}).parse(name, s.Syntax())
		if err != nil {
			t.Errorf("%s: its own syntax does not parse: %v", name, err)
		} else if again.Syntax() != s.Syntax() {
			t.Errorf("%s: syntax changes when it is read again", name)
		}
	}
	t.Logf("%d structures, %d events", len(StructureNames()), len(structures().events))
}

func TestStructureFaults(t *testing.T) {
	for body, want := range map[string]string{
		"MSH [PID":        "] is missing",
		"MSH [PID PD1]":   "needs a group name",
		"MSH PIDX":        "no segment",
		"MSH %nothing":    "not defined",
		"MSH {A: PID)":    "} is missing",
		"MSH [{A: PID}] ": "",
	} {
		_, err := (&structureSet{}).parse("X", body)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", body, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) && !strings.Contains(err.Error(), "no segment")):
			t.Errorf("%s: error %v, want %s", body, err, want)
		}
	}
	if _, err := parseStructures("A (X^1) = MSH\nB (X^1) = MSH\n"); err == nil {
		t.Error("an event with two structures is accepted")
	}
	if _, err := parseStructures("A = MSH\nA = MSH\n"); err == nil {
		t.Error("a structure that stands twice is accepted")
	}
}

func TestStructureOf(t *testing.T) {
	for _, c := range [][4]string{
		{"ADT", "A04", "", "ADT_A01"},
		{"ADT", "A08", "ADT_A01", "ADT_A01"},
		{"ADT", "A31", "ADT_A31", "ADT_A05"}, // no such structure: by the event
		{"ADT", "A40", "ADT_A39", "ADT_A39"},
		{"ORU", "R01", "ORU_R01", "ORU_R01"},
		{"ACK", "A01", "", "ACK"},
		{"ACK", "", "", "ACK"},
		{"RDE", "O01", "", "RDE_O11"},
		{"RDE", "O01", "RDE_O01", "RDE_O11"},
		{"ORU", "R31", "ORU_R31", "ORU_R30"},
		{"OMD", "O01", "", "OMD_O03"},
		{"ADT", "Z99", "", ""},
		{"ZZZ", "Z01", "ZZZ_Z01", ""},
	} {
		if got := StructureOf(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("%s^%s^%s: %q, want %q", c[0], c[1], c[2], got, c[3])
		}
	}
}

// TestMessageMaps holds the structures against HL7's published message maps.
func TestMessageMaps(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shareddata.Dir(t, "v2-to-fhir/mappings/messages"), "*.csv"))
	if err != nil || len(files) != 13 {
		t.Fatalf("%d message maps, want 13 (%v)", len(files), err)
	}
	for _, file := range files {
		name := regexp.MustCompile(`R4_ (\w+)`).FindStringSubmatch(file)[1]
		want, err := (&structureSet{}).parse(name, mapSyntax(t, file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := LookupStructure(name).Syntax(); got != want.Syntax() {
			t.Errorf("%s\n got %s\nwant %s", name, got, want.Syntax())
		}
	}
}

var (
	spaces     = regexp.MustCompile(`\s+`)
	groupBegin = regexp.MustCompile(`(\w+) begin`)
)

// mapSyntax puts the Syntax column of a message map together. A segment has a
// row for each resource it makes, so a row that repeats the one before, but for
// its mapping, is the same place.
func mapSyntax(t *testing.T, file string) string {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	last := ""
	for _, row := range rows[2:] {
		order, id, syntax, title := row[0], row[1], spaces.ReplaceAllString(row[2], ""), row[3]
		// In ORU_R01 two of PID's rows have "b" for their order.
		if place := order + syntax; syntax == "" || place == last || order == "b" && strings.HasSuffix(last, syntax) {
			continue
		}
		last = order + syntax
		b.WriteString(syntax)
		if m := groupBegin.FindStringSubmatch(title); m != nil && strings.Trim(syntax, "[{") == "" {
			b.WriteString(m[1] + ":")
		} else if strings.HasSuffix(id, ".CHOICE") || strings.HasSuffix(id, ".CHOICE.OBR") {
			continue
		}
		if !strings.HasSuffix(syntax, "|") && !strings.Contains(id, ".CHOICE") {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// notInV2 are rows of table 0354 that no message has: slips of the pen, and
// structures of versions after v2.9 or before v2.4 of which only the name is
// known.
const notInV2 = "BRP_030 DBC_O42 QBP_Qnn RTB_Knn ORM_Q06 ORR_Q06 SRM_T12 SRR_T12 ARD_A19 RPI_I0I RQI_I0I " +
	"RAS_O02 SDR_S32 SET_S38 SET_S40 SET_S41 SET_S45 SET_S50 SET_S52"

// TestTable0354 holds the structures against the standard's list: each is
// there, or its event is served by another.
func TestTable0354(t *testing.T) {
	table, _ := LookupTable("0354")
	if len(table.Codes) < 200 {
		t.Fatalf("table 0354 has %d codes", len(table.Codes))
	}
	left := strings.Fields(notInV2)
	for _, c := range table.Codes {
		code, trigger, _ := strings.Cut(c.Code, "_")
		known := StructureOf(code, trigger, c.Code) != ""
		if at := slices.Index(left, c.Code); at >= 0 {
			left = slices.Delete(left, at, at+1)
			if known {
				t.Errorf("%s is known and stands in the list of those that are not", c.Code)
			}
		} else if !known {
			t.Errorf("%s is not known", c.Code)
		}
	}
	if len(left) > 0 {
		t.Errorf("not in table 0354: %v", left)
	}
}
