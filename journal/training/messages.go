// Package training makes synthetic messages: they, and what they lead to, are
// what the journal's compression dictionaries are trained on, since a dictionary
// contains what it was trained on and so must never see a patient. Nothing here comes from a
// real message; the same seed gives the same bytes.
package training

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// author writes one message.
type author struct {
	*rand.Rand
	lines []string
	day   int // days since 2000, about which the message is
}

// Messages returns n synthetic HL7 v2 messages, segments ended by CR.
func Messages(seed uint64, n int) [][]byte {
	a := &author{Rand: rand.New(rand.NewPCG(seed, 1))}
	kinds := []func(){a.admission, a.admission, a.results, a.results, a.results, a.order,
		a.vaccination, a.appointment, a.document, a.merge, a.answer, a.pharmacy}
	out := make([][]byte, n)
	for i := range out {
		a.lines, a.day = nil, a.IntN(9000)
		kinds[a.IntN(len(kinds))]()
		out[i] = []byte(strings.Join(a.lines, "\r") + "\r")
	}
	return out
}

func (a *author) pick(from []string) string { return from[a.IntN(len(from))] }

// maybe returns s in p of ten cases, else nothing.
func (a *author) maybe(p int, s string) string {
	if a.IntN(10) < p {
		return s
	}
	return ""
}

func (a *author) add(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if a.IntN(3) > 0 {
		line = strings.TrimRight(line, "|")
	}
	a.lines = append(a.lines, line)
}

func (a *author) number(digits int) string {
	b := make([]byte, digits)
	for i := range b {
		b[i] = byte('0' + a.IntN(10))
	}
	return string(b)
}

func (a *author) date() string {
	y, m, d := 2000+a.day/365, 1+a.day/30%12, 1+a.day%28
	return fmt.Sprintf("%04d%02d%02d", y, m, d)
}

func (a *author) time() string {
	s := a.date() + fmt.Sprintf("%02d%02d", a.IntN(24), a.IntN(60))
	switch a.IntN(5) {
	case 0:
		return s
	case 1:
		return s + "00.000-0500"
	case 2:
		return s + fmt.Sprintf("%02d-0600", a.IntN(60))
	}
	return s + fmt.Sprintf("%02d", a.IntN(60))
}

func (a *author) born() string {
	return fmt.Sprintf("%d%02d%02d", 1930+a.IntN(90), 1+a.IntN(12), 1+a.IntN(28))
}

func (a *author) name() string {
	s := a.pick(families) + "^" + a.pick(givens) + a.maybe(5, "^"+string(rune('A'+a.IntN(26))))
	return s + a.maybe(4, "^^^^L")
}

func (a *author) doctor() string {
	s := a.number(4+a.IntN(7)) + "^" + a.pick(families) + "^" + a.pick(givens)
	return s + a.maybe(5, "^^^DR") + a.maybe(4, "^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI")
}

func (a *author) id() string {
	kind := a.pick(words(`MR MR PI PT AN SS VN`))
	return a.number(5+a.IntN(6)) + "^^^" + a.pick(authorities) + "^" + kind
}

func (a *author) address() string {
	return fmt.Sprintf("%d %s ST^%s^%s^%s^%s^USA^%s", 1+a.IntN(9999), a.pick(streets), a.maybe(3, "APT 1"),
		a.pick(cities), a.pick(states), a.number(5), a.pick(words("H M L P")))
}

func (a *author) phone() string {
	if a.IntN(2) == 0 {
		return "(555)555-" + a.number(4)
	}
	return "^PRN^PH^^1^555^555" + a.number(4)
}

func (a *author) msh(kind string) {
	event := strings.Split(kind, "^")
	if a.IntN(2) == 0 && len(event) > 2 {
		kind = event[0] + "^" + event[1]
	}
	v := a.pick(versions)
	a.add(`MSH|^~\&|%s|%s|%s|%s|%s||%s|%s|%s|%s|%s||%s|%s|%s`, a.pick(facilities), a.pick(facilities),
		a.pick(facilities), a.pick(facilities), a.time(), kind, a.pick(words("MSG T Q "))+a.number(8),
		a.pick(words("P T D")), v, a.maybe(2, "1"), a.maybe(4, "AL|NE"),
		a.maybe(3, "USA|UNICODE UTF-8|ENG"), a.maybe(2, "|PHLabReport-NoAck^ELR_Receiver^2.16.840.1.113883.9.11^ISO"))
}

