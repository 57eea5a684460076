package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// The hospital that the messages are about does not exist. It has so many beds;
// each stay makes twenty messages, and then the bed has the next patient. What
// all beds send is interleaved, so that the mix is the same at all times.
const (
	beds     = 400
	stayLong = 20
)

// The sources of the hospital.
const (
	wards  = "wards"
	lab    = "lab"
	clinic = "clinic"
)

// event is one message of a stay.
type event struct {
	source string
	write  func(*pen)
}

// stay is what is sent of one patient: 8 results of 20 observations (40 %), 5
// admission messages, 4 orders, 3 of scheduling. Each result comes twice, first
// preliminary, then final.
var stay = [stayLong]event{
	{wards, (*pen).admit}, {lab, order(1)}, {lab, result(1, "P")}, {clinic, book(1, "S12")}, {lab, result(1, "F")},
	{lab, order(2)}, {wards, (*pen).update}, {lab, result(2, "P")}, {lab, result(2, "F")}, {clinic, book(1, "S13")},
	{lab, order(3)}, {lab, result(3, "P")}, {wards, (*pen).transfer}, {lab, result(3, "F")}, {lab, order(4)},
	{lab, result(4, "P")}, {clinic, book(2, "S12")}, {lab, result(4, "F")}, {wards, (*pen).update}, {wards, (*pen).discharge},
}

// message is one message and who sends it.
type message struct {
	source string
	bed    int
	bytes  []byte
}

// messageAt returns the i-th message that the hospital sends, from 0. The same
// number gives the same bytes.
func messageAt(i int) message {
	bed := i % beds
	e := eventAt(i)
	p := newPen(i, bed, tickAt(i)/stayLong*beds+bed)
	e.write(p)
	return message{e.source, bed, []byte(p.text.String())}
}

// eventAt returns what the i-th message says.
func eventAt(i int) event { return stay[tickAt(i)%stayLong] }

// tickAt counts the messages of the bed before the i-th, as if each bed had begun
// at another place of a stay.
func tickAt(i int) int { return i/beds + i%beds*7 }

// newPen writes the message of a number; the numbers go with the clock.
func newPen(number, bed, patient int) *pen {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(number) * 400 * time.Millisecond)
	return &pen{Rand: rand.New(rand.NewPCG(uint64(number), 7)), number: number, bed: bed, patient: patient, at: at}
}

// pen writes one message.
type pen struct {
	*rand.Rand
	text                 strings.Builder
	number, bed, patient int
	at                   time.Time
}

func (p *pen) line(format string, args ...any) {
	fmt.Fprintf(&p.text, format, args...)
	p.text.WriteByte('\r')
}

func (p *pen) stamp() string { return p.at.Format("20060102150405") }

// ago is a time before the message, in minutes.
func (p *pen) ago(minutes int) string {
	return p.at.Add(-time.Duration(minutes) * time.Minute).Format("20060102150405")
}

func (p *pen) header(source, kind string) {
	p.line(`MSH|^~\&|%s|BENCH|HANDOVER|BENCH|%s+0000||%s|B%09d|P|2.5.1`, strings.ToUpper(source), p.stamp(), kind, p.number)
}

var (
	families = []string{"Testperson", "Sample", "Example", "Placeholder", "Specimen", "Mock", "Dummy", "Fictive"}
	givens   = []string{"Ada", "Bert", "Cleo", "Dora", "Emil", "Fred", "Gina", "Hugo", "Ines", "Jonas", "Kira"}
)

func (p *pen) name() string {
	return families[p.patient%len(families)] + "^" + givens[p.patient/len(families)%len(givens)]
}

// identify writes PID as the other sources send it: the number and the name.
func (p *pen) identify() {
	p.line(`PID|1||%07d^^^BENCH^MR||%s`, p.patient, p.name())
}

// demographics writes PID as the wards send it.
func (p *pen) demographics(house int) {
	n := p.patient
	p.line(`PID|1||%07d^^^BENCH^MR~99%08d^^^TESTNAT^NI||%s^Q^^Ms||19%02d%02d%02d|%c|||%d Example Street^^Sampletown^^%05d^ZZZ^H||^PRN^PH^^^^555%04d|||M`,
		n, n, p.name(), 30+n%70, 1+n%12, 1+n%28, "FM"[n%2], house, 10000+n%9000, n%10000)
}

func (p *pen) visit(class, more string) {
	p.line(`PV1|1|%s|WARD%d^%d^A^BENCH||||1%03d^Synthetic^Consultant^^^Dr^^^BENCH|||MED||||R||||I|V%07d^^^BENCH^VN%s`,
		class, 1+p.bed/40, 100+p.bed%40, p.bed%50, p.patient, more)
}

func (p *pen) admission(trigger, structure string, house int, more string) {
	p.header(wards, "ADT^"+trigger+"^"+structure)
	p.line(`EVN||%s|||CLERK%d^Clerk^Synthia`, p.ago(1), p.bed%9)
	p.demographics(house)
	p.visit("I", more)
}

func (p *pen) admit() {
	p.admission("A01", "ADT_A01", 1+p.patient%90, strings.Repeat("|", 25)+p.ago(2))
	p.line(`NK1|1|%s^Kin|SPO||^PRN^PH^^^^5559%03d`, families[p.patient%len(families)], p.patient%1000)
	p.line(`AL1|1|DA|PENI^Penicillin^L|SV|Rash`)
	p.line(`DG1|1||J18.9^Pneumonia, unspecified organism^I10|||A`)
}

