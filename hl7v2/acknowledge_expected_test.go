package hl7v2

import "testing"

func TestEveryKindAndModeHasOneRow(t *testing.T) {
	for kind := Initiating; kind <= AcceptReply; kind++ {
		for _, enhanced := range []bool{false, true} {
			n := 0
			for _, r := range answerTable {
				if r.kind == kind && r.enhanced == enhanced {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%s, enhanced %t: %d rows", kind, enhanced, n)
			}
		}
	}
}

// TestExpected checks cases that were read from the standard one by one.
func TestExpected(t *testing.T) {
	for _, c := range []struct {
		why     string
		message string
		want    Answers
	}{
		{"original mode", `MSH|^~\&|||||||ADT^A01|1|P|2.3`, Answers{Initiating, false, Never, Always}},
		{"both null is original mode", `MSH|^~\&|||||||ADT^A01|1|P|2.5|||""|""`, Answers{Initiating, false, Never, Always}},
		{"only MSH-15: enhanced", `MSH|^~\&|||||||ADT^A01|1|P|2.5|||AL`, Answers{Initiating, true, Always, Never}},
		{"only MSH-16: enhanced", `MSH|^~\&|||||||ADT^A01|1|P|2.5||||ER`, Answers{Initiating, true, Never, OnError}},
		{"IHE style", `MSH|^~\&|||||||ORU^R01|1|P|2.5.1|||AL|NE`, Answers{Initiating, true, Always, Never}},
		{"success only", `MSH|^~\&|||||||ORU^R01|1|P|2.5.1|||SU|SU`, Answers{Initiating, true, OnSuccess, OnSuccess}},
		{"small letters", `MSH|^~\&|||||||ORU^R01|1|P|2.5.1|||ne|al`, Answers{Initiating, true, Never, Always}},
		{"unknown code", `MSH|^~\&|||||||ORU^R01|1|P|2.5.1|||YES|NE`, Answers{Initiating, true, Always, Never}},
		{"query", `MSH|^~\&|||||||QBP^Q21|1|P|2.5`, Answers{Query, false, Never, Always}},
		{"old query", `MSH|^~\&|||||||QRY^A19|1|P|2.3`, Answers{Query, false, Never, Always}},
		{"ACK without MSA", `MSH|^~\&|||||||ACK|1|P|2.3`, Answers{ApplicationReply, false, Never, Never}},
		{"application acknowledgement", "MSH|^~\\&|||||||ACK|1|P|2.5|||AL|AL\rMSA|AA|1", Answers{ApplicationReply, true, Always, Never}},
		{"accept acknowledgement", "MSH|^~\\&|||||||ACK|1|P|2.5|||AL|AL\rMSA|CA|1", Answers{AcceptReply, true, Never, Never}},
		{"accept error", "MSH|^~\\&|||||||ACK|1|P|2.5\rMSA|CE|1", Answers{AcceptReply, false, Never, Never}},
		{"response by its MSA", "MSH|^~\\&|||||||ZZZ^Z01|1|P|2.5\rMSA|AA|1", Answers{ApplicationReply, false, Never, Never}},
		{"response by its code", `MSH|^~\&|||||||ORL^O22|1|P|2.5`, Answers{ApplicationReply, false, Never, Never}},
		{"no type", `MSH|^~\&|||||||`, Answers{Initiating, false, Never, Always}},
		{"a blank type is none", `MSH|^~\&||||||| |`, Answers{Initiating, false, Never, Always}},
	} {
		m, _ := Parse([]byte(c.message))
		if got := Expected(m); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.why, got, c.want)
		}
	}
	if got := Expected(nil); got != (Answers{Initiating, false, Never, Always}) {
		t.Errorf("no MSH: %+v", got)
	}
}

func TestConditionAsks(t *testing.T) {
	for c, want := range map[Condition][3]bool{ // accepted, in error, rejected
		Always: {true, true, true}, Never: {}, OnError: {false, true, true}, OnSuccess: {true, false, false},
	} {
		for o := Accepted; o <= Rejected; o++ {
			if c.Asks(o) != want[o] {
				t.Errorf("%s asks for %s: %t", c, o.ApplicationCode(), c.Asks(o))
			}
		}
	}
}

func TestOutcomeCodes(t *testing.T) {
	got := ""
	for o := Accepted; o <= Rejected; o++ {
		got += o.AcceptCode() + o.ApplicationCode()
	}
	if got != "CAAACEAECRAR" {
		t.Error(got)
	}
}

func TestUnsupported(t *testing.T) {
	for message, want := range map[string]string{
		`MSH|^~\&|||||||ADT^A01^ADT_A01|1|P|2.5.1`: "",
		`MSH|^~\&|||||||ADT^A99|1|P|2.5.1`:         "MSH-9.2 201 ",
		`MSH|^~\&|||||||QQQ^A01|1|P|2.5.1`:         "MSH-9.1 200 ",
		`MSH|^~\&||||||||1|P|2.5.1`:                "MSH-9.1 200 ",
		`MSH|^~\&|||||||ZZZ^Z01|1|P|2.5.1`:         "",
		`MSH|^~\&|||||||ADT^Z77|1|P|2.5.1`:         "",
		`MSH|^~\&|||||||ACK|1|P|2.3`:               "",
		`MSH|^~\&|||||||ADT^A01|1|X|2.5.1`:         "MSH-11 202 ",
		`MSH|^~\&|||||||ADT^A01|1|P|7.1`:           "MSH-12 203 ",
		`MSH|^~\&|||||||ADT^A01|1|T|2.5.1^USA`:     "",
		`MSH|^~\&|||||||ADT^A99|1||`:               "MSH-9.2 201 MSH-11 202 MSH-12 203 ",
	} {
		m, _ := Parse([]byte(message))
		got := ""
		for _, e := range Unsupported(m) {
			got += e.Where + " " + e.Code + " "
		}
		if got != want {
			t.Errorf("%s: %q, want %q", message, got, want)
		}
	}
}
