package meaning

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"handover/config"
)

// dice makes up messages of no great sense, which any hospital might send: two
// numbers of one person, who are merged in the end, two visits, two orders; and
// a third number and visit, which turn out to be others that were changed.
type dice struct {
	*rand.Rand
	minute int
	list   []message
}

func (d *dice) pick(list ...string) string { return list[d.IntN(len(list))] }

// segment writes fields from 1; trailing ones that are empty may stay.
func segment(name string, fields map[int]string) string {
	parts := []string{name}
	for n := 1; n <= slices.Max(append(keys(fields), 1)); n++ {
		parts = append(parts, fields[n])
	}
	return strings.Join(parts, "|")
}

func keys(m map[int]string) (out []int) {
	for k := range m {
		out = append(out, k)
	}
	return out
}

// say adds a message of the next minute.
func (d *dice) say(source, event string, segments ...string) {
	d.minute++
	at := fmt.Sprintf("203103041%d%02d00+0000", d.minute/60, d.minute%60)
	lines := []string{fmt.Sprintf(`MSH|^~\&|%s|SFG|HANDOVER|SFG|%s||%s|%d|P|2.5.1`, strings.ToUpper(source), at, event, d.minute)}
	if strings.HasPrefix(event, "ADT") || strings.HasPrefix(event, "MDM") {
		lines = append(lines, "EVN||"+at)
	}
	for _, s := range segments {
		lines = append(lines, strings.ReplaceAll(s, "NOW", at))
	}
	name := fmt.Sprintf("%d-%s-%s", d.minute, source, strings.ReplaceAll(event, "^", "-"))
	d.list = append(d.list, message{name, source, []byte(strings.Join(lines, "\r") + "\r")})
}

func (d *dice) patient() string {
	return segment("PID", map[int]string{
		1: "1", 3: d.pick("900001", "900002", "900003") + "^^^SFG^MR", 5: d.pick("", "Testperson^Ada", "Other^Adah"),
		8: d.pick("", "F", `""`), 11: d.pick("", "1 Example Street^^Sampletown", `""`), 13: d.pick("", "5550100^PRN^PH", `""`),
		16: d.pick("", "M", "S"),
	})
}

func (d *dice) visit() string {
	return segment("PV1", map[int]string{
		1: "1", 2: d.pick("I", "E", "P", "O"), 3: d.pick("", "WARD1^101^A^SFG", "WARD2^201^B^SFG"), 7: d.pick("", "1001^Synthetic^A"),
		19: d.pick("V5001", "V5002", "V5003") + "^^^SFG^VN", 36: d.pick("", "01", `""`), 44: d.pick("", "20310304080000+0000"),
		45: d.pick("", "NOW", `""`),
	})
}

func (d *dice) administration() {
	event := d.pick("ADT^A01^ADT_A01", "ADT^A04^ADT_A01", "ADT^A08^ADT_A01", "ADT^A13^ADT_A01", "ADT^A02^ADT_A02", "ADT^A03^ADT_A03",
		"ADT^A11^ADT_A09", "ADT^A12^ADT_A09", "ADT^A23^ADT_A21", "ADT^A38^ADT_A38", "ADT^A21^ADT_A21", "ADT^A22^ADT_A21")
	segments := []string{d.patient(), d.visit()}
	if strings.HasSuffix(event, "A01") && d.IntN(2) == 0 {
		segments = append(segments, d.pick("NK1|1|Example^Bea|MTH", "NK1|1|Example^Cal|FTH", "NK1|1|Example^Cal|SIS"), d.pick("AL1|1|DA|PENI^Penicillin^L|SV", "AL1|1|FA|NUTS^Nuts^L"), d.pick("DG1|1||J18.9^Pneumonia^I10|||A", "DG1|1||E11.9^Diabetes^I10|||A"))
	}
	d.say(d.pick("pas", "pas", "ward"), event, segments...)
}

func (d *dice) order() string {
	return segment("ORC", map[int]string{1: d.pick("NW", "SC", "OC", "HD", "RL"), 2: d.pick("PL-1", "PL-2") + "^WARD", 5: d.pick("", "IP", "CM", "HD", "CA")})
}

func (d *dice) ask() {
	orc := d.order()
	d.say(d.pick("ward", "lab"), "ORM^O01^ORM_O01", d.patient(), orc,
		segment("OBR", map[int]string{1: "1", 2: strings.Split(orc, "|")[2], 4: d.pick("FBC^Full blood count^L", "UE^Urea^L")}))
}

func (d *dice) result() {
	status := d.pick("P", "F", "C")
	segments := []string{d.patient(), d.visit(), segment("OBR", map[int]string{
		1: "1", 3: d.pick("FI-1", "FI-2") + "^LAB", 4: "FBC^Full blood count^L", 7: "20310304083000+0000", 22: "NOW", 25: status,
	})}
	for i, code := range []string{"718-7^Hemoglobin^LN", "6690-2^Leukocytes^LN", "777-3^Platelets^LN"}[:1+d.IntN(3)] {
		segments = append(segments, segment("OBX", map[int]string{
			1: fmt.Sprint(i + 1), 2: "NM", 3: code, 5: d.pick("7", "8", "9"), 6: d.pick("", "g/L"), 8: d.pick("", "H", `""`),
			11: d.pick(status, status, "C", "D", "W"),
		}))
	}
	d.say("lab", "ORU^R01^ORU_R01", segments...)
}

