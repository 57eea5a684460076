package fhirpath

import "strconv"

// Value is a System value: Boolean, String, Integer, Decimal, Date, DateTime,
// Time or Quantity. Each is also a Node without children, so that computed
// values and elements of a tree stand side by side in a Collection.
type Value interface {
	Node
	// Text is the value as toString() gives it (N1 §5.5.8).
	Text() string
	system()
}

// Boolean is System.Boolean.
type Boolean bool

// String is System.String.
type String string

// Integer is System.Integer, -2^31 to 2^31-1.
type Integer int32

// systemType returns System.name.
func systemType(name string) TypeName { return TypeName{"System", name} }

// The System types (N1 §10.1).
var (
	typeBoolean  = systemType("Boolean")
	typeString   = systemType("String")
	typeInteger  = systemType("Integer")
	typeDecimal  = systemType("Decimal")
	typeDate     = systemType("Date")
	typeDateTime = systemType("DateTime")
	typeTime     = systemType("Time")
	typeQuantity = systemType("Quantity")
	typeAny      = systemType("Any")
)

// Name is "".
func (Boolean) Name() string { return "" }

// Type is System.Boolean.
func (Boolean) Type() TypeName { return typeBoolean }

// Value is the value itself.
func (b Boolean) Value() (Value, bool) { return b, true }

// Children appends nothing.
func (Boolean) Children(dst []Node, _ string) []Node { return dst }

// Text is "true" or "false".
func (b Boolean) Text() string { return strconv.FormatBool(bool(b)) }

func (Boolean) system() {}

// Name is "".
func (String) Name() string { return "" }

// Type is System.String.
func (String) Type() TypeName { return typeString }

// Value is the value itself.
func (s String) Value() (Value, bool) { return s, true }

// Children appends nothing.
func (String) Children(dst []Node, _ string) []Node { return dst }

// Text is the string.
func (s String) Text() string { return string(s) }

func (String) system() {}

// Name is "".
func (Integer) Name() string { return "" }

// Type is System.Integer.
func (Integer) Type() TypeName { return typeInteger }

// Value is the value itself.
func (i Integer) Value() (Value, bool) { return i, true }

// Children appends nothing.
func (Integer) Children(dst []Node, _ string) []Node { return dst }

// Text is the number in decimal.
func (i Integer) Text() string { return strconv.Itoa(int(i)) }

func (Integer) system() {}
