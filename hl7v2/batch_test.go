package hl7v2

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"handover/internal/corpus"
	"handover/internal/shareddata"
)

// readBatch reads a whole file.
func readBatch(t testing.TB, in io.Reader, c BatchConfig) ([]BatchMessage, []Problem) {
	t.Helper()
	r := NewBatchReader(in, c)
	var all []BatchMessage
	for {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, r.Problems()
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
}

func TestBatchReader(t *testing.T) {
	for _, c := range []struct {
		why, file string
		want      []string // messages
		problems  []string
	}{
		{"plain, CR", "MSH|1\rPID|1\rMSH|2\r", []string{"MSH|1\rPID|1\r", "MSH|2\r"}, nil},
		{"plain, CRLF and empty lines", "MSH|1\r\nPID|1\r\n\r\n\r\nMSH|2\r\n\r\n", []string{"MSH|1\r\nPID|1\r\n", "MSH|2\r\n"}, nil},
		{"byte order mark", "\ufeffMSH|1\n", []string{"MSH|1\n"}, nil},
		{"no last line end", "MSH|1\nPID|1", []string{"MSH|1\nPID|1"}, nil},
		{"framed", "\vMSH|1\rPID|1\r\x1c\r\vMSH|2\r\x1c\r", []string{"MSH|1\rPID|1\r", "MSH|2\r"}, nil},
		{"framed, last segment not ended", "\vMSH|1\rPID|1\x1c\r\vMSH|2\x1c", []string{"MSH|1\rPID|1", "MSH|2"}, nil},
		{"framed without ends", "\vMSH|1\r\vMSH|2\r", []string{"MSH|1\r", "MSH|2\r"}, nil},
		{"between frames", "\vMSH|1\r\x1c\rjunk\r\vMSH|2\r\x1c\r", []string{"MSH|1\r", "MSH|2\r"},
			[]string{"line 3 (byte 9): content outside any message; it is not read"}},
		{"a separator that is no frame", "MSH|1\x1cPID|1\r", []string{"MSH|1\x1cPID|1\r"}, nil},
		{"batch", "FHS|f\rBHS|b\rMSH|1\rMSH|2\rBTS|2\rFTS|1\r", []string{"MSH|1\r", "MSH|2\r"}, nil},
		{"two batches", "FHS|f\rBHS|a\rMSH|1\rBTS|1\rBHS|b\rMSH|2\rBTS|1\rFTS|2\r", []string{"MSH|1\r", "MSH|2\r"}, nil},
		{"empty batch", "FHS|f\rBHS|b\rBTS|0\rFTS|1\r", nil, nil},
		{"counts are wrong", "FHS|f\rBHS|b\rMSH|1\rBTS|3\rFTS|x\r", []string{"MSH|1\r"},
			[]string{"line 4, BTS-1 (byte 18): BTS-1 says 3, counted are 1 messages in the batch",
				"line 5, FTS-1 (byte 24): FTS-1 is not a number"}},
		{"no counts", "BHS|b\rMSH|1\rBTS\r", []string{"MSH|1\r"}, nil},
		{"trailers are missing", "FHS|f\rBHS|b\rMSH|1\rBHS|c\rMSH|2\r", []string{"MSH|1\r", "MSH|2\r"},
			[]string{"line 4 (byte 18): BTS is missing before this segment",
				"line 5 (byte 30): file ends without BTS", "line 5 (byte 30): file ends without FTS"}},
		{"headers are missing", "MSH|1\rBTS|1\rFTS|1\r", []string{"MSH|1\r"},
			[]string{"line 2, BTS (byte 6): BTS without BHS", "line 3, FTS (byte 12): FTS without FHS"}},
		{"outside a batch", "FHS|f\rMSH|1\rFTS|0\r", []string{"MSH|1\r"},
			[]string{"line 2 (byte 6): message outside any batch, in a file with FHS"}},
		{"comments", "# notes\nMSH|1\nNTE|1\n\n# next\n// one\nMSH|2\n", []string{"MSH|1\nNTE|1\n", "MSH|2\n"},
			[]string{"line 1 (byte 0): content outside any message; it is not read",
				"line 5 (byte 21): content outside any message; it is not read",
				"line 6 (byte 28): content outside any message; it is not read"}},
		{"what could be text stays", "MSH|1\nOBX|1\n\n# not a comment\n\nmore text\nMSH|2\n",
			[]string{"MSH|1\nOBX|1\n\n# not a comment\n\nmore text\n", "MSH|2\n"}, nil},
		{"white space before MSH", "  MSH|1\n", []string{"MSH|1\n"},
			[]string{"line 1, MSH (byte 0): white space before MSH; it is not read"}},
		{"nothing", "", nil, nil},
	} {
		for name, in := range map[string]io.Reader{"": strings.NewReader(c.file),
			", byte by byte": iotest.OneByteReader(strings.NewReader(c.file))} {
			all, problems := readBatch(t, in, BatchConfig{})
			var got, told []string
			for _, m := range all {
				got = append(got, string(m.Bytes))
				if at := strings.TrimPrefix(c.file, "\ufeff"); c.file == at && !strings.HasPrefix(c.file[m.Byte:], string(m.Bytes)) {
					t.Errorf("%s%s: message %d is not at byte %d", c.why, name, m.Number, m.Byte)
				}
			}
			for _, p := range problems {
				told = append(told, p.String())
			}
			if strings.Join(got, "+") != strings.Join(c.want, "+") {
				t.Errorf("%s%s: %q, want %q", c.why, name, got, c.want)
			}
			if strings.Join(told, "\n") != strings.Join(c.problems, "\n") {
				t.Errorf("%s%s: problems\n%s\nwant\n%s", c.why, name, strings.Join(told, "\n"), strings.Join(c.problems, "\n"))
			}
		}
	}
}

func TestBatchPositions(t *testing.T) {
	file := "FHS|f\rBHS|a\rMSH|1\rPID|1\rBTS|1\rBHS|b\rMSH|2\rMSH|3\rBTS|2\rFTS|2\r"
	all, _ := readBatch(t, strings.NewReader(file), BatchConfig{})
	for i, want := range []BatchMessage{{Byte: 12, Line: 3, Number: 1, Batch: 1}, {Byte: 36, Line: 7, Number: 2, Batch: 2}, {Byte: 42, Line: 8, Number: 3, Batch: 2}} {
		got := all[i]
		got.Bytes = nil
		if got.Byte != want.Byte || got.Line != want.Line || got.Number != want.Number || got.Batch != want.Batch {
			t.Errorf("message %d: %+v, want %+v", i+1, got, want)
		}
	}
}

func TestBatchHeaders(t *testing.T) {
	r := NewBatchReader(strings.NewReader("FHS|f\rBHS|a\rMSH|1\rBTS|1\rFTS|1\r"), BatchConfig{})
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if file, batch := r.Headers(); string(file) != "FHS|f" || string(batch) != "BHS|a" {
		t.Errorf("%q, %q", file, batch)
	}
}

func TestBatchLimit(t *testing.T) {
	file := "MSH|1\rNTE|" + strings.Repeat("x", 500) + "\rMSH|2\r" + "MSH|" + strings.Repeat("y", 500) + "\rMSH|4\r"
	all, problems := readBatch(t, strings.NewReader(file), BatchConfig{MaxMessage: 100})
	if len(all) != 4 || !all[0].TooLong || all[1].TooLong || !all[2].TooLong || all[3].TooLong {
		t.Fatalf("%d messages, %+v", len(all), problems)
	}
	for _, m := range all {
		if len(m.Bytes) > 100 {
			t.Errorf("message %d has %d bytes", m.Number, len(m.Bytes))
		}
	}
	if len(problems) != 2 || problems[0].Code != "104" || !problems[0].Fatal {
		t.Errorf("%+v", problems)
	}
}

// TestBatchHoldsOneMessage reads a file of 64 MB, of which the reader holds no
// more than a message.
func TestBatchHoldsOneMessage(t *testing.T) {
	const messages = 1000
	one := "MSH|^~\\&|x\r" + strings.Repeat("OBX|1|TX|||"+strings.Repeat("x", 1000)+"\r", 64)
	readers := make([]io.Reader, messages)
	for i := range readers {
		readers[i] = strings.NewReader(one)
	}
	r := NewBatchReader(io.MultiReader(readers...), BatchConfig{})
	for i := range messages {
		m, err := r.Next()
		if err != nil || len(m.Bytes) != len(one) || m.Byte != int64(i*len(one)) {
			t.Fatalf("message %d: %d bytes at %d, %v", i+1, len(m.Bytes), m.Byte, err)
		}
	}
	if held := cap(r.lines.buffer) + r.lines.r.Size(); held > 4*len(one) {
		t.Errorf("the reader holds %d bytes", held)
	}
}

func TestBatchReadError(t *testing.T) {
	broken := errors.New("disk on fire")
	r := NewBatchReader(io.MultiReader(strings.NewReader("MSH|1\rMSH|2\r"), iotest.ErrReader(broken)), BatchConfig{})
	for range 2 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, err := r.Next(); !errors.Is(err, broken) {
			t.Errorf("error %v, want the reader's", err)
		}
	}
}

