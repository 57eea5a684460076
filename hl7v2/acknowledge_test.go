package hl7v2

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"handover/internal/corpus"
)

var ackTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))

func lines(b []byte) string { return strings.ReplaceAll(string(b), "\r", "\n") }

func TestAcknowledge(t *testing.T) {
	wrong := []AckError{
		{Where: "PID-5.1", Code: "101", Text: "a name | is needed"},
		{Where: "segment 4", Code: "100", Severity: "W", Text: "not read"},
	}
	for _, c := range []struct {
		why, message string
		a            Acknowledgement
		want         string
	}{
		{"original mode, 2.5.1", `MSH|^~\&|LAB|NORTH|ENGINE|SITE|20260101||ORU^R01^ORU_R01|M-1|P|2.5.1`,
			Acknowledgement{Code: "AA"},
			"MSH|^~\\&|ENGINE|SITE|LAB|NORTH|20260304050607+0100||ACK^R01^ACK|A1|P|2.5.1\nMSA|AA|M-1\n"},
		{"enhanced mode", `MSH|^~\&#|LAB|NORTH|ENGINE|SITE|20260101||ORU^R01^ORU_R01|M-1|T|2.7^NLD|||AL|NE||UNICODE UTF-8`,
			Acknowledgement{Code: "CA"},
			"MSH|^~\\&#|ENGINE|SITE|LAB|NORTH|20260304050607+0100||ACK^R01^ACK|A1|T|2.7^NLD|||NE|NE||UNICODE UTF-8\nMSA|CA|M-1\n"},
		{"errors, 2.5.1", `MSH|^~\&|LAB||||20260101||ORU^R01|M-1|P|2.5.1`,
			Acknowledgement{Code: "AE", Errors: wrong},
			"MSH|^~\\&|||LAB||20260304050607+0100||ACK^R01^ACK|A1|P|2.5.1\nMSA|AE|M-1\n" +
				"ERR||PID^1^5^1^1|101^Required field missing^HL70357|E||||a name \\F\\ is needed\n" +
				"ERR|||100^Segment sequence error^HL70357|W|||segment 4|not read\n"},
		{"errors, 2.4", `MSH|^~\&|LAB||||20260101||ADT^A04|M-1|P|2.4`,
			Acknowledgement{Code: "AE", Errors: wrong},
			"MSH|^~\\&|||LAB||20260304050607+0100||ACK^A04^ACK|A1|P|2.4\n" +
				"MSA|AE|M-1|a name \\F\\ is needed|||101^Required field missing^HL70357\n" +
				"ERR|PID^1^5^101&Required field missing&HL70357\n"},
		{"2.3", `MSH|^~\&|LAB||||20260101||ADT^A04|M-1|P|2.3`, Acknowledgement{Code: "AA"},
			"MSH|^~\\&|||LAB||20260304050607+0100||ACK^A04|A1|P|2.3\nMSA|AA|M-1\n"},
		{"2.2 has no MSA-6", `MSH|^~\&|LAB||||20260101||ADT^A04|M-1|P|2.2`, Acknowledgement{Code: "AR", Errors: wrong[:1]},
			"MSH|^~\\&|||LAB||20260304050607+0100||ACK^A04|A1|P|2.2\nMSA|AR|M-1|a name \\F\\ is needed\n" +
				"ERR|PID^1^5^101&Required field missing&HL70357\n"},
		{"2.1", `MSH|^~\&|LAB||||20260101||ADT|M-1|P|2.1`, Acknowledgement{Code: "AE", Errors: wrong[:1]},
			"MSH|^~\\&|||LAB||20260304050607||ACK|A1|P|2.1\nMSA|AE|M-1|a name \\F\\ is needed\nERR|PID^1^5\n"},
		{"other delimiters", `MSH$%*@!$LAB$$$$$$ADT%A04$M-1$P$2.5`, Acknowledgement{Code: "AE", Errors: []AckError{{Code: "207", Text: "50% done"}}},
			"MSH$%*@!$$$LAB$$20260304050607+0100$$ACK%A04%ACK$A1$P$2.5\nMSA$AE$M-1\n" +
				"ERR$$$207%Application error%HL70357$E$$$$50@S@ done\n"},
		{"groups have no sequence", `MSH|^~\&|||||||OML^O21|1|P|2.5`, Acknowledgement{Code: "AE", Errors: []AckError{{Where: "ORDER[2].OBR-4", Code: "101"}}},
			"MSH|^~\\&|||||20260304050607+0100||ACK^O21^ACK|A1|P|2.5\nMSA|AE|1\n" +
				"ERR||OBR^^4^1|101^Required field missing^HL70357|E|||ORDER[2].OBR-4\n"},
		{"a query nobody serves", `MSH|^~\&|||||||QBP^Q21^QBP_Q21|1|P|2.5`, Acknowledgement{Code: "AR", Errors: []AckError{{Where: "MSH-9", Code: "207"}}},
			"MSH|^~\\&|||||20260304050607+0100||ACK^Q21^ACK|A1|P|2.5\nMSA|AR|1\nERR||MSH^1^9^1|207^Application error^HL70357|E\n"},
		{"the control id as it came", "MSH|^~\\&|||||||ADT^A04| é\\T\\1 |P|2.5", Acknowledgement{Code: "AA"},
			"MSH|^~\\&|||||20260304050607+0100||ACK^A04^ACK|A1|P|2.5\nMSA|AA| é\\T\\1 \n"},
		{"no version", `MSH|^~\&|||||||ADT^A04|1|P`, Acknowledgement{Code: "AA"},
			"MSH|^~\\&|||||20260304050607+0100||ACK^A04^ACK|A1|P\nMSA|AA|1\n"},
		{"no encoding characters", `MSH||LAB|||||||1`, Acknowledgement{Code: "AE", Errors: wrong[:1]},
			"MSH|^~\\&|||LAB||20260304050607+0100||ACK^^ACK|A1\nMSA|AE|1\n" +
				"ERR||PID^1^5^1^1|101^Required field missing^HL70357|E||||a name \\F\\ is needed\n"},
		{"no component separator", "MSH|\r", Acknowledgement{Code: "AE"},
			"MSH|^~\\&|||||20260304050607+0100||ACK^^ACK|A1\nMSA|AE\n"},
	} {
		c.a.Time, c.a.ControlID = ackTime, "A1"
		m, _ := Parse([]byte(c.message))
		if got := lines(Acknowledge(m, c.a)); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.why, got, c.want)
		}
	}
}

