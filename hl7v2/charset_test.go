package hl7v2_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"handover/hl7v2"
	"handover/internal/shareddata"
)

// withSet is a header that declares character sets, and MSH-20.
func withSet(set, scheme string) string { return head + "||||||" + set + "||" + scheme }

func TestCharacterSets(t *testing.T) {
	for _, c := range []struct{ set, raw, want string }{
		{"", "plain", "plain"},
		{"ASCII", "M\xFCller", "Müller"},
		{"", "Müller", "Müller"},
		{"", "M\xC3\\XBC\\ller", "Müller"},
		{"\"\"", "M\xFCller", "Müller"},
		{"UNICODE UTF-8", "Müller 日本", "Müller 日本"},
		{"UNICODE UTF-8", "M\xFCller", "M\uFFFDller"},
		{"UNICODE", "Müller", "Müller"},
		{"UNICODE UTF-16", "Müller", "Müller"},
		{"utf-8", "Müller", "Müller"},
		{"8859/1", "M\xFCller \xA4", "Müller ¤"},
		{"8859/1", "M\\XFC\\ller", "Müller"},
		{"8859/1", "O\x92Neil", "O\uFFFDNeil"}, // Windows-1252 under another name
		{"8859/11", "\x85", "\uFFFD"},
		{"8859/2", "\xA1\xB1", "Ąą"},
		{"8859/3", "\xA1", "Ħ"},
		{"8859/4", "\xA2", "ĸ"},
		{"8859/5", "\xB8\xD2\xD0\xDD", "Иван"},
		{"8859/6", "\xC7", "ا"},
		{"8859/7", "\xC1\xE1", "Αα"},
		{"8859/8", "\xE0", "א"},
		{"8859/9", "\xFD\xDD", "ıİ"},
		{"8859/10", "\xA1", "Ą"},
		{"8859/11", "\xA1", "ก"},
		{"8859/13", "\xC0", "Ą"},
		{"8859/14", "\xA1", "Ḃ"},
		{"8859/15", "\xA4", "€"},
		{"8859/16", "\xA4", "€"},
		{"8859-15", "\xA4", "€"},
		{"ISO-8859-1", "\xA4", "¤"},
		{"GB 18030-2000", "\xD5\xC5", "张"},
		{"GB18030", "\x81\x30\x89\x37", "Þ"}, // four bytes
		{"BIG-5", "\xB1\x69", "張"},
		{"KS X 1001", "\xB1\xE8", "김"},
		{"ISO IR14", "\xD4\xCF\xC0\xDE", "ﾔﾏﾀﾞ"},
		{"CNS 11643-1992", "\xE4", "ä"},
		{"no such set", "\xE4", "ä"},
	} {
		m := parse(t, withSet(c.set, "")+"\rPID|1||||"+c.raw+"^second|after")
		if got := m.Get("PID-5.1").Text(); got != c.want {
			t.Errorf("%s: %q, want %q", c.set, got, c.want)
		}
		if m.Get("PID-5.2").Text() != "second" || m.Get("PID-6").Text() != "after" {
			t.Errorf("%s: what follows is %q, %q", c.set, m.Get("PID-5.2").Text(), m.Get("PID-6").Text())
		}
	}
}

