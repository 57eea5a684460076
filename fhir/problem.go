package fhir

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is something wrong in a resource, and where. It never holds content.
type Problem struct {
	Line, Column int    // from 1; columns count characters
	Byte         int    // from 0
	Path         string // FHIRPath to the element: "Patient.name[0].family"
	Code         string // FHIR R4 value set issue-type: invalid structure value too-long too-costly
	Text         string // what was wrong and what is expected
	Fatal        bool   // reading ended here, and there is no tree
}

// String reads "3:14: Patient.birthDate: must be a date ...".
func (p Problem) String() string {
	if p.Path == "" {
		return fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Text)
	}
	return fmt.Sprintf("%d:%d: %s: %s", p.Line, p.Column, p.Path, p.Text)
}

// The codes that Parse gives.
const (
	codeInvalid   = "invalid"    // not JSON
	codeStructure = "structure"  // not the JSON that the definitions demand
	codeValue     = "value"      // a primitive's text is wrong
	codeTooLong   = "too-long"   // over a limit of size
	codeTooCostly = "too-costly" // over a limit of depth or number
)

// place sorts problems by where they are and works out lines and columns in
// one pass over the text.
func place(problems []Problem, text string) {
	slices.SortStableFunc(problems, func(a, b Problem) int { return a.Byte - b.Byte })
	line, lineStart, at := 1, 0, 0
	for i := range problems {
		p := &problems[i]
		for {
			n := strings.IndexByte(text[at:p.Byte], '\n')
			if n < 0 {
				break
			}
			line++
			at += n + 1
			lineStart = at
		}
		at = p.Byte
		p.Line, p.Column = line, 1+len([]rune(text[lineStart:p.Byte]))
	}
}

// step is one part of the way from the root to where the parser is.
type step struct {
	prop *Property
	item int32 // in an array; -1: not in one
}

// pathTo writes the way as FHIRPath.
func pathTo(root *Type, steps []step) string {
	var b strings.Builder
	if root != nil {
		b.WriteString(root.Name)
	}
	for _, s := range steps {
		if s.prop == nil {
			break // below an unknown element the names are content
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		switch e := s.prop.Element; {
		case e == nil:
			b.WriteString(s.prop.Name)
		case e.IsChoice():
			fmt.Fprintf(&b, "%s.ofType(%s)", e.base, s.prop.Type.Name)
		default:
			b.WriteString(e.Name)
		}
		if s.item >= 0 {
			fmt.Fprintf(&b, "[%d]", s.item)
		}
	}
	return b.String()
}
