package file_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handover"
	"handover/wire/file"
)

func TestSender(t *testing.T) {
	dir := t.TempDir()
	s := file.Sender{Dir: dir}
	message := func(control string) []byte {
		return []byte("MSH|^~\\&|A|B|C|D|20260302||ADT^A01|" + control + "|P|2.5.1\rPID|1||900001\r")
	}
	names := func() (out []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			out = append(out, e.Name())
		}
		return out
	}
	for range 2 { // the second time it is there still
		if o := s.Send(t.Context(), message("M/1")); o.Ending != handover.Accepted {
			t.Fatalf("%+v", o)
		}
	}
	if got := names(); len(got) != 1 || !strings.HasPrefix(got[0], "M_1.") || !strings.HasSuffix(got[0], ".hl7") {
		t.Fatalf("files: %q", got)
	}
	if text, err := os.ReadFile(filepath.Join(dir, names()[0])); err != nil || string(text) != string(message("M/1")) {
		t.Errorf("%q, %v", text, err)
	}
	if o := s.Send(t.Context(), message("../../M2")); o.Ending != handover.Accepted || len(names()) != 2 {
		t.Errorf("a name that leads elsewhere: %+v, %q", o, names())
	}
	if o := s.Send(t.Context(), []byte("no message")); o.Ending != handover.Rejected {
		t.Errorf("no message: %+v", o)
	}
	gone := file.Sender{Dir: filepath.Join(dir, "gone", "900001")}
	if o := gone.Send(t.Context(), message("M3")); o.Ending != handover.Failed || strings.Contains(o.Reason, "900001") {
		t.Errorf("no such folder: %+v", o)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if o := s.Send(ended, message("M4")); o.Ending != handover.Failed || len(names()) != 2 {
		t.Errorf("after the end: %+v, %q", o, names())
	}
}