// The second bytes of these characters are delimiters to who does not know the
// set: each of the first three ends in a backslash.
func TestSecondBytesAreNoDelimiters(t *testing.T) {
	for _, c := range []struct{ set, raw, want string }{
		{"BIG-5", "\xB3\x5C\xA5\x5C\xBB\x5C", "許功蓋"},
		{"BIG-5", "\xA4\x7C\xA4\x7E\xA4\x5E", "弋才乞"},
		{"BIG-5", "\\T\\\xA5\x5C\\T\\", "&功&"},
		{"GB 18030-2000", "\x81\x5C\x81\x7C\x81\x5E\x81\x7E", "乗亅乛亊"},
		{"~ISO IR87", "\x1B$B$^$?$7\x1B(B", "またし"},
		{"ISO IR87", "\x1B$B\x5C\x5C\x26\x26\x1B(Bx", "樛Ζx"},
		{"~ISO IR159", "x\x1B$(D\x2B\x64\x1B(By", "xüy"},
		{"~ISO IR14", "\x1B(I\x5C\x5E\x26\x1B(B", "ﾜﾞｦ"},
	} {
		m := parse(t, withSet(c.set, "")+"\rPID|1||||"+c.raw+"^second~third|after")
		v := m.Get("PID-5")
		if got := v.Component(1).Text(); got != c.want {
			t.Errorf("%s: %q, want %q", c.set, got, c.want)
		}
		if v.Repetitions() != 2 || v.Component(2).Text() != "second" || v.Repetition(2).Text() != "third" || m.Get("PID-6").Text() != "after" {
			t.Errorf("%s: parts are %q %q %q", c.set, v.Component(2).Text(), v.Repetition(2).Text(), m.Get("PID-6").Text())
		}
	}
}

func TestSwitching(t *testing.T) {
	for _, c := range []struct{ about, set, scheme, raw, want string }{
		{"kanji within a name", "~ISO IR87~ISO IR159", "", "M\x1B$(D+d\x1B(Bller \x1B$B;3ED\x1B(B", "Müller 山田"},
		{"old kanji", "~ISO IR87", "", "\x1B$@;3ED\x1B(J\\E\\", "山田¥"},
		{"not switched back before the end", "~ISO IR87", "", "\x1B$B;3ED", "山田"},
		{"a space within", "~ISO IR87", "", "\x1B$B;3 ED\x1B(B", "山 田"},
		{"as HL7 escape sequences", "~ISO IR87", "2.3", "Yamada\\M2442\\;3ED\\C2842\\x", "Yamada山田x"},
		{"of three bytes", "~ISO IR159", "2.3", "\\M242844\\+d\\C2842\\", "ü"},
		{"though nothing is declared", "", "", "\\M2442\\;3ED\\C2842\\", "山田"},
		{"katakana above", "~ISO IR14", "", "\\C2949\\\xD4\xCF", "ﾔﾏ"},
		{"another part of 8859", "8859/1~8859/5", "", "M\xFC \x1B-L\xB8\xD2\x1B-A\xFC", "Mü Ивü"},
		{"another part, as HL7 escape", "8859/1~8859/2", "2.3", "\\C2D42\\\xA1", "Ą"},
		{"Korean above", "~KS X 1001", "", "\x1B$)C\xB1\xE8", "김"},
		{"by MSH-20 alone", "ASCII", "ISO 2022-1994", "\x1B$B;3\x1B(B", "山"},
		{"unknown designation", "~ISO IR87", "", "a\x1B$Zb", "a\x1B$Zb"},
		{"unknown HL7 designation", "~ISO IR87", "", "a\\C2899\\b\\M2\\", "a\\C2899\\b\\M2\\"},
		{"ESC where nothing is declared", "", "", "\x1B$B;3", "\x1B$B;3"},
		{"a code that is not there", "~ISO IR87", "", "\x1B$B\x29\x7E;3\x1B(B", "\uFFFD山"},
		{"half a character", "~ISO IR87", "", "\x1B$B;\x1B(B", "\uFFFD"},
	} {
		m := parse(t, withSet(c.set, c.scheme)+"\rPID|1||||"+c.raw+"|after")
		if got := m.Get("PID-5").Text(); got != c.want {
			t.Errorf("%s: %q, want %q", c.about, got, c.want)
		}
		if got := m.Get("PID-6").Text(); got != "after" {
			t.Errorf("%s: what follows is %q", c.about, got)
		}
	}
}

// A sender that trusts a separator to switch back is read too, where the
// separator cannot begin a character.
func TestSeparatorSwitchesBack(t *testing.T) {
	m := parse(t, withSet("~ISO IR87", "")+"\rPID|1||||\x1B$B;3ED~\x1B$B;3|after")
	if got := m.Get("PID-5").Repetitions(); got != 2 {
		t.Errorf("%d repetitions", got)
	}
	if got := m.Get("PID-5[2]").Text() + m.Get("PID-6").Text(); got != "山after" {
		t.Errorf("%q", got)
	}
}

