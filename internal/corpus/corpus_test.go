package corpus

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"handover/internal/shareddata"
)

func TestTotalsEqualCounts(t *testing.T) {
	var want struct {
		Files    int            `json:"files"`
		Messages int            `json:"messages"`
		Distinct int            `json:"distinct"`
		Types    map[string]int `json:"types"`
	}
	data, err := os.ReadFile(filepath.Join(shareddata.Dir(t, "hl7v2"), "COUNTS.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	messages, got := Load(t)
	t.Logf("files %d, messages %d, distinct %d", got.Files, got.Messages, got.Distinct)
	if got != (Totals{want.Files, want.Messages, want.Distinct}) {
		t.Errorf("totals %+v, COUNTS.json has %d, %d, %d", got, want.Files, want.Messages, want.Distinct)
	}
	types := map[string]int{}
	for _, m := range messages {
		types[m.Type]++
	}
	for name, n := range want.Types {
		if types[name] != n {
			t.Errorf("type %s: %d, COUNTS.json has %d", name, types[name], n)
		}
		delete(types, name)
	}
	for name, n := range types {
		t.Errorf("type %s: %d, not in COUNTS.json", name, n)
	}
}

func TestEachIsInOrder(t *testing.T) {
	last := Message{Index: -1}
	Each(t, func(m Message) {
		if m.Path < last.Path || m.Path == last.Path && m.Index <= last.Index {
			t.Errorf("%s#%d comes after %s#%d", m.Path, m.Index, last.Path, last.Index)
		}
		last = m
	})
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"two messages", "MSH|1\rPID|1\rMSH|2\r", []string{"MSH|1\rPID|1\r", "MSH|2\r"}},
		{"framing", "\vMSH|1\rPID|1\r\x1c\r\vMSH|2\r\x1c\r", []string{"MSH|1\rPID|1\r", "MSH|2\r"}},
		{"byte order mark", "\ufeffMSH|1\n", []string{"MSH|1\n"}},
		{"batch", "FHS|a\r\nBHS|b\r\nMSH|1\r\nBTS|1\r\nFTS|1\r\n", []string{"MSH|1\r\n"}},
		{"bare BTS is kept", "MSH|1\rBTS\rFTS|1\r", []string{"MSH|1\rBTS\r"}},
		{"no message", "FHS|a\rFTS|0\r", nil},
		{"no last line end", "MSH|1", []string{"MSH|1"}},
	} {
		got := split([]byte(c.in))
		if len(got) != len(c.want) {
			t.Errorf("%s: %q", c.name, got)
			continue
		}
		for i := range got {
			if string(got[i]) != c.want[i] {
				t.Errorf("%s: %q, want %q", c.name, got[i], c.want[i])
			}
		}
	}
}

func TestMessageType(t *testing.T) {
	for in, want := range map[string]string{
		`MSH|^~\&|||||||ADT^A01^ADT_A01|`: "ADT^A01",
		`MSH|^~\&|||||||ACK^|`:            "ACK",
		`MSH|$~\&|||||||ADT$A01`:          "ADT^A01",
		`MSH|^~\&||`:                      "(none)",
		`MSH`:                             "(none)",
	} {
		if got := messageType([]byte(in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
