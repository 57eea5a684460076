package hl7v2_test

import (
	"fmt"
	"strings"

	"handover/hl7v2"
)

const example = "MSH|^~\\&|LAB|TEST|HIS|TEST|20260102030405||ORU^R01^ORU_R01|42|P|2.5.1\r" +
	"PID|1||T1^^^TEST^MR~T2^^^OTHER^PI||Sample^Sally\r" +
	"OBX|1|NM|2345-7^Glucose^LN||5.4|mmol/L\r" +
	"OBX|2|TX|comment^^L||1 \\T\\ 2\r"

func ExampleParse() {
	m, problems := hl7v2.Parse([]byte(example))
	fmt.Println(len(problems), "problems,", m.Len(), "segments")
	for id := range m.First("PID").Field(3).All() {
		fmt.Println(id.Component(1).Text(), "from", id.Component(4).Text())
	}
	// Output:
	// 0 problems, 4 segments
	// T1 from TEST
	// T2 from OTHER
}

func ExampleMessage_Get() {
	m, _ := hl7v2.Parse([]byte(example))
	fmt.Println(m.Get("PID-5.1").Text(), m.Get("PID-3[2].4").Text(), m.Get("OBX[2]-5").Text())
	// Output: Sample OTHER 1 & 2
}

func ExampleMessage_Every() {
	m, _ := hl7v2.Parse([]byte(example))
	for v := range m.Every(hl7v2.MustParseAddress("OBX-3.1")) {
		fmt.Println(v.Text())
	}
	// Output:
	// 2345-7
	// comment
}

func ExampleMessage_Set() {
	m, _ := hl7v2.Parse([]byte(example))
	edited, err := m.Set("PID-5.3", "A|B")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Split(string(edited.Bytes()), "\r")[1])
	// Output: PID|1||T1^^^TEST^MR~T2^^^OTHER^PI||Sample^Sally^A\F\B
}
