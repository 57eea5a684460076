package fhirpath

import (
	"math/big"

	"github.com/cockroachdb/apd/v3"
)

// rounder is which way a number goes that lies between two.
type rounder uint8

const (
	towardsZero rounder = iota
	downwards
	upwards
	halfUp // to the nearer one, from the middle away from zero
)

// round returns d with n digits after the point, adding zeros or rounding.
// (apd's Quantize takes 0.004 to one digit as 0.0 whatever its rounding mode.)
func round(d Decimal, n int32, mode rounder) Decimal {
	x := d.Apd()
	coefficient := x.Coeff.MathBigInt()
	if shift := x.Exponent + n; shift >= 0 {
		coefficient.Mul(coefficient, power10(shift))
	} else {
		coefficient = roundQuotient(coefficient, power10(-shift), x.Negative, mode)
	}
	r := apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(coefficient), -n)
	r.Negative = x.Negative
	return Decimal{r}
}

// roundQuotient returns x/y rounded; both are positive, and negative says
// which sign the number has that they stand for.
func roundQuotient(x, y *big.Int, negative bool, mode rounder) *big.Int {
	q, rest := new(big.Int).QuoRem(x, y, new(big.Int))
	away := false
	switch mode {
	case downwards:
		away = negative && rest.Sign() != 0
	case upwards:
		away = !negative && rest.Sign() != 0
	case halfUp:
		away = rest.Lsh(rest, 1).Cmp(y) >= 0
	}
	if away {
		q.Add(q, big.NewInt(1))
	}
	return q
}

func power10(n int32) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// plain returns d without zeros after its last digit, and without exponent.
func plain(d Decimal) Decimal {
	r, _ := new(apd.Decimal).Reduce(d.Apd())
	if r.Exponent > 0 {
		return round(Decimal{r}, 0, towardsZero)
	}
	return Decimal{r}
}