// The fields before MSH-18 hold characters that hide or look like delimiters.
func TestSetIsFoundBehindWideCharacters(t *testing.T) {
	for _, c := range []struct{ set, name, want string }{
		{"BIG-5", "\xA4\x7C", "弋"},
		{"GB 18030-2000", "\x81\x7C", "亅"},
		{"~ISO IR87", "\x1B$B\x21\x7C\x1B(B", "○"},
	} {
		text := strings.Replace(withSet(c.set, ""), "SND", c.name, 1)
		m := parse(t, text+"\rPID|1")
		if got := m.Get("MSH-18").Text(); got != c.set {
			t.Errorf("%s: MSH-18 is %q", c.set, got)
		}
		if got := m.Get("MSH-3").Text(); c.name[0] != 0x1B && got != c.want || m.ControlID() != "C1" {
			t.Errorf("%s: MSH-3 is %q", c.set, got)
		}
	}
}

func TestFromUTF16(t *testing.T) {
	for _, c := range []struct {
		about, data, want string
		converted         bool
		problems          int
	}{
		{"little end first", "\xFF\xFEM\x00\xFC\x00", "Mü", true, 0},
		{"big end first", "\xFE\xFF\x00M\x00\xFC", "Mü", true, 0},
		{"no mark, little", "M\x00S\x00H\x00|\x00", "MSH|", true, 0},
		{"no mark, big", "\x00M\x00S\x00H\x00|", "MSH|", true, 0},
		{"of two units", "\xFE\xFF\xD8\x3D\xDE\x00\x00x", "😀x", true, 0},
		{"half of two units", "\xFE\xFF\xD8\x3D\x00x", "\uFFFDx", true, 1},
		{"half a unit", "\xFE\xFF\x00x\x00", "x", true, 1},
		{"UTF-8", "MSH|^~\\&|", "MSH|^~\\&|", false, 0},
		{"short", "M", "M", false, 0},
	} {
		text, converted, problems := hl7v2.FromUTF16([]byte(c.data))
		if string(text) != c.want || converted != c.converted || len(problems) != c.problems {
			t.Errorf("%s: %q %v %v", c.about, text, converted, problems)
		}
	}
}

// Messages that were made from the same UTF-8 text read the same in each set.
func TestDerivedSetsReadTheSame(t *testing.T) {
	dir := filepath.Join(shareddata.Dir(t, "hl7v2"), "derived-charset")
	byName := map[string]map[string]string{} // file name, folder, text of all values but MSH-18
	for _, set := range []string{"latin1", "latin9", "utf8bom", "utf16bom", "iso2022jp"} {
		paths, err := filepath.Glob(filepath.Join(dir, set, "*"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %v", set, err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(set, "latin") && utf8.Valid(data) {
				continue // has characters that the set lacks, and so is UTF-8 all the same
			}
			data, _, _ = hl7v2.FromUTF16(data)
			m, problems := hl7v2.Parse(data)
			if m == nil {
				t.Fatalf("%s: %v", path, problems)
			}
			name := filepath.Base(path)
			if byName[name] == nil {
				byName[name] = map[string]string{}
			}
			byName[name][set] = allText(m)
		}
	}
	compared := 0
	for name, texts := range byName {
		want, ok := texts["utf8bom"]
		if !ok {
			continue
		}
		for set, got := range texts {
			if got != want {
				t.Errorf("%s in %s reads otherwise than in UTF-8", name, set)
			}
			compared++
		}
	}
	if compared < 25 {
		t.Errorf("only %d files could be compared", compared)
	}
}

// allText is the text of every field but MSH-18.
func allText(m *hl7v2.Message) string {
	var b strings.Builder
	for i := range m.Len() {
		s := m.Segment(i)
		for n, v := range s.All() {
			if s.Name() == "MSH" && n == 18 {
				continue
			}
			b.WriteString(v.Text() + "|")
		}
		b.WriteByte('\n')
	}
	return b.String()
}
