package hl7v2_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handover/hl7v2"
)

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]hl7v2.Address{
		"PV1":           {Segment: "PV1"},
		"OBX[3]":        {Segment: "OBX", Occurrence: 3},
		"PID-5":         {Segment: "PID", Field: 5},
		"PID-5.1":       {Segment: "PID", Field: 5, Component: 1},
		"PID-3[2].4.2":  {Segment: "PID", Field: 3, Repetition: 2, Component: 4, Subcomponent: 2},
		"OBX[3]-5":      {Segment: "OBX", Occurrence: 3, Field: 5},
		"ZA1[12]-34[5]": {Segment: "ZA1", Occurrence: 12, Field: 34, Repetition: 5},
		"ORDER_OBSERVATION[2].OBX[1]-5": {
			Segment: "OBX", Occurrence: 1, Field: 5, Group: []string{"ORDER_OBSERVATION[2]"}},
		"PATIENT_RESULT.ORDER_OBSERVATION[2].OBX": {
			Segment: "OBX", Group: []string{"PATIENT_RESULT", "ORDER_OBSERVATION[2]"}},
	} {
		got, err := hl7v2.ParseAddress(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		if got.String() != text {
			t.Errorf("%s is written %s", text, got)
		}
	}
}

func TestBadAddresses(t *testing.T) {
	for text, at := range map[string]int{
		"": 0, "pid-5": 0, "PI-5": 0, "PATIENT-5": 0, "1ID-5": 0, "PID-": 4, "PID-x": 4, "PID-0": 4, "PID-05": 4,
		"PID-5.": 6, "PID-5.1.": 8, "PID-5.1.2.3": 9, "PID-5[": 6, "PID-5[2": 7, "PID-5[0]": 6, "PID[]-5": 4,
		"PID-5 ": 5, "PID.5": 4, "PATIENT.": 8, "PATIENT..PID": 8, "PID-99999999999999999999": 4, "PID-1[2][3]": 8,
		"PID5": 0, "PID_1": 0,
	} {
		_, err := hl7v2.ParseAddress(text)
		var bad *hl7v2.AddressError
		if !errors.As(err, &bad) {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if bad.Byte != at {
			t.Errorf("%q: position %d (%v), want %d", text, bad.Byte, err, at)
		}
	}
}

// order is a result with two orders, the second without a first OBX-5.
const order = "MSH|^~\\&|A|B|C|D|20260102||ORU^R01^ORU_R01|1|P|2.5.1\r" +
	"PID|1||P1~P2^^^AA&1.2\r" +
	"OBR|1\rOBX|1|TX|||one~uno\rOBX|2|TX|||two\r" +
	"OBR|2\rOBX|1|TX|||\"\"\rOBX|2|TX|||\rOBX|3|TX|||five^six"

func TestAddressErrorsSayWhere(t *testing.T) {
	_, err := hl7v2.ParseAddress("PID-x")
	if want := `address "PID-x", character 5: a number is needed`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("MustParseAddress takes anything")
		}
	}()
	hl7v2.MustParseAddress("PID-x")
}

func TestAt(t *testing.T) {
	m := parse(t, order)
	for addr, want := range map[string]string{
		"PID-3": "P1~P2^^^AA&1.2", "PID-3.1": "P1", "PID-3[2].1": "P2", "PID-3[2].4.2": "1.2", "PID-3[2].4.1": "AA",
		"OBX-5": "one~uno", "OBX-5[2]": "uno", "OBX[2]-5": "two", "OBX[5]-5.2": "six", "OBX[6]-5": "", "OBX[4]-5": "",
		"PID": "PID|1||P1~P2^^^AA&1.2", "MSH-9.2": "R01", "nonsense": "", "MSH-2": "^~\\&",
	} {
		if got := m.Get(addr).Text(); got != want {
			t.Errorf("%s is %q, want %q", addr, got, want)
		}
	}
}

func TestGroupAddresses(t *testing.T) {
	m := parse(t, order)
	for addr, want := range map[string][]string{
		"ORDER_OBSERVATION[2].OBX[3]-5.1":                          {"five"},
		"ORDER_OBSERVATION[2].OBX-1":                               {"1", "2", "3"},
		"ORDER_OBSERVATION.OBX[2]-1":                               {"2", "2"},
		"ORDER_OBSERVATION.OBSERVATION[2].OBX-1":                   {"2", "2"},
		"PATIENT_RESULT.ORDER_OBSERVATION[1].OBSERVATION[2].OBX-5": {"two"},
		"PATIENT.PID-3.1":                                          {"P1", "P2"},
		"ORDER_OBSERVATION[3].OBX":                                 nil,
		"OBSERVATION.OBR":                                          nil,
		"SPECIMEN.OBX":                                             nil,
		"ORDER_OBSERVATION.OBR-1":                                  {"1", "2"},
	} {
		var got []string
		for v := range m.Every(hl7v2.MustParseAddress(addr)) {
			got = append(got, v.Text())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
		first := ""
		if len(want) > 0 {
			first = want[0]
		}
		if got := m.Get(addr).Repetition(1).Text(); got != first && m.Get(addr).Text() != first {
			t.Errorf("%s: the first is %q, want %q", addr, got, first)
		}
	}
}

func TestEvery(t *testing.T) {
	m := parse(t, order)
	for addr, want := range map[string][]string{
		"PID-3.1":   {"P1", "P2"},
		"PID-3.4.1": {"AA"},
		"PID-3[2]":  {"P2^^^AA&1.2"},
		"OBX-5":     {"one", "uno", "two", "", "five^six"},
		"OBX-5[2]":  {"uno"},
		"OBX[1]-5":  {"one", "uno"},
		"OBX-5.2":   {"six"},
		"OBX-1":     {"1", "2", "1", "2", "3"},
		"OBR":       {"OBR|1", "OBR|2"},
		"ZZZ-1":     nil,
	} {
		var got []string
		for v := range m.Every(hl7v2.MustParseAddress(addr)) {
			got = append(got, v.Text())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	for range m.Every(hl7v2.MustParseAddress("OBX-5")) {
		break // stops without complaint
	}
}

func TestLocate(t *testing.T) {
	m := parse(t, order)
	for _, addr := range []string{"PID-3[2].4.2", "PID-3[1]", "OBX[1]-5[2]", "OBX[5]-5.2", "MSH-9.3", "PID-1", "OBR[2]-1", "MSH-2", "MSH-1"} {
		at, ok := m.Locate(m.Get(addr).Byte())
		if !ok || at.String() != addr {
			t.Errorf("%s is located at %s", addr, at)
		}
	}
	if at, _ := m.Locate(m.First("PID").Byte() + 1); at.String() != "PID" {
		t.Errorf("a name is located at %s", at)
	}
	if _, ok := m.Locate(len(m.Bytes()) + 5); ok {
		t.Error("located a byte that is not there")
	}
}
