package fhirpath

import (
	"fmt"

	"github.com/cockroachdb/apd/v3"
)

// Decimal is System.Decimal: exact, with the digits it was written with, so
// that 1.50 prints as 1.50 and equals 1.5. The zero Decimal is 0.
type Decimal struct{ d *apd.Decimal }

// maxDecimalExponent bounds a decimal's size: comparing 1e99999 with 1 would
// take memory by the digit.
const maxDecimalExponent = 400

var zeroDecimal = apd.New(0, 0)

// NewDecimal returns d, which must not be changed afterwards. It is false where
// d is not finite or is of an absurd size (beyond 10^±400).
func NewDecimal(d *apd.Decimal) (Decimal, bool) {
	if d == nil || d.Form != apd.Finite || len(d.Coeff.Bits()) > 64 {
		return Decimal{}, false
	}
	if top := int64(d.Exponent) + d.NumDigits(); top > maxDecimalExponent || d.Exponent < -maxDecimalExponent {
		return Decimal{}, false
	}
	return Decimal{d}, true
}

// ParseDecimal reads a decimal as JSON and FHIR write it: "-1.50", "1e3".
func ParseDecimal(s string) (Decimal, error) {
	d, _, err := apd.NewFromString(s)
	if err != nil {
		return Decimal{}, fmt.Errorf("not a decimal number")
	}
	dec, ok := NewDecimal(d)
	if !ok {
		return Decimal{}, fmt.Errorf("decimal number beyond 10^±%d", maxDecimalExponent)
	}
	return dec, nil
}

// Apd returns the number. It must not be changed.
func (d Decimal) Apd() *apd.Decimal {
	if d.d == nil {
		return zeroDecimal
	}
	return d.d
}

// Name is "".
func (Decimal) Name() string { return "" }

// Type is System.Decimal.
func (Decimal) Type() TypeName { return typeDecimal }

// Value is the value itself.
func (d Decimal) Value() (Value, bool) { return d, true }

// Children appends nothing.
func (Decimal) Children(dst []Node, _ string) []Node { return dst }

// Text is the number without exponent, with its digits.
func (d Decimal) Text() string { return d.Apd().Text('f') }

func (Decimal) system() {}

func intDecimal(i Integer) Decimal { return Decimal{apd.New(int64(i), 0)} }

func intDecimal64(i int64) Decimal { return Decimal{apd.New(i, 0)} }