func (p *pen) update()   { p.admission("A08", "ADT_A01", 100+p.IntN(90), "") }
func (p *pen) transfer() { p.bed += 40; p.admission("A02", "ADT_A02", 100+p.patient%90, "") }

func (p *pen) discharge() {
	p.admission("A03", "ADT_A03", 100+p.patient%90, strings.Repeat("|", 17)+"01"+strings.Repeat("|", 9)+p.ago(1))
}

func order(n int) func(*pen) {
	return func(p *pen) {
		p.header(lab, "ORM^O01^ORM_O01")
		p.identify()
		p.visit("I", "")
		p.line(`ORC|NW|P%07d%d^WARD|F%07d%d^LAB||SC||||%s|||1%03d^Synthetic^Consultant^^^Dr^^^BENCH`, p.patient, n, p.patient, n, p.ago(5), p.bed%50)
		p.line(`OBR|1|P%07d%d^WARD|F%07d%d^LAB|PANEL%d^Panel %d^L|||%s`, p.patient, n, p.patient, n, n, n, p.ago(5))
	}
}

// analytes are what a result reports; the codes are LOINC's.
var analytes = []struct{ code, unit, normal string }{
	{"718-7^Hemoglobin [Mass/volume] in Blood", "g/dL", "12.0-15.5"}, {"6690-2^Leukocytes [#/volume] in Blood", "10*3/uL", "4.0-11.0"},
	{"777-3^Platelets [#/volume] in Blood", "10*3/uL", "150-400"}, {"2345-7^Glucose [Mass/volume] in Serum", "mg/dL", "70-99"},
	{"3094-0^Urea nitrogen [Mass/volume] in Serum", "mg/dL", "7-20"}, {"2160-0^Creatinine [Mass/volume] in Serum", "mg/dL", "0.6-1.2"},
	{"17861-6^Calcium [Mass/volume] in Serum", "mg/dL", "8.5-10.2"}, {"2951-2^Sodium [Moles/volume] in Serum", "mmol/L", "135-145"},
	{"2823-3^Potassium [Moles/volume] in Serum", "mmol/L", "3.5-5.1"}, {"2075-0^Chloride [Moles/volume] in Serum", "mmol/L", "98-107"},
	{"2028-9^Carbon dioxide [Moles/volume] in Serum", "mmol/L", "22-29"}, {"1920-8^Aspartate aminotransferase", "U/L", "10-40"},
	{"1742-6^Alanine aminotransferase", "U/L", "7-56"}, {"6768-6^Alkaline phosphatase", "U/L", "44-147"},
	{"1975-2^Bilirubin total", "mg/dL", "0.1-1.2"}, {"2885-2^Protein total", "g/dL", "6.0-8.3"},
	{"1751-7^Albumin", "g/dL", "3.5-5.0"}, {"2532-0^Lactate dehydrogenase", "U/L", "140-280"},
	{"1988-5^C reactive protein", "mg/L", "0-10"}, {"4537-7^Erythrocyte sedimentation rate", "mm/h", "0-20"},
}

// result writes ORU^R01 with 20 OBX; status is OBR-25 and each OBX-11.
func result(n int, status string) func(*pen) {
	return func(p *pen) {
		p.header(lab, "ORU^R01^ORU_R01")
		p.identify()
		p.visit("I", "")
		p.line(`ORC|RE|P%07d%d^WARD|F%07d%d^LAB||%s`, p.patient, n, p.patient, n, map[string]string{"P": "IP", "F": "CM"}[status])
		p.line(`OBR|1|P%07d%d^WARD|F%07d%d^LAB|PANEL%d^Panel %d^L|||%s|||||||||||||||%s|||%s`,
			p.patient, n, p.patient, n, n, n, p.drawn(n), p.stamp(), status)
		for i, a := range analytes {
			p.line(`OBX|%d|NM|%s^LN||%d.%d|%s|%s|%s|||%s|||%s||T%02d^Technician^Test`,
				i+1, a.code, 1+p.IntN(300), p.IntN(10), a.unit, a.normal, []string{"N", "N", "N", "H", "L"}[p.IntN(5)], status, p.drawn(n), p.IntN(20))
		}
	}
}

// drawn is when the n-th sample was taken: the same in the preliminary and the
// final result.
func (p *pen) drawn(n int) string {
	return time.Date(2026, 1, 1, 6*n-6, p.patient%60, 0, 0, time.UTC).AddDate(0, 0, p.patient/beds%28).Format("20060102150405")
}

func book(n int, trigger string) func(*pen) {
	return func(p *pen) {
		day := p.at.AddDate(0, 0, 14+n).Format("20060102")
		p.header(clinic, "SIU^"+trigger+"^SIU_S12")
		p.line(`SCH|A%07d%d^CLINIC|A%07d%d^CLINIC|||||FOLLOWUP^Follow-up visit^L|NORMAL^Routine^L|||^^^%s1000^%s1020|||||C%03d^Synthetic^Clerk||||C%03d^Synthetic^Clerk|||||Booked`,
			p.patient, n, p.patient, n, day, day, p.bed%30, p.bed%30)
		p.identify()
		p.line(`RGS|1|A`)
		p.line(`AIP|1|A|1%03d^Synthetic^Consultant^^^Dr^^^BENCH|CON^Consultant^L||%s1000|||20|min`, p.bed%50, day)
	}
}
