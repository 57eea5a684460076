package embedded

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"handover"
	"handover/hl7v2"
)

var long = bytes.Repeat([]byte("synthetic\n"), Least/10)

func coded(content []byte) string { return base64.StdEncoding.EncodeToString(content) }

func message(t *testing.T, segments ...string) *hl7v2.Message {
	t.Helper()
	head := `MSH|^~\&|LAB|QSG|HANDOVER|QSG|20260302101500||ORU^R01^ORU_R01|E1|P|2.5.1`
	m, problems := hl7v2.Parse([]byte(head + "\r" + strings.Join(segments, "\r") + "\r"))
	if m == nil {
		t.Fatal(problems)
	}
	return m
}

func obx(kind, value string) string { return "OBX|1|" + kind + "|DOC^Document^L||" + value + "||||||F" }

func TestCut(t *testing.T) {
	other := append([]byte("another "), long...)
	ed := func(kind, content string) string { return "LAB^" + kind + "^Base64^" + content }
	for name, c := range map[string]struct {
		segments []string
		want     []string // media type and places of each document
	}{
		"one":                  {[]string{obx("ED", ed("application^pdf", coded(long)))}, []string{"application/pdf OBX-5.5"}},
		"in the second OBX":    {[]string{obx("NM", "7"), obx("ED", ed("text^rtf", coded(long)))}, []string{"text/rtf OBX[2]-5.5"}},
		"repetitions":          {[]string{obx("ED", ed("image^png", coded(long))+"~"+ed("image^png", coded(other)))}, []string{"image/png OBX-5.5", "image/png OBX-5[2].5"}},
		"twice the same":       {[]string{obx("ED", ed("image^png", coded(long))), obx("ED", ed("image^png", coded(long)))}, []string{"image/png OBX-5.5 OBX[2]-5.5"}},
		"whole type in ED.3":   {[]string{obx("ED", ed("^Application/PDF", coded(long)))}, []string{"application/pdf OBX-5.5"}},
		"no type":              {[]string{obx("ED", ed("^", coded(long)))}, []string{Unknown + " OBX-5.5"}},
		"a type of table 0191": {[]string{obx("ED", ed("AP^PDF", coded(long)))}, []string{Unknown + " OBX-5.5"}},
		"a hostile type":       {[]string{obx("ED", ed("text^html;x=<script>", coded(long)))}, []string{Unknown + " OBX-5.5"}},
		"short":                {[]string{obx("ED", ed("application^pdf", coded(long[:1000])))}, nil},
		"not base64":           {[]string{obx("ED", ed("application^pdf", "****"+coded(long)))}, nil},
		"not whole":            {[]string{obx("ED", ed("application^pdf", coded(long)[1:]))}, nil},
		"hexadecimal":          {[]string{obx("ED", "LAB^application^pdf^Hex^"+strings.Repeat("20", Least))}, nil},
		"another data type":    {[]string{obx("TX", ed("application^pdf", coded(long)))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := message(t, c.segments...)
			rest, docs := Cut(m)
			var got []string
			for _, d := range docs {
				got = append(got, strings.Join(append([]string{d.MediaType}, d.Fields...), " "))
				var content bytes.Buffer
				if _, err := d.WriteTo(&content); err != nil || !bytes.HasSuffix(content.Bytes(), long) {
					t.Errorf("it holds %d bytes (%v)", content.Len(), err)
				}
				if digest, ok := Linked(d.Link()); !ok || digest != d.Digest {
					t.Error("its link does not lead to it")
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("cut out %v, want %v", got, c.want)
			}
			if c.want == nil && rest != m || c.want != nil && len(rest.Bytes()) > 2000 {
				t.Errorf("%d bytes are left of %d", len(rest.Bytes()), len(m.Bytes()))
			}
			if rest.Len() != m.Len() {
				t.Errorf("%d segments are left of %d", rest.Len(), m.Len())
			}
		})
	}
}

func TestLinked(t *testing.T) {
	for _, link := range []string{"", "c3ludGhldGlj", Scheme, Scheme + strings.Repeat("0", 62), Scheme + strings.Repeat("x", 64)} {
		if _, ok := Linked(link); ok {
			t.Errorf("%q is taken for a link", link)
		}
	}
}

func TestAttach(t *testing.T) {
	_, docs := Cut(message(t, obx("ED", "LAB^application^pdf^Base64^"+coded(long)), obx("ED", "LAB^text^rtf^Base64^"+coded(append(long, 'x')))))
	marked := fmt.Sprintf(`[{"attachment":{"data":%q}}]`, docs[0].marker())
	a := handover.Assertions{Resources: []handover.ResourceAssertion{{
		Type: "DocumentReference", Handle: "DocumentReference-1", Patient: "Patient-1",
		Elements: []handover.Element{
			{Name: "description", Value: []byte(`"data"`), From: []handover.Origin{{Field: "TXA-16", Rule: "r"}}},
			{Name: "content", Value: []byte(marked), From: []handover.Origin{
				{Path: "content[0].attachment.data", Field: "OBX-5.5", Rule: "r"}, {Path: "content[1].attachment.data", Field: "OBX[7]-5.5", Rule: "r"}}},
		},
	}}}
	used := Attach(&a, docs)
	if len(used) != 1 || used[0].MediaType != "application/pdf" || len(a.Resources) != 2 {
		t.Fatalf("%d documents are used, %d resources made", len(used), len(a.Resources)-1)
	}
	content := a.Resources[0].Elements[1]
	if string(content.Value) != `[{"attachment":{"url":"urn:handover:Binary-1"}}]` {
		t.Errorf("the attachment is %s", content.Value)
	}
	if content.From[0].Path != "content[0].attachment.url" || content.From[1].Path != "content[1].attachment.data" {
		t.Errorf("it comes from %v", content.From)
	}
	b := a.Resources[1]
	if b.Type != "Binary" || b.Patient != "Patient-1" || b.Identities[0].Scope != "Patient-1" {
		t.Errorf("the Binary is %+v", b)
	}
	for i, want := range []string{`"application/pdf" OBX-5.3`, `"` + docs[0].Link() + `" OBX-5.5`} {
		if e := b.Elements[i]; string(e.Value)+" "+e.From[0].Field != want {
			t.Errorf("%s is %s from %s, want %s", e.Name, e.Value, e.From[0].Field, want)
		}
	}
}
