// Package corpus promises the real-world v2 messages that lie beside a
// checkout (../shared/data/hl7v2), each distinct message once, in a fixed
// order, counted as COUNTS.json counts them. It is for tests only; where the
// data is absent, the test that asks for it is skipped.
//
// A message is distinct by its segments: line ends, byte order mark, MLLP
// framing and the batch segments around it do not make another message. The
// bytes it yields keep the line ends and everything inside as they came.
package corpus

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"handover/internal/shareddata"
)

// A Message is one distinct message of the corpus.
type Message struct {
	Path  string // the file, with slashes, below the corpus folder
	Index int    // the message's place in its file, from 0
	Bytes []byte // as in the file: from MSH to its last segment's end; not to be changed
	Type  string // MSH-9.1^MSH-9.2 with ^ whatever the message's own separator; "(none)" where empty
}

// Totals are what reading the whole corpus counts.
type Totals struct {
	Files    int // files that hold v2 data
	Messages int // messages in them
	Distinct int // distinct messages
}

// Each calls f with every distinct message, ordered by path and place. It
// skips the test where the corpus is absent.
func Each(t testing.TB, f func(Message)) {
	t.Helper()
	messages, _ := Load(t)
	for _, m := range messages {
		f(m)
	}
}

// Load returns every distinct message, ordered by path and place, and the
// totals. It skips the test where the corpus is absent.
func Load(t testing.TB) ([]Message, Totals) {
	t.Helper()
	dir := shareddata.Dir(t, "hl7v2")
	once.Do(func() { whole, failure = read(dir) })
	if failure != nil {
		t.Fatalf("reading the corpus: %v", failure)
	}
	return slices.Clone(whole.messages), whole.totals
}

// The corpus is read once in a test binary.
var (
	once    sync.Once
	whole   reading
	failure error
)

func read(dir string) (reading, error) {
	r := reading{seen: map[string]bool{}}
	paths, err := files(dir)
	if err != nil {
		return r, err
	}
	for _, path := range paths {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil {
			return r, err
		}
		r.file(path, data)
	}
	r.seen = nil
	return r, nil
}

// files lists the corpus' data files below dir, sorted by their bytes.
// derived-charset is made from other files, so it does not count.
func files(dir string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "derived-charset" {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		if err == nil && isV2(d.Name()) {
			paths = append(paths, filepath.ToSlash(rel))
		}
		return err
	})
	slices.Sort(paths)
	return paths, err
}

// isV2 is false for the pages, expected results and tables among the messages.
func isV2(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".md", ".json", ".csv", ".fhir", ".ndjson":
		return false
	}
	return true
}

// reading gathers the corpus file by file.
type reading struct {
	seen     map[string]bool
	messages []Message
	totals   Totals
}

func (r *reading) file(path string, data []byte) {
	r.totals.Files++
	for i, m := range split(data) {
		r.totals.Messages++
		key := identity(m)
		if r.seen[key] {
			continue
		}
		r.seen[key] = true
		r.totals.Distinct++
		r.messages = append(r.messages, Message{Path: path, Index: i, Bytes: m, Type: messageType(m)})
	}
}

var (
	start = regexp.MustCompile(`(?:^|[\r\n\v]|\x{FEFF})[ \t]*MSH`)
	batch = regexp.MustCompile(`[\r\n]\s*(?:BTS|FTS|BHS|FHS)\|`)
	lines = regexp.MustCompile(`[\r\n]+`)
)

const around = "\r\n\v\x1c \t" // what may lie between messages

// split cuts a file into its messages, without what lies between them.
func split(data []byte) [][]byte {
	var begins []int
	for _, at := range start.FindAllIndex(data, -1) {
		begins = append(begins, at[1]-len("MSH"))
	}
	var messages [][]byte
	for i, begin := range begins {
		end := len(data)
		if i+1 < len(begins) {
			end = begins[i+1]
		}
		messages = append(messages, trim(data[begin:end]))
	}
	return messages
}

// trim ends a message at the batch segment or framing that follows it, and
// keeps the line end of its last segment.
func trim(m []byte) []byte {
	if at := batch.FindIndex(m); at != nil {
		m = m[:at[1]-len("BTS|")]
	}
	end := len(bytes.TrimRight(m, around))
	switch rest := m[end:]; {
	case bytes.HasPrefix(rest, []byte("\r\n")):
		end += 2
	case len(rest) > 0 && (rest[0] == '\r' || rest[0] == '\n'):
		end++
	}
	return m[:end]
}

// identity is the same for messages that differ only in their line ends.
func identity(m []byte) string {
	m = bytes.Trim(m, around)
	return string(lines.ReplaceAll(m, []byte("\r")))
}

// messageType reads MSH-9 on its own, so that the corpus does not lean on the
// parser that it tests.
func messageType(m []byte) string {
	line := lines.Split(string(m), 2)[0]
	if len(line) < 5 {
		return "(none)"
	}
	fields := strings.Split(line, line[3:4])
	if len(fields) < 9 || fields[8] == "" {
		return "(none)"
	}
	separator := "^"
	if fields[1] != "" {
		separator = fields[1][:1]
	}
	parts := strings.Split(fields[8], separator)
	if len(parts) == 1 || parts[1] == "" {
		return parts[0]
	}
	return parts[0] + "^" + parts[1]
}
