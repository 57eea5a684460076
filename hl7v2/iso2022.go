package hl7v2

import (
	"bytes"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// repertoire is a set of characters that a message can switch to. Its codes are
// one or two bytes of 0x21 to 0x7E as G0, or the same with the high bit as G1.
type repertoire struct {
	name   string // ISO-IR registration
	g0, g1 string // what follows ESC to designate it; "" where it cannot be
	width  int    // bytes a character
	last   byte   // greatest first byte, without the high bit
	ascii  bool   // as G0 its delimiters are delimiters
	// encoding reads and writes the codes with their high bits set, prefix
	// before each.
	encoding encoding.Encoding
	prefix   string
}

// The repertoires that ISO 2022 escape sequences and \C..\ and \M..\ name
// (HL7 v2.9 §2.7.3; ISO-IR register for the rest of ISO 8859).
var (
	asciiG0   = &repertoire{name: "ISO-IR 6", g0: "(B", width: 1, last: 0x7E, ascii: true}
	romaji    = &repertoire{name: "ISO-IR 14", g0: "(J", width: 1, last: 0x7E, ascii: true, encoding: jisX0201Roman{}}
	katakana  = &repertoire{name: "ISO-IR 13", g0: "(I", g1: ")I", width: 1, last: 0x5F, encoding: jisX0201{}}
	kanji     = &repertoire{name: "ISO-IR 87", g0: "$B", g1: "$)B", width: 2, last: 0x74, encoding: japanese.EUCJP}
	oldKanji  = &repertoire{name: "ISO-IR 42", g0: "$@", width: 2, last: 0x74, encoding: japanese.EUCJP}
	moreKanji = &repertoire{name: "ISO-IR 159", g0: "$(D", g1: "$)D", width: 2, last: 0x6D, encoding: japanese.EUCJP, prefix: "\x8F"}
	hangul    = &repertoire{name: "ISO-IR 149", g0: "$(C", g1: "$)C", width: 2, last: 0x7D, encoding: korean.EUCKR}
	hanzi     = &repertoire{name: "ISO-IR 58", g0: "$A", g1: "$)A", width: 2, last: 0x77, encoding: simplifiedchinese.GBK}
)

// latin returns the upper half of a part of ISO 8859 as a G1 repertoire.
func latin(ir, g1 string, m *charmap.Charmap) *repertoire {
	return &repertoire{name: ir, g1: g1, width: 1, last: 0x7F, encoding: m}
}

var (
	latinHalves = map[string]*repertoire{
		"8859/1":  latin("ISO-IR 100", "-A", charmap.ISO8859_1),
		"8859/2":  latin("ISO-IR 101", "-B", charmap.ISO8859_2),
		"8859/3":  latin("ISO-IR 109", "-C", charmap.ISO8859_3),
		"8859/4":  latin("ISO-IR 110", "-D", charmap.ISO8859_4),
		"8859/5":  latin("ISO-IR 144", "-L", charmap.ISO8859_5),
		"8859/6":  latin("ISO-IR 127", "-G", charmap.ISO8859_6),
		"8859/7":  latin("ISO-IR 126", "-F", charmap.ISO8859_7),
		"8859/8":  latin("ISO-IR 138", "-H", charmap.ISO8859_8),
		"8859/9":  latin("ISO-IR 148", "-M", charmap.ISO8859_9),
		"8859/10": latin("ISO-IR 157", "-V", charmap.ISO8859_10),
		"8859/11": latin("ISO-IR 166", "-T", charmap.Windows874),
		"8859/13": latin("ISO-IR 179", "-Y", charmap.ISO8859_13),
		"8859/14": latin("ISO-IR 199", "-_", charmap.ISO8859_14),
		"8859/15": latin("ISO-IR 203", "-b", charmap.ISO8859_15),
		"8859/16": latin("ISO-IR 226", "-f", charmap.ISO8859_16),
	}
	repertoires = allRepertoires()
)

func allRepertoires() []*repertoire {
	all := []*repertoire{asciiG0, romaji, katakana, kanji, oldKanji, moreKanji, hangul, hanzi}
	for _, r := range latinHalves {
		all = append(all, r)
	}
	return all
}

// switchedTo says what a name of table 0211 lets a message switch to. Sets
// that are in neither list (UTF-8, GB 18030, BIG-5) can only be the first.
var switchedTo = map[string][]*repertoire{
	"ISO IR14": {romaji, katakana}, "ISO IR87": {kanji}, "ISO IR159": {moreKanji},
	"JIS X 0202": {kanji, moreKanji, romaji, katakana},
	"JAS2020":    {kanji, moreKanji, romaji, katakana},
	"KS X 1001":  {hangul},
}

const escapeByte = 0x1B

// shift is what is designated at a point of a value: nil for what the base
// set has there.
type shift struct{ g0, g1 *repertoire }

// stepKind says what a step has read.
type stepKind uint8

const (
	stepByte   stepKind = iota // one byte that can be a delimiter
	stepText                   // one character that cannot
	stepSwitch                 // a switch to another repertoire
)

// step reads what stands at the beginning of data, which is not empty, and
// returns its length.
func (s *shift) step(c *characterSet, escape byte, data []byte) (int, stepKind) {
	b := data[0]
	if b == escapeByte && c.switching {
		if r, g, n := designated(data[1:]); r != nil {
			s.use(r, g)
			return n + 1, stepSwitch
		}
	}
	if b == escape && b != 0 {
		if r, g, n := escapedDesignation(data, escape); r != nil {
			s.use(r, g)
			return n, stepSwitch
		}
	}
	switch {
	case b >= 0x80:
		return s.high(c, data), stepText
	case s.g0 == nil || b < 0x21 || b > s.g0.last || s.g0.ascii:
		return 1, stepByte
	}
	return s.g0.length(data), stepText
}

// length returns how many bytes the character that begins data has: one of two
// whose second byte cannot be one is broken off and has one.
func (r *repertoire) length(data []byte) int {
	if r.width == 1 || len(data) < 2 {
		return 1
	}
	if second := data[1]; (second^data[0])&0x80 != 0 || second&0x7F < 0x21 || second&0x7F > 0x7E {
		return 1
	}
	return 2
}

// high returns the length of the character that begins with a byte above 0x7F.
func (s *shift) high(c *characterSet, data []byte) int {
	switch {
	case s.g1 != nil:
		return s.g1.length(data)
	case len(data) < 2:
		return 1
	case c.base.pairs && data[0] > 0x80 && data[0] < 0xFF && c.base.trail(data[1]):
		return 2
	}
	return 1
}

// use designates r as G0 or G1.
func (s *shift) use(r *repertoire, g int) {
	if r == asciiG0 {
		r = nil
	}
	if g == 0 {
		s.g0 = r
	} else {
		s.g1 = r
	}
}

// designated returns the repertoire that the bytes after an ESC name, whether
// as G0 or G1, and how many bytes that took; nil where they name none.
func designated(data []byte) (r *repertoire, g, n int) {
	if len(data) < 2 || bytes.IndexByte([]byte("($)-"), data[0]) < 0 {
		return nil, 0, 0
	}
	for _, r := range repertoires {
		for g, name := range [2]string{r.g0, r.g1} {
			if name != "" && len(data) >= len(name) && string(data[:len(name)]) == name {
				return r, g, len(name)
			}
		}
	}
	return nil, 0, 0
}

// escapedDesignation reads \Cxxyy\ or \Mxxyyzz\ (HL7 v2.9 §2.7.3), where the
// hexadecimal digits stand for what follows an ESC.
func escapedDesignation(data []byte, escape byte) (r *repertoire, g, n int) {
	if len(data) < 7 || data[1] != 'C' && data[1] != 'M' {
		return nil, 0, 0
	}
	var name [3]byte
	for i, k := 2, 0; k <= len(name) && i < len(data); i, k = i+2, k+1 {
		if data[i] == escape {
			if r, g, used := designated(name[:k]); r != nil && used == k {
				return r, g, i + 1
			}
			return nil, 0, 0
		}
		if k == len(name) || i+1 >= len(data) {
			break
		}
		high, low := unhex(data[i]), unhex(data[i+1])
		if high < 0 || low < 0 {
			break
		}
		name[k] = byte(high<<4 | low)
	}
	return nil, 0, 0
}

// unhex returns the value of a hexadecimal digit, -1 where c is none.
func unhex(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c - 'A' + 10)
	case c >= 'a' && c <= 'f':
		return int(c - 'a' + 10)
	}
	return -1
}