func (d *dice) booking() {
	event := d.pick("S12", "S13", "S14", "S15", "S17", "S26")
	d.say("clinic", "SIU^"+event+"^SIU_S12", segment("SCH", map[int]string{
		1: "A-1^WARD", 2: "A-1^CLIN", 11: "^^^" + d.pick("20310316100000+0000", "20310316110000+0000"), 25: d.pick("", "Booked", "Cancelled", "Pending"),
	}), d.patient(), "RGS|1|A", "AIP|1|A|"+d.pick("1001^Synthetic^A", "1002^Otherwise^B"))
}

func (d *dice) document() {
	d.say("docs", d.pick("MDM^T02^MDM_T02", "MDM^T06^MDM_T02", "MDM^T08^MDM_T02", "MDM^T10^MDM_T02", "MDM^T11^MDM_T01"), d.patient(), d.visit(), segment("TXA", map[int]string{
		1: "1", 2: "DS", 3: "TX", 6: "NOW", 12: d.pick("DOC1", "DOC2") + "^DOCS", 13: d.pick("", "DOC1^DOCS", "DOC2^DOCS"), 17: d.pick("", "LA", "AU"), 19: d.pick("", "AV"),
	}), "OBX|1|TX|DS^Summary^L||"+d.pick("One.", "Two.")+"||||||F")
}

func (d *dice) vaccination() {
	d.say("imm", "VXU^V04^VXU_V04", d.patient(), "ORC|RE||65930^IMM", segment("RXA", map[int]string{
		1: "0", 2: "1", 3: "20310304", 5: "20^DTaP^CVX", 6: "0.5", 15: d.pick("", "LOT1", "LOT2"), 20: d.pick("CP", "NA", ""), 21: d.pick("A", "U", "D"),
	}))
}

func (d *dice) link() {
	pid := "PID|1||%s^^^SFG^MR"
	switch d.IntN(3) {
	case 0:
		d.say("pas", "ADT^A37^ADT_A37", fmt.Sprintf(pid, "900001"), "PV1|1|I|||||||||||||||||V5001^^^SFG^VN", fmt.Sprintf(pid, "900002"))
	default:
		d.say(d.pick("pas", "pas", "lab"), "ADT^A40^ADT_A39", fmt.Sprintf(pid, "900001"), "MRG|900002^^^SFG^MR")
	}
}

// rename changes a number: of the third patient or visit to the first's.
func (d *dice) rename() {
	if d.IntN(2) == 0 {
		d.say("pas", "ADT^A47^ADT_A30", "PID|1||900001^^^SFG^MR", "MRG|900003^^^SFG^MR")
		return
	}
	d.say("pas", "ADT^A50^ADT_A50", d.patient(), "MRG|900001^^^SFG^MR||||V5003^^^SFG^VN", "PV1|1|I|||||||||||||||||V5001^^^SFG^VN")
}

// anyDay is a day of so many messages, at the end of which all numbers are found
// to be of one person.
func anyDay(seed uint64, messages int) []message {
	d := &dice{Rand: rand.New(rand.NewPCG(seed, 23))}
	for len(d.list) < messages {
		[]func(){d.administration, d.administration, d.ask, d.result, d.result, d.booking, d.document, d.vaccination, d.link, d.rename}[d.IntN(10)]()
	}
	d.say("pas", "ADT^A40^ADT_A39", "PID|1||900001^^^SFG^MR", "MRG|900002^^^SFG^MR")
	d.say("pas", "ADT^A47^ADT_A30", "PID|1||900001^^^SFG^MR", "MRG|900003^^^SFG^MR")
	return d.list
}

// listing is an administration that lists all next of kin and diagnoses.
const listing = `source: pas
listen: mllp://127.0.0.1:2575
zone: Europe/London
owns: [Patient, Encounter]
authorities: [SFG, NATL]
snapshot: [NK1, DG1]
`

func TestAnyDayShuffledEndsInTheSameRecord(t *testing.T) {
	sites := []*config.Site{
		readSite(t, &txtar.Archive{}),
		readSite(t, &txtar.Archive{Files: []txtar.File{{Name: "sources/pas.yaml", Data: []byte(listing)}}}),
	}
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			site := sites[seed%2]
			list := anyDay(seed, 20)
			h := openHospital(t, site)
			for _, m := range list {
				h.hear(m)
			}
			want := contents(h.resources())
			if again := contents(h.rebuilt().resources()); !slices.Equal(again, want) {
				t.Errorf("rebuilt from the facts (-as composed +rebuilt):\n%s", cmp.Diff(want, again))
			}
			for turn := range uint64(3) {
				random := rand.New(rand.NewPCG(seed, turn))
				random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
				other := openHospital(t, site)
				for _, m := range list {
					other.hear(m)
				}
				if again := contents(other.resources()); !slices.Equal(again, want) {
					t.Fatalf("in the order %s (-as told +shuffled):\n%s", order(list), cmp.Diff(want, again))
				}
			}
		})
	}
}
