package hl7v2

import (
	"strings"
	"testing"
)

func TestMediaType(t *testing.T) {
	for _, c := range []struct{ kind, subtype, want string }{
		{"application", "pdf", "application/pdf"},
		{"Application", "PDF", "application/pdf"},
		{"AP", "application/pdf", "application/pdf"},
		{"text", "html;charset=utf-8", "text/html"},
		{"AP", "PDF", ""},
		{"", "pdf", ""},
		{"application", "", ""},
		{"", "", ""},
		{"image", "<script>", ""},
		{"image", strings.Repeat("x", 200), ""},
	} {
		if got := MediaType(c.kind, c.subtype); got != c.want {
			t.Errorf("%q, %.20q is %q, want %q", c.kind, c.subtype, got, c.want)
		}
	}
}