func (a *author) pid() {
	if a.IntN(3) == 0 {
		a.add("SFT|Orion Test Systems^L|1.0|Handover Synthetic|%s||%s", a.number(4), a.time())
	}
	ids := a.id()
	if a.IntN(3) == 0 {
		ids += "~" + a.id()
	}
	a.add("PID|1|%s|%s||%s|%s|%s|%s||%s|%s||%s|%s|%s|%s|%s|%s|%s|||%s||||||||%s", a.maybe(2, a.number(6)), ids,
		a.name(), a.maybe(3, a.pick(families)+"^^^^^^M"), a.born(), a.pick(words("M F U")), a.pick(races),
		a.address(), a.phone(), a.maybe(3, "^WPN^PH^^1^555^5550000"), a.maybe(5, a.pick(languages)),
		a.maybe(5, a.pick(words("S M D W"))), a.maybe(3, "CHR"), a.maybe(6, a.number(9)),
		a.maybe(3, "123-45-6789"), a.maybe(6, a.pick(ethnics)), a.maybe(3, "N"))
	if a.IntN(4) == 0 {
		a.add("PD1|||%s^^%s|%s|||||||||02^Reminder/recall - any method^HL70215|N|%s|||A|%s|%s",
			"GOOD HEALTH CLINIC", a.number(5), a.doctor(), a.date(), a.date(), a.date())
	}
}

func (a *author) kin() {
	rel := a.pick(list("MTH^Mother^HL70063\nFTH^Father^HL70063\nSPO^Spouse^HL70063\nSELF^SELF\nGRD^Guardian^HL70063\nWIFE"))
	a.add("NK1|%d|%s|%s|%s|%s||%s", 1+a.IntN(2), a.name(), rel, a.address(), a.phone(), a.maybe(4, "NK^NEXT OF KIN"))
}

func (a *author) visit() {
	a.add("PV1|1|%s|%s^%d^%s^%s|%s|||%s|%s|%s|%s||||%s|||%s|%s|%s||||||||||||||||||||||||||%s|%s",
		a.pick(words("I O E P R N B")), a.pick(words("ICU 2000 W OBS ER MED CARD 3WEST")), 100+a.IntN(900),
		a.pick(words("01 A B 1")), a.pick(facilities), a.pick(words("E R U A C")), a.doctor(), a.maybe(5, a.doctor()),
		a.maybe(3, a.doctor()), a.pick(words("MED SUR CAR URO PUL")), a.pick(words("1 2 7 A0 ADM")), a.maybe(5, a.doctor()),
		a.pick(words("IP OP S VIP")), a.number(7)+a.maybe(5, "^^^HOSP^VN"), a.time(), a.maybe(3, a.time()))
	if a.IntN(3) == 0 {
		a.add("PV2||PRIVATE^PRIVATE ROOM|^%s||||V|%s|%s|||||||||||||N", a.pick(diagnoses), a.date(), a.date())
	}
}

func (a *author) admission() {
	event := a.pick(words("A01 A02 A03 A04 A05 A06 A08 A11 A13 A28 A31"))
	structure := map[string]string{"A04": "A01", "A08": "A01", "A13": "A01", "A28": "A05", "A31": "A05", "A11": "A09"}[event]
	if structure == "" {
		structure = event
	}
	a.msh("ADT^" + event + "^ADT_" + structure)
	a.add("EVN|%s|%s||%s|%s", event, a.time(), a.maybe(4, "01"), a.maybe(4, a.doctor()))
	a.pid()
	for range a.IntN(3) {
		a.kin()
	}
	a.visit()
	for i := range a.IntN(3) {
		f := strings.Split(a.pick(allergens), "|")
		a.add("AL1|%d|%s|%s|%s|%s", i+1, f[0], f[1], f[2], f[3])
	}
	for i := range a.IntN(3) {
		a.add("DG1|%d|%s|%s|%s|%s|%s", i+1, a.pick(words("I9 I10 ICD10")), a.pick(diagnoses), a.maybe(5, "DIAGNOSIS"), a.time(), a.pick(words("A W F")))
	}
	if a.IntN(2) == 0 {
		a.insurance()
	}
}

func (a *author) insurance() {
	a.add("GT1|1|%s|%s||%s|%s||%s|%s|P/F|SEL^Self", a.number(8), a.name(), a.address(), a.phone(), a.born(), a.pick(words("M F")))
	a.add("IN1|1|%s|%s|%s|%s|||%s||||%s|||%s|%s|%s|%s|%s|Y||CO|||||||||||||||%s", a.pick(words("MEDICARE BCBS PLAN1 SELF")), a.number(6),
		a.pick(list("MEDICARE\nBLUE CROSS BLUE SHIELD\nAETNA US HEALTHCARE\nSELF PAY")), "PO BOX 1^^"+a.pick(cities)+"^"+a.pick(states)+"^"+a.number(5),
		a.number(6), a.date(), a.pick(words("1 2 3")), a.name(), a.pick(words("SEL SPO 18")), a.born(), a.address(), a.number(10))
}
