package file

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"handover/hl7v2"
	"handover/internal/shareddata"
	"handover/wire"
)

// Real messages as UTF-16 files arrive as the bytes of their files, and can be read.
func TestRealMessagesInUTF16(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(shareddata.Dir(t, "hl7v2/derived-charset"), "utf16bom", "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files: %v", err)
	}
	s := start(t, Config{})
	files := map[string][]byte{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		files[name] = content
		s.take(name, content, "done", name)
	}
	kept := s.intake.Kept()
	if len(kept) != len(files) {
		t.Errorf("%d messages of %d files", len(kept), len(files))
	}
	for _, k := range kept {
		if !bytes.Equal(k.Content, files[k.Arrival.Remote]) || k.Arrival.Format != wire.UTF16Little {
			t.Errorf("%s: %d bytes of %d, %s", k.Arrival.Remote, len(k.Content), len(files[k.Arrival.Remote]), k.Arrival.Format)
		}
		text, wide, _ := hl7v2.FromUTF16(k.Content)
		m, _ := hl7v2.Parse(text)
		head, _ := hl7v2.Parse(k.Arrival.Head)
		if !wide || m == nil || head == nil || m.ControlID() != head.ControlID() {
			t.Errorf("%s cannot be read", k.Arrival.Remote)
		}
	}
}
