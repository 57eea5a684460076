package training

import (
	"fmt"
	"strings"
)

func (a *author) order() {
	a.msh(a.pick(words("ORM^O01^ORM_O01 OML^O21^OML_O21 OMG^O19^OMG_O19")))
	a.pid()
	a.visit()
	for i := range 1 + a.IntN(3) {
		placer, filler := a.orderNumbers()
		a.add("ORC|%s|%s|%s|%s|%s||^^^%s^^R|||%s||%s|||%s", a.pick(words("NW CA XO SC")), placer, filler,
			a.maybe(3, a.number(6)), a.pick(words("SC IP CM")), a.time(), a.maybe(5, a.doctor()), a.doctor(), a.maybe(3, a.phone()))
		a.request(i+1, placer, filler)
		if a.IntN(2) == 0 {
			a.add("NTE|1|L|%s", a.pick(reports))
		}
		if a.IntN(2) == 0 {
			a.add("DG1|1||%s|||%s", a.pick(diagnoses), a.pick(words("F W A")))
		}
	}
}

func (a *author) orderNumbers() (placer, filler string) {
	return a.number(8) + a.maybe(6, "^"+a.pick(facilities)), a.number(9) + a.maybe(6, "^"+a.pick(facilities))
}

func (a *author) request(i int, placer, filler string) {
	test := strings.Split(a.pick(tests), "|")[0]
	a.add("OBR|%d|%s|%s|%s|||%s||||%s||%s|%s|%s|%s||||||%s||%s|%s||%s", i, placer, filler, test, a.time(),
		a.maybe(3, "L"), a.maybe(3, "CLINICAL INFORMATION"), a.time(), a.maybe(3, a.pick(specimens)), a.doctor(),
		a.time(), a.pick(words("LAB RAD MB CH HM")), a.pick(words("F P C")), a.maybe(3, "^^^^^R"))
}

func (a *author) results() {
	a.msh("ORU^R01^ORU_R01")
	a.pid()
	if a.IntN(2) == 0 {
		a.visit()
	}
	for i := range 1 + a.IntN(2) {
		placer, filler := a.orderNumbers()
		if a.IntN(2) == 0 {
			a.add("ORC|RE|%s|%s|||||||||%s||%s", placer, filler, a.doctor(), a.phone())
		}
		a.request(i+1, placer, filler)
		for n := range 1 + a.IntN(12) {
			a.observation(n + 1)
		}
		if a.IntN(3) == 0 {
			a.add("SPM|1|%s|%s|%s||||%s|||||||||||||%s|%s", a.number(6)+"&"+a.pick(facilities)+"^"+a.number(6)+"&LAB", "",
				a.pick(specimens), a.maybe(3, "71836000^Nasopharyngeal structure^SCT"), a.time(), a.time())
		}
	}
}

func (a *author) observation(n int) {
	f := strings.Split(a.pick(tests), "|")
	kind := f[3]
	var value string
	switch kind {
	case "NM":
		value = fmt.Sprintf("%.1f", float64(a.IntN(3000))/10)
	case "SN":
		value = "^" + a.number(2)
	case "CE", "CWE":
		value = a.pick(coded)
	case "TS":
		value = a.date()
	default:
		value = a.pick(reports)
	}
	a.add("OBX|%d|%s|%s|%s|%s|%s|%s|%s|||%s|||%s||%s|%s||%s||||%s", n, kind, f[0], a.maybe(4, "1"), value, f[1], f[2],
		a.pick(words("N H L A HH LL")), a.pick(words("F F F P C")), a.time(), a.maybe(3, a.doctor()), a.maybe(2, "MANUAL"),
		a.maybe(4, a.time()), a.maybe(3, "State Laboratory^D^^^^CLIA&2.16.840.1.113883.4.7&ISO^XX^^^05D0000001|1000 Example Ave^^Anytown^CA^90000"))
	if a.IntN(8) == 0 {
		a.add("NTE|1|L|%s", a.pick(reports))
	}
}

func (a *author) vaccination() {
	a.msh("VXU^V04^VXU_V04")
	a.pid()
	a.kin()
	for range 1 + a.IntN(3) {
		a.add("ORC|RE|%s|%s^%s|||||||%s||%s|||||||%s", a.maybe(3, a.number(5)), a.number(6), a.pick(authorities), a.doctor(), a.doctor(), "GOOD HEALTH CLINIC")
		a.add("RXA|0|1|%s|%s|%s|%s|mL^MilliLiter [SI Volume Units]^UCUM||%s|%s|^^^%s||||%s|%s|%s|%s||CP|A", a.date(), a.date(),
			a.pick(vaccines), a.pick(words("999 0.5 1.0 0.3")), a.pick(list("00^New immunization record^NIP001\n01^Historical information - source unspecified^NIP001")),
			a.doctor(), "DE-000001", a.number(3)+"LOT", a.date(), a.pick(makers), a.maybe(2, "00^Parental decision^NIP002"))
		a.add("RXR|%s|%s", a.pick(list("IM^Intramuscular^HL70162\nC28161^Intramuscular^NCIT\nSC^Subcutaneous^HL70162\nPO^Oral^HL70162")),
			a.pick(list("LT^Left Thigh^HL70163\nRD^Right Deltoid^HL70163\nLA^Left Upper Arm^HL70163")))
		for n := range a.IntN(4) {
			a.observation(n + 1)
		}
	}
}

