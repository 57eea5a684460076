package fhirpath

import (
	"fmt"
	"strings"
)

// Error is what is wrong with an expression, or went wrong when it ran, and
// where in the expression. Its text never holds content of the tree.
type Error struct {
	Line, Column int // from 1; columns count characters
	Text         string
	Err          error // what a callback of Context or a Function returned, or nil
}

// Error reads "1:14: expected ')'".
func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Text) }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Errors is every problem that compiling found, in the order of the text.
type Errors []*Error

// Error joins the problems with "; ".
func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, one := range e {
		texts[i] = one.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the problems.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, one := range e {
		out[i] = one
	}
	return out
}

// pos is a place in an expression.
type pos struct{ line, column int32 }

func (p pos) errorf(format string, args ...any) error {
	return &Error{Line: int(p.line), Column: int(p.column), Text: fmt.Sprintf(format, args...)}
}
