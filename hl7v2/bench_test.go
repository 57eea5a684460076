package hl7v2_test

import (
	"strconv"
	"strings"
	"testing"

	"handover/hl7v2"
)

// syntheticORU is a laboratory result of 1.2 KB with ten observations.
func syntheticORU() []byte {
	var b strings.Builder
	b.WriteString("MSH|^~\\&|LABSYS|TESTLAB|HANDOVER|TESTHOSP|20260102030405+0100||ORU^R01^ORU_R01|CTRL0001|P|2.5.1|||AL|NE||UNICODE UTF-8\r" +
		"PID|1||TEST0001^^^TESTHOSP&1.2.3.4&ISO^MR~99990001^^^TESTNAT^NI||Sample^Sally^Q^^Ms||19700102|F|||1 Test Street^^Testtown^^00001\r" +
		"PV1|1|I|WARD1^101^1||||D0001^Doctor^Test|||MED\r" +
		"ORC|RE|ORD0001|FIL0001||CM||||20260102030000\r" +
		"OBR|1|ORD0001|FIL0001|24323-8^Comprehensive metabolic panel^LN|||20260102020000\r")
	for i := 1; i <= 10; i++ {
		n := strconv.Itoa(i)
		b.WriteString("OBX|" + n + "|NM|100" + n + "-1^Synthetic analyte " + n + "^LN||" + n + ".5|mmol/L|1.0-9.9|N|||F|||20260102\r")
	}
	return []byte(b.String())
}

var sink int

// BenchmarkReadORU parses the message and reads what an engine needs to route
// it: MSH-9, MSH-10, PID-3, PID-5 and every OBX-5.
func BenchmarkReadORU(b *testing.B) {
	data := syntheticORU()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		m, problems := hl7v2.Parse(data)
		code, trigger, structure := m.Type()
		sink = len(problems) + len(code) + len(trigger) + len(structure) + len(m.ControlID())
		pid := m.First("PID")
		for id := range pid.Field(3).All() {
			sink += len(id.Component(1).Text()) + len(id.Component(4).Subcomponent(1).Text())
		}
		sink += len(pid.Field(5).Component(1).Text()) + len(pid.Field(5).Component(2).Text())
		for obx := range m.All("OBX") {
			sink += len(obx.Field(5).Text())
		}
	}
}

// BenchmarkParse is the parse alone.
func BenchmarkParse(b *testing.B) {
	data := syntheticORU()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		m, _ := hl7v2.Parse(data)
		sink = m.Len()
	}
}

// BenchmarkGet reads one component by its address in words.
func BenchmarkGet(b *testing.B) {
	m, _ := hl7v2.Parse(syntheticORU())
	b.ReportAllocs()
	for b.Loop() {
		sink = len(m.Get("OBX[9]-3.2").Text())
	}
}

// BenchmarkTextEscaped decodes a value with escape sequences.
func BenchmarkTextEscaped(b *testing.B) {
	m, _ := hl7v2.Parse([]byte("MSH|^~\\&|||||||||P|2.5\rOBX|1|TX|||Sodium \\T\\ potassium\\.br\\5 \\S\\ 6\r"))
	b.ReportAllocs()
	for b.Loop() {
		sink = len(m.Get("OBX-5").Text())
	}
}

// BenchmarkTextLatin decodes a value in ISO 8859-1.
func BenchmarkTextLatin(b *testing.B) {
	m, _ := hl7v2.Parse([]byte("MSH|^~\\&|||||||||P|2.5||||||8859/1\rPID|||||M\xFCsterfrau\r"))
	b.ReportAllocs()
	for b.Loop() {
		sink = len(m.Get("PID-5").Text())
	}
}
