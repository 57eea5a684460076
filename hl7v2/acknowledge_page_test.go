package hl7v2

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite golden files and generated pages")

// checkFile compares a file with what it shall be, or rewrites it.
func checkFile(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is not what the code says; run go test with -update and read the difference", path)
	}
}

const acknowledgementsPage = "../docs/formats/acknowledgements.md"

// TestAcknowledgementsPage holds the documentation against the table in code.
func TestAcknowledgementsPage(t *testing.T) {
	checkFile(t, acknowledgementsPage, []byte(writeAcknowledgementsPage()))
}

func writeAcknowledgementsPage() string {
	var b strings.Builder
	b.WriteString(`# Which message gets which answer

Written by a test from the table in hl7v2/acknowledge_expected.go, after HL7 v2.9
§2.9.2 (original mode), §2.9.3 (enhanced mode), §2.13.9.15 and §2.13.9.16 (MSH-15, MSH-16).

The mode is original where both MSH-15 and MSH-16 are empty or null, else enhanced.

| message | mode | accept answer (CA, CE, CR) | application answer (AA, AE, AR) | why |
|---|---|---|---|---|
`)
	for _, r := range answerTable {
		mode := "original"
		if r.enhanced {
			mode = "enhanced"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.kind, mode, r.acceptIs, r.applicateIs, r.why)
	}
	b.WriteString(`
What MSH-15 and MSH-16 say in enhanced mode (table 0155):

| code | an answer is sent for |
|---|---|
| AL | success, error, reject |
| NE | nothing |
| ER | error, reject |
| SU | success |
| empty, null | nothing |
| anything else | as AL: who waits in vain sends again; who gets an answer too many passes over it |

## All cases

` + "`accept / application`, each AL, NE, ER or SU. Rows are MSH-15, columns MSH-16; - is empty.\n")
	for _, kind := range []MessageKind{Initiating, Query, ApplicationReply, AcceptReply} {
		fmt.Fprintf(&b, "\n%s, for example %s\n\n|  |", strings.ToUpper(kind.String()[:1])+kind.String()[1:], example[kind])
		for _, c := range conditionCodes {
			b.WriteString(" " + c + " |")
		}
		b.WriteString("\n|---|---|---|---|---|---|\n")
		for _, r := range conditionCodes {
			b.WriteString("| **" + r + "** |")
			for _, c := range conditionCodes {
				a := Expected(exampleMessage(kind, r, c))
				fmt.Fprintf(&b, " %s / %s |", a.Accept, a.Application)
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("\n## Which message is what\n\nA message with MSA is a reply: an accept reply if MSA-1 is CA, CE or CR. Without MSA the code in MSH-9.1 decides.\n\n" +
		"Queries: " + queryCodes + ".\n\nReplies: " + replyCodes + ".\n\nEvery other message is initiating.\n" + `
A message whose MSH cannot be read is answered as in original mode, with the
recommended delimiters and without MSA-2.

## What the answer looks like

| version | MSH-9 | errors |
|---|---|---|
| 2.1 | ACK | MSA-3 text; ERR-1 segment^sequence^field |
| 2.2 | ACK^A01 | MSA-3 text; ERR-1 segment^sequence^field^code |
| 2.3 | ACK^A01 | MSA-3 text, MSA-6 code; ERR-1 as before |
| 2.3.1, 2.4 | ACK^A01^ACK | as 2.3 |
| 2.5 to 2.9, and any other | ACK^A01^ACK | one ERR each: ERR-2 location, ERR-3 code (table 0357), ERR-4 severity, ERR-8 text |

MSH-3 and MSH-4 change places with MSH-5 and MSH-6; delimiters, MSH-11, MSH-12,
MSH-18 and MSH-20 are the message's; MSA-2 is its MSH-10, byte for byte. In
enhanced mode the answer's own MSH-15 and MSH-16 are NE.
`)
	return b.String()
}

var conditionCodes = []string{"-", "AL", "NE", "ER", "SU"}

var example = map[MessageKind]string{
	Initiating: "ADT^A01", Query: "QBP^Q21", ApplicationReply: "ORR^O02 or ACK with AA", AcceptReply: "ACK with CA",
}

func exampleMessage(kind MessageKind, msh15, msh16 string) *Message {
	typ := map[MessageKind]string{Initiating: "ADT^A01^ADT_A01", Query: "QBP^Q21^QBP_Q21",
		ApplicationReply: "ORR^O02^ORR_O02", AcceptReply: "ACK^A01^ACK"}[kind]
	text := `MSH|^~\&|A|B|C|D|20260102||` + typ + "|1|P|2.5.1|||" + strings.Trim(msh15, "-") + "|" + strings.Trim(msh16, "-") + "\r"
	switch kind {
	case ApplicationReply:
		text += "MSA|AA|9\r"
	case AcceptReply:
		text += "MSA|CA|9\r"
	}
	m, _ := Parse([]byte(text))
	return m
}
