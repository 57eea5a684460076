package hl7v2_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"handover/hl7v2"
	"handover/internal/corpus"
	"handover/internal/shareddata"
)

// readWhole reads everything there is in a message and checks what must always
// hold: the parts and what stands between them are the bytes that came.
func readWhole(t *testing.T, data []byte) {
	t.Helper()
	before := bytes.Clone(data)
	m, problems := hl7v2.Parse(data)
	for _, p := range problems {
		if p.Text == "" || p.Code == "" || p.Byte < 0 || p.Byte > len(data) {
			t.Fatalf("a problem says nothing: %+v", p)
		}
	}
	if m == nil {
		if len(problems) == 0 || !problems[len(problems)-1].Fatal {
			t.Fatal("unreadable, and no fatal problem says so")
		}
		return
	}
	if !bytes.Equal(m.Bytes(), before) {
		t.Fatal("Bytes differ from what came")
	}
	at := 0
	for i := range m.Len() {
		s := m.Segment(i)
		if s.Byte() < at {
			t.Fatalf("segment %d begins before the one before it ends", i)
		}
		if between := data[at:s.Byte()]; i > 0 && strings.Trim(string(between), "\r\n") != "" {
			t.Fatalf("between segments %d and %d something is in neither", i-1, i)
		}
		at = s.Byte() + len(s.Raw())
		if got := rebuilt(t, m, s); !bytes.Equal(got, s.Raw()) {
			t.Fatalf("segment %d: its parts make %q, not %q", i, got, s.Raw())
		}
	}
	if strings.Trim(string(data[at:]), "\r\n\x00\x0B\x1A\x1C") != "" {
		t.Fatal("something after the last segment is in none")
	}
	readIndexed(t, m)
}

// readIndexed checks that every field is the same with an index and without.
func readIndexed(t *testing.T, m *hl7v2.Message) {
	t.Helper()
	var without, with []hl7v2.Value
	var counts []int
	read := func() (fields []hl7v2.Value) {
		for i := range m.Len() {
			s, first := m.Segment(i), len(fields)
			for _, v := range s.All() {
				fields = append(fields, v)
				if got := v.AppendParts(nil); !slices.Equal(got, slices.Collect(v.Parts())) {
					t.Fatalf("segment %d: a field has other parts when they are appended", i)
				}
			}
			if got := s.AppendFields(nil); !slices.Equal(got, fields[first:]) {
				t.Fatalf("segment %d: other fields when they are appended", i)
			}
			counts = append(counts, s.Fields())
			for n := range s.Fields() + 2 {
				v := s.Field(n)
				if v.First() != v.Component(1).Subcomponent(1) {
					t.Fatalf("segment %d: the first part of field %d is another one", i, n)
				}
				fields = append(fields, v)
			}
		}
		return fields
	}
	without = read()
	m.IndexFields()
	if with = read(); !slices.Equal(with, without) {
		t.Fatal("fields differ with an index")
	}
	if n := len(counts) / 2; !slices.Equal(counts[:n], counts[n:]) {
		t.Fatal("there are more or fewer fields with an index")
	}
}

// rebuilt puts a segment together from its smallest parts and reads the text of
// each on the way.
func rebuilt(t *testing.T, m *hl7v2.Message, s hl7v2.Segment) []byte {
	t.Helper()
	d := m.Delimiters()
	b := []byte(s.Name())
	header := s.Fields() > 0 && s.Field(1).Raw() != nil && s.Field(1).Components() == 1 && isHeader(s.Name())
	for n, field := range s.All() {
		if n > 1 || !header {
			if !header || n > 2 {
				b = append(b, d.Field)
			}
		}
		if header && n < 3 {
			b = append(b, field.Raw()...)
			continue
		}
		b = append(b, joined(field.Repetitions(), d.Repetition, func(r int) []byte {
			repetition := field.Repetition(r)
			return joined(repetition.Components(), d.Component, func(c int) []byte {
				component := repetition.Component(c)
				return joined(component.Subcomponents(), d.Subcomponent, func(k int) []byte {
					v := component.Subcomponent(k)
					if v.Text() == "" && v.IsValued() && !bytes.ContainsRune(v.Raw(), rune(d.Escape)) && v.Raw()[0] != 0x1B {
						t.Fatalf("a value of %d bytes has no text", len(v.Raw()))
					}
					return v.Raw()
				})
			})
		})...)
	}
	return b
}

func isHeader(name string) bool { return name == "MSH" || name == "BHS" || name == "FHS" }

// joined is part(1), the separator, part(2) and so on.
func joined(n int, separator byte, part func(int) []byte) (b []byte) {
	for i := 1; i <= n; i++ {
		if i > 1 {
			b = append(b, separator)
		}
		b = append(b, part(i)...)
	}
	return b
}

func TestEveryMessageOfTheCorpus(t *testing.T) {
	n := 0
	corpus.Each(t, func(m corpus.Message) {
		n++
		readWhole(t, m.Bytes)
		if t.Failed() {
			t.Fatalf("in %s, message %d", m.Path, m.Index)
		}
	})
	t.Logf("%d messages", n)
}

// Every file of the folder, message or not, is read as if it were one.
func TestEveryFileOfTheCorpus(t *testing.T) {
	n := 0
	err := filepath.WalkDir(shareddata.Dir(t, "hl7v2"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		readWhole(t, data)
		if text, converted, _ := hl7v2.FromUTF16(data); converted {
			readWhole(t, text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files", n)
}

// Any value of any message can be set to another text and back, and the bytes
// are again those that came.
func TestEditTheCorpus(t *testing.T) {
	edits := 0
	corpus.Each(t, func(c corpus.Message) {
		m, _ := hl7v2.Parse(c.Bytes)
		if m == nil || edits > 20_000 {
			return
		}
		for i := range m.Len() {
			s := m.Segment(i)
			at, ok := m.Locate(s.Byte())
			if !ok || i > 5 {
				continue
			}
			at.Field = 3
			if s.Fields() < 3 {
				continue
			}
			raw := s.Field(3).Raw()
			edited, err := m.Set(at.String(), "other text")
			if err != nil {
				t.Fatalf("%s, message %d: %v", c.Path, c.Index, err)
			}
			if got := edited.At(at).Text(); got != "other text" {
				t.Fatalf("%s, message %d, %s: reads %q", c.Path, c.Index, at, got)
			}
			back, err := edited.SetRaw(at.String(), raw)
			if err != nil || !bytes.Equal(back.Bytes(), c.Bytes) {
				t.Fatalf("%s, message %d, %s: not as before (%v)", c.Path, c.Index, at, err)
			}
			edits++
		}
	})
	t.Logf("%d edits", edits)
}
