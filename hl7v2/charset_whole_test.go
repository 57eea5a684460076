package hl7v2_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"handover/hl7v2"
)

// Every byte from 0xA0 of every part of ISO 8859 reads as x/text has it, and is
// written back as that byte.
func TestEveryCharacterOf8859(t *testing.T) {
	for set, m := range map[string]*charmap.Charmap{
		"8859/1": charmap.ISO8859_1, "8859/2": charmap.ISO8859_2, "8859/3": charmap.ISO8859_3, "8859/4": charmap.ISO8859_4,
		"8859/5": charmap.ISO8859_5, "8859/6": charmap.ISO8859_6, "8859/7": charmap.ISO8859_7, "8859/8": charmap.ISO8859_8,
		"8859/9": charmap.ISO8859_9, "8859/10": charmap.ISO8859_10, "8859/13": charmap.ISO8859_13,
		"8859/14": charmap.ISO8859_14, "8859/15": charmap.ISO8859_15, "8859/16": charmap.ISO8859_16,
	} {
		for b := 0xA0; b < 0x100; b++ {
			message := parse(t, withSet(set, "")+"\rPID|1||||"+string([]byte{byte(b)}))
			want := m.DecodeByte(byte(b))
			if got := message.Get("PID-5").Text(); got != string(want) {
				t.Errorf("%s: %X reads %q, want %q", set, b, got, want)
			}
			if want == utf8.RuneError {
				continue
			}
			edited, err := message.Set("PID-5", string(want))
			if err != nil || !bytes.Equal(edited.Bytes(), message.Bytes()) {
				t.Errorf("%s: %X is not written back: %v", set, b, err)
			}
		}
	}
}

// Every character that a set of two bytes can write reads back, between
// separators and with ASCII beside it.
func TestEveryCharacterOfWideSets(t *testing.T) {
	for _, c := range []struct {
		set      string
		encoding encoding.Encoding
		least    int // characters that it must have
	}{
		{"BIG-5", traditionalchinese.Big5, 13_000},
		{"GB 18030-2000", simplifiedchinese.GB18030, 40_000},
		{"~ISO IR87~ISO IR159~ISO IR14", japanese.EUCJP, 12_000},
	} {
		m := parse(t, withSet(c.set, "")+"\rPID|1||||x|after")
		n := 0
		for from := rune(0x80); from < 0x10000; from += 64 {
			var text strings.Builder
			encoder := c.encoding.NewEncoder()
			for r := from; r < from+64; r++ {
				if _, err := encoder.String(string(r)); err != nil || r >= 0xE000 && r < 0xF900 || !utf8.ValidRune(r) {
					continue
				}
				if _, err := m.Set("PID-5", string(r)); err != nil {
					continue // in the library's wider set, not in the standard's
				}
				text.WriteString(string(r) + "a")
				n++
			}
			edited, err := m.Set("PID-5[2].2.2", text.String())
			if err != nil {
				t.Fatalf("%s from %X: %v", c.set, from, err)
			}
			if edited.Get("PID-5[2].2.2").Text() != text.String() || edited.Get("PID-6").Text() != "after" {
				t.Errorf("%s from %X does not read back", c.set, from)
			}
		}
		if n < c.least {
			t.Errorf("%s has only %d characters", c.set, n)
		}
	}
}

// What another implementation of ISO 2022 writes is read as it was meant.
func TestJapaneseAsOthersWriteIt(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("ab|^~\\&山田太郎たろうヤマダ亜唖娃阿哀愛挨姶逢葵茜穐悪握渥旭葦芦鯵梓圧")
	for range 300 {
		var parts []string
		for range 1 + random.IntN(4) {
			var part []rune
			for range random.IntN(8) {
				part = append(part, letters[random.IntN(len(letters))])
			}
			// Each part is encoded by itself, and so ends switched back.
			raw, err := japanese.ISO2022JP.NewEncoder().String(hl7v2.Escape(string(part), hl7v2.Recommended))
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, raw)
			m := parse(t, withSet("~ISO IR87", "")+"\rPID|1||||"+strings.Join(parts, "^")+"|after")
			if got := m.Get(fmt.Sprintf("PID-5.%d", len(parts))).Text(); got != string(part) || m.Get("PID-6").Text() != "after" {
				t.Fatalf("%q reads %q", string(part), got)
			}
		}
	}
}

// One message may be read by many at once. (go test -race sees to it.)
func TestManyReaders(t *testing.T) {
	m := parse(t, order)
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for i := range m.Len() {
				if s := m.Segment(i); s.Occurrence() < 1 || s.Field(1).Text() == "" {
					t.Errorf("segment %d reads wrong", i)
				}
			}
			if m.Get("ORDER_OBSERVATION[2].OBX[3]-5.1").Text() != "five" {
				t.Error("a group reads wrong")
			}
		})
	}
	readers.Wait()
}