func (a *author) appointment() {
	a.msh("SIU^" + a.pick(words("S12 S13 S14 S15 S26")) + "^SIU_S12")
	a.add("SCH|%s|%s|||||%s|%s|%s|30|min^minutes|^^30^%s^%s|||||%s|%s|||%s|||||%s", a.number(6)+"^"+a.pick(facilities), a.number(6),
		a.pick(list("ROUTINE^Routine Appointment\nFOLLOWUP^Follow-up visit")), "CHECKUP^Routine Checkup^HL70276", "OFFICE^Office visit", a.time(), a.time(),
		a.doctor(), a.phone(), a.doctor(), a.pick(words("Booked Pending Cancelled Complete")))
	a.pid()
	a.visit()
	a.add("RGS|1|A")
	a.add("AIS|1|A|%s|%s||30|min", a.pick(tests)[:5]+"^Office Visit^L", a.time())
	a.add("AIP|1|A|%s|%s||%s|||30|min^Minutes", a.doctor(), "D^Attending Provider", a.time())
	a.add("AIL|1|A|%s^^^%s|^Main Clinic||%s|||30|min", "ROOM 1", a.pick(facilities), a.time())
}

func (a *author) document() {
	a.msh("MDM^" + a.pick(words("T02 T01 T04 T08 T11")) + "^MDM_T02")
	a.add("EVN|T02|%s", a.time())
	a.pid()
	a.visit()
	a.add("TXA|1|%s|%s|%s|%s|%s||%s||%s||%s||||%s|%s||%s|%s|%s", a.pick(list("DS^Discharge Summary\nHP\nCN^Consultation\nOP^Operative report")),
		a.pick(words("TX TEXT FT AP")), a.time(), a.doctor(), a.time(), a.time(), a.doctor(), a.number(8)+"^"+a.pick(facilities),
		a.maybe(3, a.number(8)), "report.pdf", a.pick(words("AU DO LA IP")), a.pick(words("AV UN")), a.maybe(3, "U"))
	for n := range 1 + a.IntN(6) {
		a.add("OBX|%d|%s|%s||%s||||||F", n+1, a.pick(words("TX FT ST")), "11488-4^Consult note^LN", a.pick(reports))
	}
}

func (a *author) merge() {
	a.msh("ADT^" + a.pick(words("A40^ADT_A39 A18^ADT_A18 A34^ADT_A30 A45^ADT_A45")))
	a.add("EVN|A40|%s", a.time())
	a.pid()
	a.add("MRG|%s||%s||%s||%s", a.id(), a.maybe(4, a.number(8)), a.maybe(4, a.number(7)), a.name())
}

func (a *author) answer() {
	a.msh(a.pick(words("ACK^A01^ACK ACK^R01^ACK RSP^K11^RSP_K11")))
	a.add("MSA|%s|%s|%s", a.pick(words("AA AE AR CA")), a.number(9), a.maybe(3, "Message accepted"))
	if a.IntN(2) == 0 {
		a.add("ERR||PID^1^5|%s|%s||||%s", a.pick(list("101^Required field missing^HL70357\n207^Application internal error^HL70357\n0^Message accepted^HL70357")),
			a.pick(words("E W I")), "patient name is required")
	}
}

func (a *author) pharmacy() {
	a.msh(a.pick(words("RDE^O11^RDE_O11 OMP^O09^OMP_O09")))
	a.pid()
	a.visit()
	placer, filler := a.orderNumbers()
	drug := a.pick(list("313782^Acetaminophen 325 MG Oral Tablet^RXNORM\n00378112001^Verapamil Hydrochloride 120 mg TAB^NDC\n308182^Amoxicillin 250 MG Oral Capsule^RXNORM"))
	a.add("ORC|NW|%s|%s||IP||^BID&0800,2000^D10^%s^^R||%s|%s||%s", placer, filler, a.time(), a.time(), a.doctor(), a.doctor())
	a.add("RXE|^^^%s^^R|%s|%s||mg^milligram^UCUM|TAB^Tablet^HL70292||||%s|TAB|%s", a.time(), drug, a.number(3), a.number(2), a.number(1))
	a.add("RXO|%s|%s||mg|TAB^Tablet", drug, a.number(3))
	a.add("RXR|PO^Oral^HL70162")
	a.add("TQ1|1||BID|||%s|%s||R", a.time(), a.time())
}
