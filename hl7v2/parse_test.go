package hl7v2_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handover/hl7v2"
)

// head is a header with all that is required.
const head = "MSH|^~\\&|SND|FAC|RCV|FAC|20260102030405||ADT^A01^ADT_A01|C1|P|2.5.1"

// parse reads a message that must be readable.
func parse(t testing.TB, text string) *hl7v2.Message {
	t.Helper()
	m, problems := hl7v2.Parse([]byte(text))
	if m == nil {
		t.Fatalf("not readable: %v", problems)
	}
	return m
}

// names lists the segments' names.
func names(m *hl7v2.Message) string {
	var all []string
	for i := range m.Len() {
		all = append(all, m.Segment(i).Name())
	}
	return strings.Join(all, " ")
}

func TestSegments(t *testing.T) {
	for _, c := range []struct{ about, text, names string }{
		{"CR", head + "\rPID|1\rPV1|1\r", "MSH PID PV1"},
		{"LF", head + "\nPID|1\nPV1|1\n", "MSH PID PV1"},
		{"CR LF", head + "\r\nPID|1\r\nPV1|1\r\n", "MSH PID PV1"},
		{"mixed", head + "\rPID|1\nPV1|1\r\nZPD|1\n\rNTE|1", "MSH PID PV1 ZPD NTE"},
		{"no last terminator", head + "\rPID|1", "MSH PID"},
		{"header alone", head, "MSH"},
		{"byte order mark", "\xEF\xBB\xBF" + head + "\rPID|1\r", "MSH PID"},
		{"framing left on", "\x0B" + head + "\rPID|1\r\x1C\r", "MSH PID"},
		{"filling", head + "\rPID|1\r\x00\x00\x1A", "MSH PID"},
		{"empty lines", head + "\r\r\rPID|1\r\r", "MSH PID"},
		{"name without fields", head + "\rPID\rPV1|1", "MSH PID PV1"},
		{"line feed in a text", head + "\rOBX|1|TX|||first\nsecond line||||F\rPV1|1\r", "MSH OBX PV1"},
		{"two line feeds in a text", head + "\rOBX|1|TX|||first\n\nsecond\rPV1|1\r", "MSH OBX PV1"},
		{"bad names are kept", head + "\rpid|1\rTOOLONG|1\r12|3\r", "MSH pid TOOLONG 12"},
		{"bad lines of a file with LF", head + "\nPID|1\n# a remark\nPV1|1\n", "MSH PID # a remark PV1"},
		{"content before", "junk\r\n" + head + "\rPID|1", "MSH PID"},
		{"a word before that looks alike", "see MSH-3 below\r" + head + "\rPID|1", "MSH PID"},
		{"content before on the same line", "MSHA junk " + head + "\rPID|1", "MSH PID"},
		{"batch header", "BHS|^~\\&|A\r" + head + "\rBTS|1\r", "BHS MSH BTS"},
	} {
		t.Run(c.about, func(t *testing.T) {
			m := parse(t, c.text)
			if got := names(m); got != c.names {
				t.Errorf("segments %q, want %q", got, c.names)
			}
			if string(m.Bytes()) != c.text {
				t.Error("Bytes differ from what came")
			}
		})
	}
}

func TestLineFeedInTextIsKept(t *testing.T) {
	m := parse(t, head+"\rOBX|1|TX|||first\nsecond||||F\rPV1|1\r")
	if got := m.Get("OBX-5").Text(); got != "first\nsecond" {
		t.Errorf("OBX-5 is %q", got)
	}
	if got := m.Get("OBX-9").Text(); got != "F" {
		t.Errorf("OBX-9 is %q", got)
	}
}

