package fhirpath

// Quantity is System.Quantity: a number with a UCUM unit, or with one of the
// calendar durations that FHIRPath names (N1 §4.1.8).
type Quantity struct {
	Number Decimal
	// Unit is a UCUM unit ("mg", "1" for none) or, where Calendar is set, a
	// calendar duration in the singular ("year", "week").
	Unit     string
	Calendar bool
	plural   bool // written "weeks"; only Text cares
}

// Name is "".
func (Quantity) Name() string { return "" }

// Type is System.Quantity.
func (Quantity) Type() TypeName { return typeQuantity }

// Value is the value itself.
func (q Quantity) Value() (Value, bool) { return q, true }

// Children appends nothing.
func (Quantity) Children(dst []Node, _ string) []Node { return dst }

// Text is "1.5 'mg'", or "1 week" for a calendar duration.
func (q Quantity) Text() string {
	if q.Calendar {
		if q.plural {
			return q.Number.Text() + " " + q.Unit + "s"
		}
		return q.Number.Text() + " " + q.Unit
	}
	return q.Number.Text() + " '" + q.Unit + "'"
}

func (Quantity) system() {}

// calendarUnit returns the singular of a calendar duration keyword.
func calendarUnit(word string) (unit string, plural, ok bool) {
	switch word {
	case "year", "month", "week", "day", "hour", "minute", "second", "millisecond":
		return word, false, true
	case "years", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds":
		return word[:len(word)-1], true, true
	}
	return "", false, false
}
