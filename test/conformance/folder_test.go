package conformance

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"handover/hl7v2"
	"handover/internal/shareddata"
	"handover/trace"
)

// TestUTF16ByDropFolder drops every UTF-16 file, and looks for its answer, its
// bytes in the journal, and its control id in the trace.
func TestUTF16ByDropFolder(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shareddata.Dir(t, "hl7v2/derived-charset/utf16bom"), "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	drop := t.TempDir()
	engine, _ := start(t, site(drop))
	contents := map[string][]byte{} // by name
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		contents[name] = content
		if err := os.WriteFile(filepath.Join(drop, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range contents {
		ack := awaitFile(t, filepath.Join(drop, name+".ack"))
		text, converted, _ := hl7v2.FromUTF16(content)
		if !converted {
			t.Fatalf("%s is not UTF-16", name)
		}
		m, _ := hl7v2.Parse(text)
		a, _ := hl7v2.Parse(ack)
		if len(hl7v2Answers(m)) > 0 && (a == nil || a.Get("MSA-2").Text() != m.ControlID()) {
			t.Errorf("%s: answered %q", name, ack)
		}
	}
	kept := engine.Inspect()
	waitDecided(t, kept)
	found, err := kept.Trace.Search(t.Context(), everything, trace.Query{Source: "folder"})
	if err != nil {
		t.Fatal(err)
	}
	left := len(contents)
	for _, f := range found {
		if f.First != 0 {
			left--
			continue
		}
		got := body(t, kept, f.Offset)
		for name, content := range contents {
			if bytes.Equal(got, content) {
				delete(contents, name)
				left--
			}
		}
		if f.Type == "" {
			t.Errorf("message %d has no type: its text was not read", f.Offset)
		}
	}
	if left != 0 {
		t.Errorf("%d files are not in the journal byte for byte", left)
	}
}

// hl7v2Answers lists the answers that the message is owed when it is taken.
func hl7v2Answers(m *hl7v2.Message) (codes []string) {
	asked := hl7v2.Expected(m)
	if asked.Accept.Asks(hl7v2.Accepted) {
		codes = append(codes, "CA")
	}
	if asked.Application.Asks(hl7v2.Accepted) {
		codes = append(codes, "AA")
	}
	return codes
}

func awaitFile(t *testing.T, path string) []byte {
	t.Helper()
	for range 600 {
		if content, err := os.ReadFile(path); err == nil {
			return content
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s has not come", filepath.Base(path))
	return nil
}
