package hl7v2

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// characterSet is how a message's bytes are to be read, by MSH-18 (HL7 v2.9
// §2.13.9.18, table 0211).
//
// The first repetition of MSH-18 is the set that holds where nothing else is
// said; the others may be switched to, by the escape sequences of ISO 2022 or
// by \C..\ and \M..\. A switch holds until the next separator: there the
// first set holds again, so that each value can be read by itself. (DICOM PS3.5
// §6.1.2.5.3 has the same rule for its separators, and Japanese practice
// switches back before them anyway.)
type characterSet struct {
	base      *base
	declared  []*repertoire // that may be switched to by name
	switching bool          // ESC begins a switch
	escaped   bool          // to be written as \C..\ and \M..\: MSH-20 is 2.3
	wide      bool          // a byte that looks like a delimiter may be none
}

// base is a set that can be the one that holds where nothing else is said.
// Every base has ASCII in its lower half as far as delimiters are concerned.
type base struct {
	name     string            // as in table 0211
	encoding encoding.Encoding // nil for ASCII, UTF-8 and undeclared
	utf8     bool
	// pairs: a byte from 0x81 and the byte after it, if trail says so, are one
	// character, and that second byte may look like a delimiter.
	pairs bool
	trail func(byte) bool
}

// The bases that have no encoding of x/text.
var (
	asciiBase = &base{name: "ASCII"} // 8-bit bytes are undeclared
	utf8Base  = &base{name: "UNICODE UTF-8", utf8: true}
)

// bases are the first repetitions of MSH-18 that are known, by table 0211.
// 8859/10 to /14 and /16 are not in that table and are meant by no one else.
var bases = map[string]*base{
	"":              asciiBase,
	"ASCII":         asciiBase,
	"UNICODE UTF-8": utf8Base,
	// The next three cannot stand in a stream of single bytes. Where MSH can
	// be read, the text was turned into UTF-8 on the way (see FromUTF16).
	"UNICODE":        utf8Base,
	"UNICODE UTF-16": utf8Base,
	"UNICODE UTF-32": utf8Base,

	"8859/1":  {name: "8859/1", encoding: charmap.ISO8859_1},
	"8859/2":  {name: "8859/2", encoding: charmap.ISO8859_2},
	"8859/3":  {name: "8859/3", encoding: charmap.ISO8859_3},
	"8859/4":  {name: "8859/4", encoding: charmap.ISO8859_4},
	"8859/5":  {name: "8859/5", encoding: charmap.ISO8859_5},
	"8859/6":  {name: "8859/6", encoding: charmap.ISO8859_6},
	"8859/7":  {name: "8859/7", encoding: charmap.ISO8859_7},
	"8859/8":  {name: "8859/8", encoding: charmap.ISO8859_8},
	"8859/9":  {name: "8859/9", encoding: charmap.ISO8859_9},
	"8859/10": {name: "8859/10", encoding: charmap.ISO8859_10},
	"8859/11": {name: "8859/11", encoding: charmap.Windows874}, // from 0xA0 on the same
	"8859/13": {name: "8859/13", encoding: charmap.ISO8859_13},
	"8859/14": {name: "8859/14", encoding: charmap.ISO8859_14},
	"8859/15": {name: "8859/15", encoding: charmap.ISO8859_15},
	"8859/16": {name: "8859/16", encoding: charmap.ISO8859_16},

	"GB 18030-2000": {name: "GB 18030-2000", encoding: simplifiedchinese.GB18030, pairs: true, trail: isGBTrail},
	"BIG-5":         {name: "BIG-5", encoding: traditionalchinese.Big5, pairs: true, trail: isBig5Trail},
	// The second bytes of KS X 1001 as it is sent (EUC-KR and its extension by
	// Microsoft) are letters or above 0x80: never a delimiter.
	"KS X 1001": {name: "KS X 1001", encoding: korean.EUCKR, pairs: true, trail: isKoreanTrail},

	// JIS X 0201 in eight bits: half-width katakana above.
	"ISO IR14": {name: "ISO IR14", encoding: jisX0201{}},
	// These three are switched to; what holds without a switch is ASCII.
	"ISO IR6":        asciiBase,
	"ISO IR87":       asciiBase,
	"ISO IR159":      asciiBase,
	"JIS X 0202":     asciiBase, // JIS X 0202 is ISO 2022
	"JAS2020":        asciiBase, // "a subset of ISO 2020 used for most Kanji transmissions"
	"CNS 11643-1992": nil,       // known by the table, and read by nobody here
}