func TestBatchUTF16(t *testing.T) {
	var file []byte
	for _, c := range "\ufeffMSH|é\rPID|1\r" {
		file = append(file, byte(c), byte(c>>8))
	}
	all, problems := readBatch(t, bytes.NewReader(file), BatchConfig{})
	if len(all) != 1 || string(all[0].Bytes) != "MSH|é\rPID|1\r" || len(problems) != 1 {
		t.Errorf("%+v %+v", all, problems)
	}
}

// TestBatchCorpus reads every file of the corpus: each message that was
// counted is found, and none more.
func TestBatchCorpus(t *testing.T) {
	dir := shareddata.Dir(t, "hl7v2")
	byPath := map[string][][]byte{}
	_, want := corpus.Load(t)
	messages := 0
	corpus.Each(t, func(c corpus.Message) {
		all, ok := byPath[c.Path]
		if !ok {
			file, err := os.ReadFile(filepath.Join(dir, c.Path))
			if err != nil {
				t.Fatal(err)
			}
			read, _ := readBatch(t, bytes.NewReader(file), BatchConfig{})
			for _, m := range read {
				all = append(all, m.Bytes)
			}
			messages += len(all)
			byPath[c.Path] = all
		}
		if c.Index >= len(all) {
			t.Errorf("%s: message %d is not found", c.Path, c.Index)
		} else if rest, ok := bytes.CutPrefix(c.Bytes, bytes.TrimRight(all[c.Index], "\r\n \t")); !ok || !isLeftOut(rest) {
			t.Errorf("%s: message %d has %d bytes, want %d", c.Path, c.Index, len(all[c.Index]), len(c.Bytes))
		}
	})
	t.Logf("%d messages in %d files that hold a distinct one; %d in all", messages, len(byPath), want.Messages)
}