func TestDelimiters(t *testing.T) {
	for _, c := range []struct {
		text string
		want hl7v2.Delimiters
	}{
		{`MSH|^~\&|A`, hl7v2.Delimiters{Field: '|', Component: '^', Repetition: '~', Escape: '\\', Subcomponent: '&'}},
		{`MSH|^~\&#|A`, hl7v2.Delimiters{Field: '|', Component: '^', Repetition: '~', Escape: '\\', Subcomponent: '&', Truncation: '#'}},
		{`MSH$%*!@$A`, hl7v2.Delimiters{Field: '$', Component: '%', Repetition: '*', Escape: '!', Subcomponent: '@'}},
		{`MSH|^~|A`, hl7v2.Delimiters{Field: '|', Component: '^', Repetition: '~'}},
		{`MSH|^|A`, hl7v2.Delimiters{Field: '|', Component: '^'}},
		{`MSH|^~\&`, hl7v2.Recommended},
		{`MSH||A`, hl7v2.Recommended},
		{`MSH&&A`, hl7v2.Delimiters{Field: '&', Component: '^', Repetition: '~', Escape: '\\'}},
		{`MSH|^^\&|A`, hl7v2.Delimiters{Field: '|', Component: '^', Escape: '\\', Subcomponent: '&'}},
		{`MSH|^~\&#!|A`, hl7v2.Delimiters{Field: '|', Component: '^', Repetition: '~', Escape: '\\', Subcomponent: '&', Truncation: '#'}},
		{"FHS|^~\\&|A", hl7v2.Recommended},
	} {
		if got := parse(t, c.text).Delimiters(); got != c.want {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
}

func TestOtherDelimitersReadTheSame(t *testing.T) {
	usual := parse(t, head+"\rPID|1||A^B&C~D\\S\\E")
	swap := strings.NewReplacer("|", "%", "^", "!", "~", "*", "\\", "/", "&", "?")
	other := parse(t, swap.Replace(head+"\rPID|1||A^B&C~D\\S\\E"))
	for _, a := range []string{"MSH-9.3", "PID-3[1].1", "PID-3.2.2", "PID-3.2.1"} {
		if got, want := other.Get(a).Text(), usual.Get(a).Text(); got != want {
			t.Errorf("%s: %q, want %q", a, got, want)
		}
	}
	if got := other.Get("PID-3[2]").Text(); got != "D!E" {
		t.Errorf("an escaped component separator is %q", got)
	}
}

func TestUndeclaredDelimitersAreText(t *testing.T) {
	m := parse(t, "MSH|^~|A|B||||||C1|P|2.1\rPID|1||A&B\\T\\C^D")
	if got := m.Get("PID-3.1").Text(); got != "A&B\\T\\C" {
		t.Errorf("PID-3.1 is %q", got)
	}
	if got := m.Get("PID-3.1").Subcomponents(); got != 1 {
		t.Errorf("%d subcomponents", got)
	}
}

func TestHeaderIsTyped(t *testing.T) {
	m := parse(t, head+"\rPID|1")
	code, trigger, structure := m.Type()
	got := []string{code, trigger, structure, m.ControlID(), m.Version()}
	if diff := cmp.Diff([]string{"ADT", "A01", "ADT_A01", "C1", "2.5.1"}, got); diff != "" {
		t.Error(diff)
	}
	m = parse(t, "BHS|^~\\&|A")
	if code, _, _ := m.Type(); code != "" || m.ControlID() != "" || m.Version() != "" {
		t.Error("a batch header has no message type")
	}
}

func TestProblems(t *testing.T) {
	const full = head + "||||||"
	for _, c := range []struct {
		about, text string
		want        []string // "code position: fatal"
	}{
		{"nothing wrong", full + "UNICODE UTF-8\rPID|1||Ä\\T\\\\X41\\\\.br\\\\Zlocal\\\r", nil},
		{"empty", "", []string{"100  byte 0 fatal"}},
		{"no header", "PID|1\r", []string{"100  byte 0 fatal"}},
		{"header without separator", "MSH\r", []string{"100  byte 0 fatal"}},
		{"UTF-16", "\xFF\xFEM\x00S\x00H\x00|\x00", []string{"100  byte 0 fatal"}},
		{"before MSH", "xx" + head, []string{"100  byte 0"}},
		{"framing before MSH", "\x0B" + head, nil},
		{"after the end", head + "\r\x1C\r", []string{"100  byte 67"}},
		{"second message", head + "\r" + head, []string{"100 segment 2 byte 68 fatal"}},
		{"second message behind framing", head + "\r\x1C\r\x0B" + head, []string{"100 segment 2 byte 68", "100 segment 3 byte 70 fatal", "102 segment 3 byte 77"}},
		{"bad name", head + "\rpid|1", []string{"100 segment 2 byte 68"}},
		{"truncated name", head + "\rPI\rP|1", []string{"100 segment 2 byte 68", "100 segment 3 byte 71"}},
		{"empty line", head + "\r\rPID|1", []string{"100 segment 2 byte 69"}},
		{"duplicate delimiter", strings.Replace(head, `^~\&`, `^^\&`, 1), []string{"102 MSH-2 byte 5"}},
		{"letter as delimiter", strings.Replace(head, `^~\&`, `^~\a`, 1), []string{"102 MSH-2 byte 7"}},
		{"no encoding characters", strings.Replace(head, `^~\&`, ``, 1), []string{"102 MSH-2 byte 4"}},
		{"missing fields", "MSH|^~\\&|A|B|C|D||X|\"\"|", []string{"101 MSH-7 byte 17", "101 MSH-9 byte 20", "101 MSH-10 byte 23", "101 MSH-11 byte 23", "101 MSH-12 byte 23"}},
		{"no time before 2.4", "MSH|^~\\&|A|B|C|D|||ACK|1|P|2.3", nil},
		{"no time since 2.4", "MSH|^~\\&|A|B|C|D|||ACK|1|P|2.4", []string{"101 MSH-7 byte 17"}},
		{"undeclared 8-bit", head + "\rPID|1||x\xE4", []string{"102 PID-3 byte 76"}},
		{"byte order mark declares", "\xEF\xBB\xBF" + head + "\rPID|1||xä", nil},
		{"not UTF-8", full + "UNICODE UTF-8\rPID|1||x\xE4^y", []string{"102 PID-3.1 byte 95"}},
		{"UTF-8 under another name", full + "8859/1\rPID|1||xä", []string{"102 PID-3 byte 88"}},
		{"unknown set", full + "8859/77\rPID|1", []string{"103 MSH-18[1] byte 73"}},
		{"unreadable set", full + "CNS 11643-1992\rPID|1", []string{"103 MSH-18[1] byte 73"}},
		{"own spelling of a set", full + "ASCII~UTF-8\rPID|1", []string{"103 MSH-18[2] byte 79"}},
		{"NUL", head + "\rPID|1||x\x00y\r", []string{"102 PID-3 byte 76"}},
		{"ESC undeclared", head + "\rPID|1||\x1B$B\r", []string{"102 PID-3 byte 75"}},
		{"escape not closed", head + "\rPID|1||a\\b^c\\~\\\r", []string{"102 PID-3[1].1 byte 76", "102 PID-3[1].2 byte 80", "102 PID-3[2] byte 82"}},
		{"escape not known", head + "\rPID|1||\\Q\\\\X4\\\\XZZ\\\\.xy\\\\.sp99999\\", []string{"102 PID-3 byte 75", "102 PID-3 byte 78", "102 PID-3 byte 82", "102 PID-3 byte 87", "102 PID-3 byte 92"}},
		{"not of the set", full + "BIG-5\rPID|1||x\xFF^\xA5\x5C^\x80", []string{"102 PID-3.1 byte 86", "102 PID-3.3 byte 92"}},
		{"not of the set switched to", full + "~ISO IR87\rPID|1||\x1B$B\x29\x7E\x1B(B", []string{"102 PID-3 byte 93"}},
		{"not switched back", full + "~ISO IR87\rPID|1||\x1B$B;3|\x1B$B;3ED", []string{"102 PID-3 byte 94", "102 PID-4 byte 102"}},
		{"line feed in a field", head + "\rNTE|1||a\nb^c\rPID|1", []string{"102 NTE-3.1 byte 76"}},
	} {
		t.Run(c.about, func(t *testing.T) {
			_, problems := hl7v2.Parse([]byte(c.text))
			var got []string
			for _, p := range problems {
				line := p.Code + " " + p.Where + " byte " + strconv.Itoa(p.Byte)
				if p.Fatal {
					line += " fatal"
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s\n%v", diff, problems)
			}
		})
	}
}

func TestManyProblemsAreCutShort(t *testing.T) {
	_, problems := hl7v2.Parse([]byte(head + "\r" + strings.Repeat("x\r", 1000)))
	if len(problems) != 21 {
		t.Fatalf("%d problems, want 20 and one that says that there are more", len(problems))
	}
	if last := problems[20].Text; !strings.HasPrefix(last, "from here on there are more") {
		t.Errorf("the last says %q", last)
	}
}

func TestProblemsHoldNoContent(t *testing.T) {
	const secret = "Qq9"
	text := "MSH|^~\\&|" + secret + "|\r" + secret + "|\\" + secret + "\\|\\" + secret + "|\x00\x1B\xFF" + secret + "\n" + secret + "|" + secret
	m, problems := hl7v2.Parse([]byte(text))
	if len(problems) < 8 {
		t.Fatalf("only %d problems", len(problems))
	}
	for _, p := range problems {
		if strings.Contains(p.Where, secret) {
			t.Errorf("position %q holds content", p.Where)
		}
		if strings.Contains(p.Text, secret) {
			t.Errorf("text %q holds content", p.Text)
		}
	}
	if s := m.Get("MSH-3").String(); strings.Contains(s, secret) {
		t.Errorf("a Value prints %q", s)
	}
}