// otherNames are spellings of MSH-18 that are not in table 0211 and can mean
// only one thing. They are taken for it, and reported.
var otherNames = map[string]string{
	"UTF-8": "UNICODE UTF-8", "UTF8": "UNICODE UTF-8", "UNICODE UTF8": "UNICODE UTF-8", "UNICODE-UTF-8": "UNICODE UTF-8",
	"US-ASCII": "ASCII", "ISO_IR 6": "ISO IR6", "ISO_IR 14": "ISO IR14", "ISO_IR 87": "ISO IR87", "ISO_IR 159": "ISO IR159",
	"ISO IR 14": "ISO IR14", "ISO IR 87": "ISO IR87", "ISO IR 159": "ISO IR159", "ISO IR 6": "ISO IR6",
	"GB18030": "GB 18030-2000", "GB 18030": "GB 18030-2000", "GB18030-2000": "GB 18030-2000",
	"BIG5": "BIG-5", "EUC-KR": "KS X 1001", "KSX1001": "KS X 1001",
}

// knownSet returns table 0211's name for what a repetition of MSH-18 says, and
// whether it is written as in the table; "" where it is not known.
func knownSet(name string) (table string, exact bool) {
	if _, ok := bases[name]; ok {
		return name, true
	}
	upper := strings.ToUpper(strings.TrimSpace(name))
	if _, ok := bases[upper]; ok {
		return upper, false
	}
	if t, ok := otherNames[upper]; ok {
		return t, false
	}
	for _, prefix := range []string{"ISO-8859-", "ISO8859-", "ISO 8859-", "ISO8859/", "ISO 8859/", "8859-", "ISO-8859/"} {
		if part, ok := strings.CutPrefix(upper, prefix); ok && bases["8859/"+part] != nil {
			return "8859/" + part, false
		}
	}
	return "", false
}

// newCharacterSet returns how to read a message whose MSH-18 has these
// repetitions. MSH-20 may ask for switching by ISO 2022 too. Unknown names
// count as undeclared.
func newCharacterSet(names []string, scheme string) characterSet {
	c := characterSet{base: asciiBase}
	for i, name := range names {
		table, _ := knownSet(name)
		if b := bases[table]; i == 0 && b != nil {
			c.base = b
		}
		c.declared = append(c.declared, switchedTo[table]...)
		if half := latinHalves[table]; i > 0 && half != nil {
			c.declared = append(c.declared, half)
		}
	}
	c.switching = len(c.declared) > 0
	if strings.HasPrefix(scheme, "ISO 2022") { // MSH-20, table 0356
		c.switching = true
	}
	c.escaped = scheme == "2.3"
	c.wide = c.base.pairs || c.switching
	return c
}

// isBig5Trail, isGBTrail and isKoreanTrail say which bytes can follow a lead
// byte. In GB 18030 a character of four bytes is two such pairs.
func isBig5Trail(b byte) bool   { return b >= 0x40 && b <= 0x7E || b >= 0xA1 && b <= 0xFE }
func isGBTrail(b byte) bool     { return b >= 0x40 && b <= 0xFE && b != 0x7F || isDigit(b) }
func isKoreanTrail(b byte) bool { return isLetter(b) || b >= 0x81 && b <= 0xFE }

// decode appends src, which is of the base set and free of switches, to dst in
// UTF-8.
//
// Bytes that the declared set does not have become U+FFFD, for to guess at
// them would be to make something up. Where the set is ASCII, or none is
// declared, bytes above 0x7F have no declared meaning at all: they are read as
// UTF-8 if the whole run is valid UTF-8, which by chance it hardly ever is,
// and else each as ISO 8859-1, which loses nothing, because each byte becomes
// the character of its number.
func (b *base) decode(dst, src []byte) []byte {
	switch {
	case isASCII(src):
		return append(dst, src...)
	case b.encoding != nil:
		if m, ok := b.encoding.(*charmap.Charmap); ok {
			return decodePart(dst, src, m)
		}
		text, err := b.encoding.NewDecoder().Bytes(src)
		if err != nil {
			return appendDamaged(dst, src)
		}
		return append(dst, text...)
	case b.utf8:
		return appendDamaged(dst, src)
	case utf8.Valid(src):
		return append(dst, src...)
	}
	for _, c := range src {
		dst = utf8.AppendRune(dst, rune(c))
	}
	return dst
}

// decodePart appends src, which is of a part of ISO 8859. The bytes from 0x80 to
// 0x9F belong to none: who sends them means Windows-1252 or UTF-8 and has
// declared something else.
func decodePart(dst, src []byte, m *charmap.Charmap) []byte {
	for _, b := range src {
		r := m.DecodeByte(b)
		if b >= 0x80 && b < 0xA0 {
			r = utf8.RuneError
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// appendDamaged appends src as UTF-8, each byte that is not UTF-8 as U+FFFD.
func appendDamaged(dst, src []byte) []byte {
	for len(src) > 0 {
		r, n := utf8.DecodeRune(src)
		dst = utf8.AppendRune(dst, r)
		src = src[n:]
	}
	return dst
}

func isASCII(b []byte) bool { return firstHigh(b) < 0 }

// firstHigh returns the offset of the first byte above 0x7F, -1 where there is
// none.
func firstHigh(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		if binary.LittleEndian.Uint64(b[i:])&0x8080808080808080 != 0 {
			break
		}
	}
	for ; i < len(b); i++ {
		if b[i] >= 0x80 {
			return i
		}
	}
	return -1
}