func TestAcknowledgeWithoutMSH(t *testing.T) {
	got := lines(Acknowledge(nil, Acknowledgement{Code: "AR", Errors: []AckError{{Code: "100", Text: "no MSH segment"}}}))
	want := "MSH|^~\\&|||||||ACK^^ACK\nMSA|AR\nERR|||100^Segment sequence error^HL70357|E||||no MSH segment\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestConditionsAreTable0357(t *testing.T) {
	table, ok := LookupTable("0357")
	if !ok {
		t.Fatal("no table 0357")
	}
	for code, text := range conditions {
		if d, _ := table.Display(code); d != text {
			t.Errorf("%s: %q, the table has %q", code, text, d)
		}
	}
	if len(table.Codes) != len(conditions) {
		t.Errorf("%d conditions, the table has %d", len(conditions), len(table.Codes))
	}
}

func TestVersionsAreTable0104(t *testing.T) {
	table, _ := LookupTable("0104")
	if len(table.Codes) == 0 {
		t.Fatal("no table 0104")
	}
	for _, c := range table.Codes {
		if !strings.Contains(versions, " "+c.Code+" ") {
			t.Errorf("version %s is in the table and not known here", c.Code)
		}
	}
}

func TestReplyAndQueryCodesAreInTable0076(t *testing.T) {
	table, _ := LookupTable("0076")
	for _, code := range strings.Fields(queryCodes + " " + replyCodes) {
		if _, ok := table.Display(code); !ok {
			t.Errorf("%s is not in table 0076", code)
		}
	}
}

// TestAcknowledgeCorpus answers every real message: the answer parses without
// a fault of its own, names the message and is never itself acknowledged.
func TestAcknowledgeCorpus(t *testing.T) {
	n := 0
	corpus.Each(t, func(c corpus.Message) {
		m, problems := Parse(c.Bytes)
		checkAnswer(t, m, Acknowledgement{Code: "AE", Errors: ErrorsOf(problems), Time: ackTime, ControlID: "A1"})
		n++
	})
	t.Logf("%d answers", n)
}

// checkAnswer writes an answer and reads it as the sender would.
func checkAnswer(t *testing.T, m *Message, a Acknowledgement) {
	t.Helper()
	answer := Acknowledge(m, a)
	if !bytes.Equal(answer, Acknowledge(m, a)) {
		t.Fatal("the same message and answer give other bytes")
	}
	back, _ := Parse(answer)
	if back == nil {
		t.Fatalf("the answer cannot be read: %q", answer)
	}
	msa := back.First("MSA")
	if got := msa.Field(1).Text(); got != a.Code {
		t.Errorf("MSA-1 is %q in %q", got, answer)
	}
	if m != nil {
		if want := m.First("MSH").Field(10).Raw(); !bytes.Equal(msa.Field(2).Raw(), want) {
			t.Errorf("MSA-2 is %q, MSH-10 %q", msa.Field(2).Raw(), want)
		}
	}
	if e := Expected(back); e.Application != Never || e.Accept != Never {
		t.Errorf("the answer asks for an answer: %q", answer)
	}
}

func FuzzAcknowledge(f *testing.F) {
	f.Add([]byte("MSH|^~\\&|A|B|C|D|1||ADT^A01|7|P|2.5|||AL|NE\rPID|1\r"), "PID-5.1", "a name", uint8(0))
	f.Add([]byte("MSH$%*@!$$$$$$$ADT%A04$M-1$P$2.2"), "nowhere", "50% $ done", uint8(4))
	f.Add([]byte("MSH|\r"), "A[2].OBX[3]-5", "é\r\n", uint8(2))
	f.Add([]byte("no message"), "", "", uint8(5))
	f.Fuzz(func(t *testing.T, data []byte, where, text string, code uint8) {
		m, _ := Parse(data)
		if m != nil && !m.First("MSH").Valid() {
			m = nil
		}
		codes := []string{"AA", "AE", "AR", "CA", "CE", "CR"}
		checkAnswer(t, m, Acknowledgement{Code: codes[int(code)%6], Time: ackTime, ControlID: text,
			Errors: []AckError{{Where: where, Code: "101", Text: text}, {Code: text}}})
	})
}
