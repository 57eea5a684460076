package record

import (
	"context"
	"fmt"
	"testing"

	"handover/internal/store"
	"handover/internal/store/storetest"
)

// panel is a laboratory message with 20 results, as transform shapes it.
func panel(patient, n int) *said {
	p := fmt.Sprintf("%07d", patient)
	m := message("lab", "ORU^R01", n)
	m.say("Patient", "p", id("PAS", p),
		set("identifier", `[{"use":"usual","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"urn:example:pas","value":"`+p+`"}]`),
		set("name", `[{"use":"official","family":"Specimen","given":["Test","Number"]}]`),
		set("gender", `"female"`), set("birthDate", `"1980-02-03"`),
		set("address", `[{"line":["1 Example Street"],"city":"Sampleton","postalCode":"00000","country":"ZZ"}]`))
	m.say("Encounter", "e", id("PAS", "V"+p), of("p"), refer("subject", "p"),
		set("identifier", `[{"system":"urn:example:visit","value":"V`+p+`"}]`),
		set("status", `"in-progress"`),
		set("class", `{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"}`))
	m.say("ServiceRequest", "s", order("LAB", fmt.Sprint("P", n)), of("p"), refer("subject", "p"), refer("encounter", "e"),
		set("identifier", fmt.Sprintf(`[{"system":"urn:example:placer","value":"P%d"},{"system":"urn:example:filler","value":"F%d"}]`, n, n)),
		set("intent", `"order"`),
		set("code", `{"coding":[{"system":"http://loinc.org","code":"24323-8","display":"Comprehensive metabolic panel"}]}`))
	m.say("DiagnosticReport", "d", order("LAB", fmt.Sprint("F", n)), of("p"), refer("subject", "p"), refer("encounter", "e"),
		set("status", `"final"`), set("effectiveDateTime", `"2031-03-04T10:00:00Z"`),
		set("identifier", fmt.Sprintf(`[{"system":"urn:example:filler","value":"F%d"}]`, n)),
		set("code", `{"coding":[{"system":"http://loinc.org","code":"24323-8","display":"Comprehensive metabolic panel"}]}`))
	for i := range 20 {
		o := fmt.Sprint("o", i)
		m.say("Observation", o, scoped("d", fmt.Sprintf("%d-7", 1000+i)), of("p"), refer("subject", "p"), refer("encounter", "e"),
			set("status", `"final"`),
			set("category", `[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}]`),
			set("code", fmt.Sprintf(`{"coding":[{"system":"http://loinc.org","code":"%d-7","display":"Analyte number %d in Serum or Plasma"},{"system":"urn:example:local","code":"A%d"}]}`, 1000+i, i, i)),
			choose("effective", "effectiveDateTime", `"2031-03-04T10:00:00Z"`),
			choose("value", "valueQuantity", fmt.Sprintf(`{"value":%d.%d,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}`, n%200, i)),
			set("interpretation", `[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"N","display":"Normal"}]}]`),
			set("referenceRange", `[{"low":{"value":3.5,"unit":"mmol/L"},"high":{"value":5.1,"unit":"mmol/L"},"text":"3.5-5.1"}]`),
			set("issued", `"2031-03-04T11:00:00Z"`))
	}
	return m
}

func benchPanels(b *testing.B, r *Record, batch int) {
	b.ReportAllocs()
	ctx := context.Background()
	resources := 0
	for i := 0; i < b.N; i += batch {
		l := newLedger(b, r)
		l.next = r.Applied() + 1
		b.StopTimer()
		var messages []*said
		for j := range min(batch, b.N-i) {
			messages = append(messages, panel((i+j)*7919%5000, i+j))
		}
		b.StartTimer()
		for _, m := range messages {
			w, err := r.Compose(ctx, l.next, m.Assertions)
			if err != nil {
				b.Fatal(err)
			}
			resources += len(w.Writes)
			b.StopTimer()
			l.keep(m.Assertions, w)
			b.StartTimer()
		}
		l.apply()
	}
	if r.db.Dialect() == store.SQLite {
		b.ReportMetric(tableBytes(b, r)/float64(resources), "table-B/resource")
	}
	b.ReportMetric(float64(resources)/b.Elapsed().Seconds(), "resources/s")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(resources), "us/resource")
}

// tableBytes is what the tables take.
func tableBytes(b *testing.B, r *Record) float64 {
	var pages, size int64
	err := r.db.Read(context.Background(), func(tx *store.Tx) error {
		if _, err := tx.Get(context.Background(), []any{&pages}, `PRAGMA page_count`); err != nil {
			return err
		}
		_, err := tx.Get(context.Background(), []any{&size}, `PRAGMA page_size`)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return float64(pages * size)
}

func BenchmarkPanelSQLite(b *testing.B) {
	benchPanels(b, open(b, storetest.SQLite(b), Config{}), 64)
}

func BenchmarkPanelPostgreSQL(b *testing.B) {
	benchPanels(b, open(b, storetest.PostgreSQL(b), Config{}), 64)
}

// BenchmarkCompose is composing alone.
func BenchmarkCompose(b *testing.B) {
	b.ReportAllocs()
	r := open(b, storetest.SQLite(b), Config{})
	n := 0
	for i := 0; b.Loop(); i++ {
		m := panel(i*7919%5000, i)
		w, err := r.Compose(context.Background(), 1, m.Assertions)
		if err != nil {
			b.Fatal(err)
		}
		n += len(w.Writes)
		r.Reset()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "us/resource")
}

// BenchmarkRead reads one resource of many by its id.
func BenchmarkRead(b *testing.B) {
	r, ids := filled(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := r.Read(context.Background(), all, 0, "Observation", ids[i%len(ids)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSearch finds a patient's results of one code.
func BenchmarkSearch(b *testing.B) {
	r, _ := filled(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		page, err := r.Search(context.Background(), all, Query{Type: "Observation", Where: []Condition{
			{Param: "patient", Values: []string{patientID(fmt.Sprintf("%07d", i%100))}},
			{Param: "code", Values: []string{"http://loinc.org|1003-7"}},
		}})
		if err != nil || len(page.Resources) == 0 {
			b.Fatal(len(page.Resources), err)
		}
	}
}

// filled returns a record of 1,000 panels of 100 patients, and the ids of some
// results.
func filled(b *testing.B) (*Record, []string) {
	r := open(b, storetest.SQLite(b), Config{})
	l := newLedger(b, r)
	var ids []string
	for i := range 1000 {
		w := l.compose(panel(i%100, i))
		ids = append(ids, w.Writes[len(w.Writes)-1].ID)
		if i%50 == 49 {
			l.apply()
			l.entries = nil
		}
	}
	return r, ids
}
