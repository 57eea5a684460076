package hl7v2_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"handover/hl7v2"
)

// FuzzParse: whatever comes, the parts are the bytes, and nothing panics.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		order, head, string(syntheticORU()), "MSH", "MSH|", "MSH|^~\\&#|", "BHS|^~\\&|\rMSH|^~\\&|\r", "\xEF\xBB\xBF" + head, "\x0B" + head + "\r\x1C\r",
		head + "\rOBX|1|TX|||a\nb\\.br\\\\T\\\\X41\\\\", withSet("~ISO IR87", "") + "\rPID|\x1B$B;3ED\x1B(B^x~y|z", withSet("BIG-5", "") + "\rPID|\xA5\x5C^\xA5",
		withSet("GB 18030-2000", "") + "\rPID|\x81\x30\x89\x37", head + "\rPID|\\M2442\\;3\\C2842\\", "MSH|||\r\r\n\n", "MSH&&^&a&b",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		readWhole(t, data)
		m, _ := hl7v2.Parse(data)
		if m == nil {
			return
		}
		again, _ := hl7v2.Parse(m.Bytes())
		if again == nil || again.Len() != m.Len() {
			t.Fatal("the same bytes read otherwise the second time")
		}
		for i := range m.Len() {
			at, ok := m.Locate(m.Segment(i).Byte())
			if ok && (m.At(at).Byte() != m.Segment(i).Byte() || at.Segment != m.Segment(i).Name()) {
				t.Fatalf("segment %d is located at %s", i, at)
			}
		}
	})
}

// FuzzEscape: what is escaped is a value without delimiters, and unescapes to
// the text.
func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"", "a|b^c&d~e\\f#", "\"\"", "\r\n\x00", "ä日😀", `\F\`, `\X41\`} {
		f.Add(seed, "|^~\\&#")
		f.Add(seed, "!*-/?")
		f.Add(seed, "|\"~\\&") // a delimiter that null is made of
		f.Add(seed, "|.~\\&")  // one that stands in \.br\
	}
	f.Fuzz(func(t *testing.T, text, chars string) {
		m, _ := hl7v2.Parse([]byte("MSH" + chars + "|"))
		if m == nil || m.Delimiters().Escape == 0 || !utf8.ValidString(text) {
			_ = hl7v2.Unescape(text, hl7v2.Recommended)
			return
		}
		d := m.Delimiters()
		escaped := hl7v2.Escape(text, d)
		for _, c := range []byte{d.Field, d.Component, d.Repetition, d.Subcomponent, '\r', '\n', 0} {
			if c != 0 && strings.IndexByte(escaped, c) >= 0 {
				t.Fatalf("escaped %q holds %q", escaped, c)
			}
		}
		if got := hl7v2.Unescape(escaped, d); got != text {
			t.Fatalf("%q becomes %q becomes %q", text, escaped, got)
		}
	})
}

// FuzzAddress: what can be read is written the same way.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"PID", "PID-3[2].4.2", "OBX[3]-5", "A.B_1[2].OBX[1]-5.1", "PID-0", "", "[", "PID-1.", "ABC[1]-9999999999"} {
		f.Add(seed)
	}
	m, _ := hl7v2.Parse([]byte(order))
	f.Fuzz(func(t *testing.T, text string) {
		a, err := hl7v2.ParseAddress(text)
		if err != nil {
			if !m.Get(text).IsAbsent() {
				t.Fatal("a bad address leads somewhere")
			}
			return
		}
		if a.String() != text {
			t.Fatalf("%q is written %q", text, a)
		}
		b, err := hl7v2.ParseAddress(a.String())
		if err != nil || !a.Equal(b) {
			t.Fatalf("%q reads otherwise the second time", text)
		}
		_ = m.At(a).Text()
		for v := range m.Every(a) {
			_ = v.Text()
		}
	})
}

// FuzzCharset: in every set, a text that can be set reads as it was, and its
// neighbours too; any bytes have a text.
func FuzzCharset(f *testing.F) {
	sets := []string{"UNICODE UTF-8", "8859/1", "8859/7", "8859/15", "GB 18030-2000", "BIG-5", "KS X 1001", "ISO IR14", "~ISO IR87~ISO IR159~ISO IR14", "8859/1~8859/5~8859/2", "", "~KS X 1001"}
	for i := range sets {
		f.Add(byte(i), "x山ü|ﾔ¥И김€^\\", []byte("\xA5\x5C\x1B$B;3\x81\x30"))
	}
	f.Fuzz(func(t *testing.T, n byte, text string, raw []byte) {
		for _, scheme := range []string{"", "2.3"} {
			m := parse(t, withSet(sets[int(n)%len(sets)], scheme)+"\rPID|1||||^x|after")
			if edited, err := m.Set("PID-5.1", text); err == nil {
				if got := edited.Get("PID-5.1").Text(); got != text {
					t.Fatalf("%q reads %q", text, got)
				}
				if edited.Get("PID-5.2").Text() != "x" || edited.Get("PID-6").Text() != "after" {
					t.Fatalf("%q changes its neighbours", text)
				}
			}
			if bytes.ContainsAny(raw, "\r\n") {
				continue
			}
			odd := parse(t, withSet(sets[int(n)%len(sets)], scheme)+"\rPID|1||||"+string(raw)+"|after")
			if !utf8.ValidString(odd.Get("PID-5").Text()) {
				t.Fatal("text is not UTF-8")
			}
			readWhole(t, odd.Bytes())
		}
	})
}

// FuzzEdit: an edit that goes through reads as it was asked for, leaves every
// byte around its place, and can be taken back.
func FuzzEdit(f *testing.F) {
	for _, addr := range []string{"PID-3", "PID-3[2].4.2", "OBX[2]-5", "MSH-18", "PID-40[3].2", "OBX[5]-5.2", "ORDER_OBSERVATION[2].OBX-5"} {
		f.Add(order, addr, "a|b^c\n")
	}
	f.Add(withSet("~ISO IR87", "")+"\rPID|\x1B$B;3|x", "PID-1.2", "山")
	f.Add(withSet("8859/5", ""), "MSH-18[1]", "И")
	f.Add(withSet("~ISO IR87", "")+"\rPID|\x1B$B", "PID-1.2", "")
	f.Fuzz(func(t *testing.T, message, addr, text string) {
		m, _ := hl7v2.Parse([]byte(message))
		if m == nil {
			return
		}
		edited, err := m.Set(addr, text)
		if err != nil {
			return
		}
		if got := edited.Get(addr).Text(); got != text {
			t.Fatalf("%s was set to %q and reads %q", addr, text, got)
		}
		if edited.Len() != m.Len() {
			t.Fatal("an edit of a value changes the number of segments")
		}
		a := hl7v2.MustParseAddress(addr)
		place := edited.At(a)
		if !bytes.HasPrefix(edited.Bytes(), m.Bytes()[:min(m.At(a).Byte(), place.Byte())]) ||
			!bytes.HasSuffix(m.Bytes(), edited.Bytes()[place.Byte()+len(place.Raw()):]) {
			t.Fatalf("setting %s changes bytes elsewhere", addr)
		}
		if before := m.At(a); before.Byte() > 0 {
			back, err := edited.SetRaw(addr, before.Raw())
			if err != nil || !bytes.Equal(back.Bytes(), m.Bytes()) {
				t.Fatalf("setting %s back gives other bytes: %v", addr, err)
			}
		}
	})
}
