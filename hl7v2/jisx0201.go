package hl7v2

import (
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// jisX0201 is JIS X 0201 in eight bits: ASCII below, for the sake of the
// delimiters, and half-width katakana from 0xA1 to 0xDF (ISO-IR 13).
type jisX0201 struct{}

func (jisX0201) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: byteDecoder(func(b byte) rune {
		switch {
		case b < 0x80:
			return rune(b)
		case b >= 0xA1 && b <= 0xDF:
			return 0xFF61 + rune(b-0xA1)
		}
		return utf8.RuneError
	})}
}

func (jisX0201) NewEncoder() *encoding.Encoder {
	return &encoding.Encoder{Transformer: byteEncoder(func(r rune) (byte, bool) {
		switch {
		case r < 0x80:
			return byte(r), true
		case r >= 0xFF61 && r <= 0xFF9F:
			return byte(r-0xFF61) + 0xA1, true
		}
		return 0, false
	})}
}

// jisX0201Roman is the lower half (ISO-IR 14) with its high bits set: ASCII
// but for the yen sign and the overline.
type jisX0201Roman struct{}

func (jisX0201Roman) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: byteDecoder(func(b byte) rune {
		switch b & 0x7F {
		case '\\':
			return '¥'
		case '~':
			return '‾'
		}
		return rune(b & 0x7F)
	})}
}

func (jisX0201Roman) NewEncoder() *encoding.Encoder {
	return &encoding.Encoder{Transformer: byteEncoder(func(r rune) (byte, bool) {
		switch {
		case r == '¥':
			return '\\' | 0x80, true
		case r == '‾':
			return '~' | 0x80, true
		case r < 0x80 && r != '\\' && r != '~':
			return byte(r) | 0x80, true
		}
		return 0, false
	})}
}

// byteDecoder turns each byte into a character.
type byteDecoder func(byte) rune

// Reset does nothing; there is no state.
func (byteDecoder) Reset() {}

// Transform implements transform.Transformer.
func (d byteDecoder) Transform(dst, src []byte, _ bool) (nDst, nSrc int, err error) {
	for ; nSrc < len(src); nSrc++ {
		r := d(src[nSrc])
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
	}
	return nDst, nSrc, nil
}

// byteEncoder turns each character into a byte, or says that it cannot.
type byteEncoder func(rune) (byte, bool)

// Reset does nothing; there is no state.
func (byteEncoder) Reset() {}

// Transform implements transform.Transformer.
func (e byteEncoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if !atEOF && !utf8.FullRune(src[nSrc:]) {
			return nDst, nSrc, transform.ErrShortSrc
		}
		r, n := utf8.DecodeRune(src[nSrc:])
		b, ok := e(r)
		switch {
		case !ok:
			return nDst, nSrc, encoding.ErrInvalidUTF8
		case nDst == len(dst):
			return nDst, nSrc, transform.ErrShortDst
		}
		dst[nDst] = b
		nDst, nSrc = nDst+1, nSrc+n
	}
	return nDst, nSrc, nil
}