// isLeftOut reports whether what the corpus counts to a message, and the reader
// does not, is only comments and batch segments.
func isLeftOut(rest []byte) bool {
	for _, line := range bytes.FieldsFunc(rest, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if text := bytes.TrimSpace(line); len(text) > 0 && !isComment(text) && !isBatchSegment(text) {
			return false
		}
	}
	return true
}

func TestAcknowledgeBatch(t *testing.T) {
	a := BatchAcknowledgement{Answers: [][]byte{[]byte("MSH|^~\\&|x\rMSA|AA|1\r")}, Time: ackTime, ControlID: "B2", Comment: "one"}
	got := lines(AcknowledgeBatch([]byte(`BHS|^~\&|LAB|N|ENGINE|S|20260101||x||77`), a))
	want := "BHS|^~\\&|ENGINE|S|LAB|N|20260304050607+0100|||one|B2|77\nMSH|^~\\&|x\nMSA|AA|1\nBTS|1\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
	file := AcknowledgeBatch([]byte(`FHS|^~\&|LAB|N|ENGINE|S|20260101||x||88`), a)
	all, problems := readBatch(t, bytes.NewReader(file), BatchConfig{})
	if len(all) != 1 || len(problems) != 0 {
		t.Errorf("the answer to a file: %d messages, %+v", len(all), problems)
	}
	if !bytes.HasPrefix(AcknowledgeBatch(nil, BatchAcknowledgement{}), []byte(`BHS|^~\&`)) {
		t.Error("no header: not answered with the recommended delimiters")
	}
}

// FuzzBatch: however the file is cut into reads, the same messages come out,
// each stands in the file where it says, none overlap, and each begins with
// MSH.
func FuzzBatch(f *testing.F) {
	for _, s := range []string{
		"FHS|f\rBHS|b\rMSH|1\rBTS|1\rFTS|1\r", "\vMSH|1\rPID|1\r\x1c\r\vMSH|2\x1c", "# x\n\nMSH|1\r\n\r\n#y\r\nBTS",
		"MSH\x1c\r\n\nMSH\v\vMSH|", "\xef\xbb\xbf MSH|1",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if order, _ := utf16Order(file); order != nil {
			t.Skip("positions count in the decoded text")
		}
		whole, problems := readBatch(t, bytes.NewReader(file), BatchConfig{})
		pieces, again := readBatch(t, iotest.OneByteReader(bytes.NewReader(file)), BatchConfig{})
		if len(whole) != len(pieces) || len(problems) != len(again) {
			t.Fatalf("%d messages at once, %d byte by byte", len(whole), len(pieces))
		}
		last := int64(0)
		for i, m := range whole {
			if !bytes.Equal(m.Bytes, pieces[i].Bytes) || m.Byte != pieces[i].Byte {
				t.Errorf("message %d differs byte by byte", i+1)
			}
			end := m.Byte + int64(len(m.Bytes))
			if m.Byte < last || end > int64(len(file)) || !bytes.Equal(file[m.Byte:end], m.Bytes) {
				t.Errorf("message %d does not stand at byte %d", i+1, m.Byte)
			}
			if !bytes.HasPrefix(m.Bytes, []byte("MSH")) {
				t.Errorf("message %d begins with %.3q", i+1, m.Bytes)
			}
			last = end
		}
	})
}

func BenchmarkBatchReader(b *testing.B) {
	file := bytes.Repeat([]byte("MSH|^~\\&|A|B\rPID|1||1234567||SYNTHETIC^TEST\r"+strings.Repeat("OBX|1|NM|x||1|y\r", 20)), 1000)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		readBatch(b, bytes.NewReader(file), BatchConfig{})
	}
}
