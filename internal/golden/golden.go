// Package golden runs golden stories: one txtar file a story, with prose, an
// input and what must come of it. It promises that a story reads the same
// everywhere (LF on disk; v2 input gets its CR back), that JSON is compared by
// meaning and not by layout, and that a difference names its place.
//
//	A patient's name keeps its order.
//
//	-- in.hl7 --
//	MSH|^~\&|...
//	-- want.json --
//	{ ... }
//	-- want.log --
//	left PID-10 ...
package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// The names of a story's files.
const (
	Input    = "in.hl7"
	WantJSON = "want.json"
	WantLog  = "want.log"
)

// Story is one story.
type Story struct {
	Prose   string
	archive *txtar.Archive
}

// Parse reads a story. A story without in.hl7, or with a file twice, is an error.
func Parse(data []byte) (*Story, error) {
	s := &Story{archive: txtar.Parse(data)}
	s.Prose = string(s.archive.Comment)
	seen := map[string]bool{}
	for _, f := range s.archive.Files {
		if seen[f.Name] {
			return nil, fmt.Errorf("file %s stands in the story twice", f.Name)
		}
		seen[f.Name] = true
	}
	if !seen[Input] {
		return nil, errors.New("the story has no file " + Input)
	}
	return s, nil
}

// File returns a file as it stands on disk; ok is false where there is none.
func (s *Story) File(name string) (content string, ok bool) {
	for _, f := range s.archive.Files {
		if f.Name == name {
			return string(f.Data), true
		}
	}
	return "", false
}

// Message returns in.hl7 as it goes over the wire: segments end in CR.
func (s *Story) Message() []byte {
	text, _ := s.File(Input)
	return []byte(strings.ReplaceAll(strings.TrimRight(text, "\n")+"\n", "\n", "\r"))
}

// Compare holds what came against the story: JSON by meaning, the log line by
// line. It returns the differences, none where the story holds. A nil want is
// not compared.
func (s *Story) Compare(gotJSON []byte, gotLog string) []Difference {
	var out []Difference
	if want, ok := s.File(WantJSON); ok {
		out = append(out, DiffJSON([]byte(want), gotJSON)...)
	}
	if want, ok := s.File(WantLog); ok {
		out = append(out, diffLines(want, gotLog)...)
	}
	return out
}

// Update returns the story with what came in place of what was wanted.
func (s *Story) Update(gotJSON []byte, gotLog string) ([]byte, error) {
	if gotJSON != nil {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, gotJSON, "", "  "); err != nil {
			return nil, fmt.Errorf("indenting: %w", err)
		}
		pretty.WriteByte('\n')
		s.put(WantJSON, pretty.Bytes())
	}
	if gotLog != "" && !strings.HasSuffix(gotLog, "\n") {
		gotLog += "\n"
	}
	s.put(WantLog, []byte(gotLog))
	return txtar.Format(s.archive), nil
}

func (s *Story) put(name string, data []byte) {
	for i := range s.archive.Files {
		if s.archive.Files[i].Name == name {
			s.archive.Files[i].Data = data
			return
		}
	}
	s.archive.Files = append(s.archive.Files, txtar.File{Name: name, Data: data})
}
