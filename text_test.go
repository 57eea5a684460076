package handover_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"handover"
)

const secret = "SYNTHETIC^PATIENT"

// holder nests a Text where fmt and slog reach it only by reflection.
type holder struct {
	Name  string
	inner struct{ text handover.Text }
	Text  handover.Text
	Ptr   *handover.Text
}

// TestTextNeverShowsContent prints a Text every way there is, alone and nested,
// and looks for any of its content: plain, quoted, hexadecimal or as numbers.
func TestTextNeverShowsContent(t *testing.T) {
	text := handover.NewText([]byte(secret))
	h := holder{Name: "x", Text: text, Ptr: &text}
	h.inner.text = text
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		for _, v := range []any{text, &text, h, &h, []handover.Text{text}, map[string]handover.Text{"k": text}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("received", "text", text, "holder", h, "pointer", &h)
	}
	asJSON, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	all := out.String() + log.String() + string(asJSON)
	for _, form := range []string{"SYNTH", "PATIENT", "53594e", "53594E", "83 89 78"} {
		if strings.Contains(all, form) {
			t.Errorf("content shows as %q", form)
		}
	}
	if !strings.Contains(all, "text(17 bytes)") {
		t.Error("the length is not shown")
	}
	if string(text.Reveal()) != secret || text.Len() != len(secret) {
		t.Error("Reveal does not give the content")
	}
}
