package oracle

import "regexp"

// mendCondition corrects a condition that cannot be what its sheet means.
func mendCondition(sheet, rule, s string) string {
	for _, m := range conditionSlips {
		if m.sheet == sheet || m.sheet == rule {
			s = m.slip.ReplaceAllString(s, m.meant)
		}
	}
	return s
}

var conditionSlips = []struct {
	sheet string
	slip  *regexp.Regexp
	meant string
}{
	// TS is what versions before 2.6 call DTM.
	{"OBX[Observation]:15", regexp.MustCompile(`^IF OBX-2 IN \("DTM", "DT"\)$`), `IF OBX-2 IN ("DTM", "DT", "TS")`},
	{"OBX[Observation-Component]:16", regexp.MustCompile(`^IF OBX-2 IN \("DTM", "DT"\)$`), `IF OBX-2 IN ("DTM", "DT", "TS")`},
	// Row 6 makes an address without a kind an e-mail; no row gives that its
	// value, and a number beside it would become that.
	{"XTN[ContactPoint]:6", regexp.MustCompile(`^IF XTN.3 NOT VALUED AND XTN.4 VALUED$`), `IF XTN.3 NOT VALUED AND XTN.4 VALUED AND XTN.1 NOT VALUED AND XTN.7 NOT VALUED AND XTN.12 NOT VALUED`},
	{"XTN[ContactPoint]:7", regexp.MustCompile(`^IF XTN.3 NOT VALUED AND XTN.4 NOT VALUED$`), `IF XTN.3 NOT VALUED AND (XTN.4 NOT VALUED OR XTN.1 VALUED OR XTN.7 VALUED OR XTN.12 VALUED)`},
	{"XTN[ContactPoint]:8", regexp.MustCompile(`^IF XTN.3 IN \("Internet", "X.400"\)$`), `IF XTN.3 IN ("Internet", "X.400") OR (XTN.3 NOT VALUED AND XTN.1 NOT VALUED AND XTN.7 NOT VALUED AND XTN.12 NOT VALUED)`},
	// 999 is no amount (HL7 v2.5.1 §4.14.7.6).
	{"RXA[Immunization]:8", regexp.MustCompile(`^$`), `IF RXA-6 NOT EQUALS "999"`},
	// The narrative speaks of SN only.
	{"OBX[Observation]:24", regexp.MustCompile(`^$`), `IF OBX-2 EQUALS "SN"`},
	{"OBX[Observation-Component]:25", regexp.MustCompile(`^$`), `IF OBX-2 EQUALS "SN"`},
	// As OBX-23's rows have it: with OBX-25 the performer is a role.
	{"OBX[Observation]:51", regexp.MustCompile(`^$`), "IF OBX-25 NOT VALUED"},
	{"OBX[Observation]:52", regexp.MustCompile(`^$`), "IF OBX-25 VALUED"},
	// All other sheets have OR; with AND an OBX with one value would become
	// nothing unless its type is NA.
	{"VXU_V04", regexp.MustCompile(`EQUALS 1 AND OBX-2 IS "NA"`), `EQUALS 1 OR OBX-2 IS "NA"`},
	// OBR carries the order's numbers and code also where no ORC is sent; the
	// ServiceRequest is free there all the same, by its narrative.
	{"ORU_R01", regexp.MustCompile(`^IF ORC VALUED$`), ""},
	// OBR-17 has its place at OBR only where it says nothing of ORC-14; the
	// order's number to call back stands.
	{"ORC[ServiceRequest]", regexp.MustCompile(`^IF OBR-17 NOT VALUED$`), ""},
	{"OBR[ServiceRequest]", regexp.MustCompile(`^IF ORC-(2|3) NOT VALUED$`), "IF ORC-$1 NOT VALUED"},
	// OBR's rows ask for the same under the condition that ORC has none: with
	// both, an order with both numbers would have no number.
	{"ORC[ServiceRequest]", regexp.MustCompile(`^IF OBR-(2|3|53) NOT VALUED$`), ""},
}
