package hl7v2_test

import (
	"errors"
	"strings"
	"testing"

	"handover/hl7v2"
)

// body is head's message with a second segment, all of whose bytes an edit of
// another place must leave.
func body(pid string) string { return head + "\rPID|" + pid + "\rPV1|1|I\r" }

func TestSet(t *testing.T) {
	for _, c := range []struct{ about, before, addr, text, after string }{
		{"a field", "1||A^B~C|x", "PID-3", "new", "1||new|x"},
		{"an empty field", "1||A", "PID-2", "new", "1|new|A"},
		{"a field behind the last", "1", "PID-4", "new", "1|||new"},
		{"a component", "1||A^B^C~D", "PID-3.2", "new", "1||A^new^C~D"},
		{"a component behind the last", "1||A~D|x", "PID-3.3", "new", "1||A^^new~D|x"},
		{"a component of an empty field", "1||", "PID-3.2", "new", "1||^new"},
		{"a component of a second repetition", "1||A~D^E", "PID-3[2].2", "new", "1||A~D^new"},
		{"a repetition", "1||A~B~C", "PID-3[2]", "new", "1||A~new~C"},
		{"a repetition behind the last", "1||A|x", "PID-3[3]", "new", "1||A~~new|x"},
		{"a repetition of an empty field", "1|||x", "PID-3[2]", "new", "1||~new|x"},
		{"a subcomponent", "1||A^B&C", "PID-3.2.2", "new", "1||A^B&new"},
		{"a subcomponent behind the last", "1||A^B", "PID-3[1].2.3", "new", "1||A^B&&new"},
		{"all at once", "", "PID-2[2].2.2", "new", "|~^&new"},
		{"nothing", "1||A|x", "PID-3", "", "1|||x"},
		{"nothing where nothing is", "1||A", "PID-7[2].3", "", "1||A"},
		{"delimiters", "1", "PID-2", "a|b^c&d~e\\", `1|a\F\b\S\c\T\d\R\e\E\`},
		{"control characters", "1", "PID-2", "a\nb\rc\x00", `1|a\.br\b\X0D\c\X00\`},
		{"two quotes that are not null", "1", "PID-2", `""`, `1|\X22\"`},
	} {
		t.Run(c.about, func(t *testing.T) {
			m := parse(t, body(c.before))
			edited, err := m.Set(c.addr, c.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(edited.Bytes()); got != body(c.after) {
				t.Errorf("%q, want %q", got, body(c.after))
			}
			if got := edited.Get(c.addr).Text(); got != c.text {
				t.Errorf("reads %q, want %q", got, c.text)
			}
			if string(m.Bytes()) != body(c.before) {
				t.Error("the message itself has changed")
			}
		})
	}
}

func TestSetInOtherPlaces(t *testing.T) {
	for _, c := range []struct{ about, before, addr, after string }{
		{"header", head, "MSH-3", strings.Replace(head, "SND", "new", 1)},
		{"header behind the last", "MSH|^~\\&", "MSH-4", "MSH|^~\\&||new"},
		{"segment without fields", head + "\r\nPV1\r\n", "PV1-2", head + "\r\nPV1||new\r\n"},
		{"second of its name", head + "\nNTE|1\nNTE|2\n", "NTE[2]-3", head + "\nNTE|1\nNTE|2||new\n"},
		{"last without terminator", head + "\rPID|1", "PID-1", head + "\rPID|new"},
		{"among mixed ends and junk", "\xEF\xBB\xBF" + head + "\r\n\r\nPID|1\nPV1|1\r\x1C\r", "PID-1", "\xEF\xBB\xBF" + head + "\r\n\r\nPID|new\nPV1|1\r\x1C\r"},
		{"within a group", order, "ORDER_OBSERVATION[2].OBX[2]-5", strings.Replace(order, "OBX|2|TX|||\r", "OBX|2|TX|||new\r", 1)},
	} {
		edited, err := parse(t, c.before).Set(c.addr, "new")
		if err != nil {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		if got := string(edited.Bytes()); got != c.after {
			t.Errorf("%s: %q, want %q", c.about, got, c.after)
		}
	}
}

func TestSetInCharacterSets(t *testing.T) {
	for _, c := range []struct{ set, scheme, text, raw string }{
		{"UNICODE UTF-8", "", "Mü日", "Mü日"},
		{"8859/1", "", "Mü", "M\xFC"},
		{"8859/15", "", "€", "\xA4"},
		{"BIG-5", "", "功|", "\xA5\x5C\\F\\"},
		{"GB 18030-2000", "", "张", "\xD5\xC5"},
		{"KS X 1001", "", "김", "\xB1\xE8"},
		{"~ISO IR87", "", "x山田y", "x\x1B$B;3ED\x1B(By"},
		{"~ISO IR87~ISO IR159", "", "山ü", "\x1B$B;3\x1B$(D+d\x1B(B"},
		{"~ISO IR87", "2.3", "山|", "\\M2442\\;3\\C2842\\\\F\\"},
		{"8859/1~8859/5", "", "üИü", "\xFC\x1B-L\xB8\x1B-A\xFC"},
		{"ISO IR14", "", "ﾔﾏ", "\xD4\xCF"},
		{"~ISO IR14", "", "ﾔ¥", "\x1B(IT\x1B(J\\E\\\x1B(B"},
	} {
		m := parse(t, withSet(c.set, c.scheme)+"\rPID|1||||x|after")
		edited, err := m.Set("PID-5", c.text)
		if err != nil {
			t.Errorf("%s: %v", c.set, err)
			continue
		}
		if got := string(edited.Get("PID-5").Raw()); got != c.raw {
			t.Errorf("%s: %q, want %q", c.set, got, c.raw)
		}
		if got := edited.Get("PID-5").Text(); got != c.text || edited.Get("PID-6").Text() != "after" {
			t.Errorf("%s: reads %q, want %q", c.set, got, c.text)
		}
	}
}

func TestSetNullAndRaw(t *testing.T) {
	m := parse(t, body("1||A^B|x"))
	null, err := m.SetNull("PID-3.2")
	if err != nil || string(null.Bytes()) != body(`1||A^""|x`) || !null.Get("PID-3.2").IsNull() {
		t.Errorf("null: %v", err)
	}
	raw, err := m.SetRaw("PID-3", []byte(`C^\T\&D~E`))
	if err != nil || string(raw.Bytes()) != body(`1||C^\T\&D~E|x`) {
		t.Errorf("raw: %v", err)
	}
	if _, err := m.SetRaw("PID-3.1", []byte("a&b")); err != nil {
		t.Errorf("subcomponents of a component: %v", err)
	}
}

func TestCannotSet(t *testing.T) {
	for _, c := range []struct{ about, message, addr, raw string }{
		{"no field", body("1"), "PID", "x"},
		{"no such segment", body("1"), "ZZZ-1", "x"},
		{"no such occurrence", body("1"), "PID[2]-1", "x"},
		{"delimiters", body("1"), "MSH-1", "x"},
		{"encoding characters", body("1"), "MSH-2", "x"},
		{"bad address", body("1"), "PID-0", "x"},
		{"a field separator", body("1"), "PID-1", "a|b"},
		{"a repetition separator", body("1"), "PID-1[1]", "a~b"},
		{"a component separator", body("1"), "PID-1.1", "a^b"},
		{"a line end", body("1"), "PID-1", "a\rb"},
		{"another segment", body("1"), "PID-1", "a\rPV1|"},
		{"far away", body("1"), "PID-1000000", "x"},
		{"far repetition", body("1"), "PID-1[1000000]", "x"},
		{"no such delimiter", "MSH|^|A", "MSH-3[2]", "x"},
		{"behind what is not switched back", withSet("~ISO IR87", "") + "\rPID|\x1B$B;3", "PID-1.2", "x"},
		{"another set for what is there", body("ä"), "MSH-18", "8859/1"},
	} {
		edited, err := parse(t, c.message).SetRaw(c.addr, []byte(c.raw))
		if err == nil {
			t.Errorf("%s: went through as %q", c.about, edited.Bytes())
		}
	}
	for _, c := range []struct{ about, message, text string }{
		{"no set is declared", body("1"), "ä"},
		{"not in the set", withSet("8859/1", "") + "\rPID|1", "€"},
		{"not in the sets", withSet("~ISO IR87", "") + "\rPID|1", "😀"},
		{"not UTF-8", withSet("UNICODE UTF-8", "") + "\rPID|1", "\xFF"},
		{"a text in MSH-18 that it would itself change", withSet("8859/5", "") + "\rPID|1", "И"},
		{"no escape character", "MSH|^~|A|||||||||\rPID|1", "a|b"},
	} {
		addr := "PID-2"
		if strings.Contains(c.about, "MSH-18") {
			addr = "MSH-18"
		}
		_, err := parse(t, c.message).Set(addr, c.text)
		var bad *hl7v2.EditError
		if !errors.As(err, &bad) || bad.Where != addr || strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.about, err)
		}
	}
}

func TestSetCharacterSetOfASCII(t *testing.T) {
	edited, err := parse(t, body("1")).Set("MSH-18", "UNICODE UTF-8")
	if err != nil {
		t.Fatal(err)
	}
	if edited, err = edited.Set("PID-5", "ä"); err != nil || edited.Get("PID-5").Text() != "ä" {
		t.Errorf("after declaring a set: %v", err)
	}
}

func TestAddRepetition(t *testing.T) {
	for before, after := range map[string]string{"1||A^B|x": "1||A^B~new|x", "1": "1||new", "1||A~B": "1||A~B~new", `1||""`: `1||""~new`} {
		edited, err := parse(t, body(before)).AddRepetition("PID-3", "new")
		if err != nil || string(edited.Bytes()) != body(after) {
			t.Errorf("%s: %v", before, err)
		}
	}
	for _, addr := range []string{"PID", "PID-3[1]", "PID-3.1", "x"} {
		if _, err := parse(t, body("1")).AddRepetition(addr, "x"); err == nil {
			t.Errorf("%s: no error", addr)
		}
	}
}

func TestRemove(t *testing.T) {
	for _, c := range []struct{ about, before, addr, after string }{
		{"a field", "1||A~B|x", "PID-3", "1|||x"},
		{"a first repetition", "1||A~B~C|x", "PID-3[1]", "1||B~C|x"},
		{"a middle repetition", "1||A~B~C|x", "PID-3[2]", "1||A~C|x"},
		{"a last repetition", "1||A~B|x", "PID-3[2]", "1||A|x"},
		{"the only repetition", "1||A|x", "PID-3[1]", "1|||x"},
		{"an empty repetition", "1||A~~C|x", "PID-3[2]", "1||A~C|x"},
		{"a component", "1||A^B^C|x", "PID-3.2", "1||A^^C|x"},
		{"a subcomponent", "1||A&B|x", "PID-3.1.1", "1||&B|x"},
		{"nothing", "1||A|x", "PID-7.2", "1||A|x"},
		{"nothing in a segment that is not there", "1||A|x", "ZZZ-1", "1||A|x"},
	} {
		edited, err := parse(t, body(c.before)).Remove(c.addr)
		if err != nil {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		if got := string(edited.Bytes()); got != body(c.after) {
			t.Errorf("%s: %q, want %q", c.about, got, body(c.after))
		}
	}
	if _, err := parse(t, head).Remove("MSH"); err == nil {
		t.Error("the header went")
	}
	if _, err := parse(t, head).Remove("?"); err == nil {
		t.Error("a bad address is no error")
	}
}

func TestInsertAndRemoveSegment(t *testing.T) {
	for _, c := range []struct {
		before string
		at     int
		after  string
	}{
		{head + "\rPID|1\r", 1, head + "\rZPD|new\rPID|1\r"},
		{head + "\rPID|1\r", 2, head + "\rPID|1\rZPD|new\r"},
		{head + "\rPID|1", 2, head + "\rPID|1\rZPD|new"},
		{head + "\r\nPID|1\r\n", 2, head + "\r\nPID|1\r\nZPD|new\r\n"},
		{head + "\nPID|1\n", 1, head + "\nZPD|new\nPID|1\n"},
		{head, 1, head + "\rZPD|new"},
		{head + "\rPID|1\r\x1C\r", 2, head + "\rPID|1\rZPD|new\r\x1C\r"},
	} {
		m := parse(t, c.before)
		edited, err := m.InsertSegment(c.at, []byte("ZPD|new"))
		if err != nil {
			t.Errorf("%q: %v", c.before, err)
			continue
		}
		if got := string(edited.Bytes()); got != c.after {
			t.Errorf("%q at %d: %q, want %q", c.before, c.at, got, c.after)
		}
		back, err := edited.RemoveSegment(c.at)
		if err != nil || string(back.Bytes()) != c.before {
			t.Errorf("%q: taking it out again gives %q (%v)", c.before, back.Bytes(), err)
		}
	}
	m := parse(t, head+"\rPID|1")
	for _, raw := range []string{"", "Z", "zpd|1", "ZPD|1\rPV1|1", "MSH|^~\\&|", "ZPD^1", "ZPD|1\r"} {
		if _, err := m.InsertSegment(1, []byte(raw)); err == nil {
			t.Errorf("%q went in", raw)
		}
	}
	for _, i := range []int{-1, 0, 3} {
		if _, err := m.InsertSegment(i, []byte("ZPD|1")); err == nil {
			t.Errorf("went in at %d", i)
		}
		if _, err := m.RemoveSegment(i); err == nil {
			t.Errorf("%d went", i)
		}
	}
}
