package handover

import (
	"fmt"
	"log/slog"
	"strconv"
)

// Text is content that came from a message or a resource. Whatever prints it
// (every fmt verb, slog, encoding/json) gets its length and nothing else, also
// where it is nested in an unexported field: the content is held by a function,
// into which reflection cannot look (a pointer is followed by a wrong verb such
// as %t). Only Reveal gives it out.
type Text struct{ content func() []byte }

// NewText wraps content. The bytes are not copied.
func NewText(content []byte) Text { return Text{func() []byte { return content }} }

// Reveal returns the content. Whoever calls it answers for where it goes.
func (t Text) Reveal() []byte {
	if t.content == nil {
		return nil
	}
	return t.content()
}

// Len returns the content's length in bytes.
func (t Text) Len() int { return len(t.Reveal()) }

// String returns the length only: "text(12 bytes)".
func (t Text) String() string { return "text(" + strconv.Itoa(t.Len()) + " bytes)" }

// Format prints the length only, whatever the verb.
func (t Text) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(t.String())) }

// LogValue gives slog the length only.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON writes the length only.
func (t Text) MarshalJSON() ([]byte, error) { return []byte(strconv.Quote(t.String())), nil }