// decode appends src, which holds no switches, to dst in UTF-8, as the shift
// has it.
func (s shift) decode(c *characterSet, dst, src []byte) []byte {
	if s.g0 == nil && s.g1 == nil {
		return c.base.decode(dst, src)
	}
	for len(src) > 0 {
		n := 1
		isHigh := src[0] >= 0x80
		for n < len(src) && (src[n] >= 0x80) == isHigh {
			n++
		}
		switch {
		case isHigh && s.g1 != nil:
			dst = s.g1.decode(dst, src[:n])
		case !isHigh && s.g0 != nil:
			dst = s.g0.decode(dst, src[:n])
		default:
			dst = c.base.decode(dst, src[:n])
		}
		src = src[n:]
	}
	return dst
}

// decode appends codes of the repertoire, given as G0 or as G1, in UTF-8.
// Bytes below 0x21, such as a space, are themselves.
func (r *repertoire) decode(dst, src []byte) []byte {
	for len(src) > 0 {
		if c := src[0]; c < 0x21 || c == 0x7F {
			dst, src = append(dst, c), src[1:]
			continue
		}
		n := r.length(src)
		code := append(make([]byte, 0, 4), r.prefix...)
		for _, b := range src[:n] {
			code = append(code, b|0x80)
		}
		if text, err := r.encoding.NewDecoder().Bytes(code); err == nil {
			dst = append(dst, text...)
		}
		src = src[n:]
	}
	return dst
}
