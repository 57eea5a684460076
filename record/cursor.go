package record

import (
	"encoding/base64"
	"encoding/binary"
	"errors"

	"handover"
	"handover/internal/varint"
)

// DefaultCount and MaxCount bound the size of a page.
const (
	DefaultCount = 50
	MaxCount     = 1000
)

func pageSize(count int) int {
	if count <= 0 {
		return DefaultCount
	}
	return min(count, MaxCount)
}

// cursorFormat begins every cursor, so that another form can be told apart.
const cursorFormat = 1

// writeCursor says after which key the next page begins.
func writeCursor(a, b int64) string {
	raw := binary.AppendVarint(binary.AppendVarint([]byte{cursorFormat}, a), b)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// readCursor reads a cursor; an empty one means the defaults.
func readCursor(s string, a, b int64) ([2]int64, error) {
	if s == "" {
		return [2]int64{a, b}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil && len(raw) > 1 && raw[0] == cursorFormat {
		r := &reader{Reader: varint.Reader{B: raw[1:]}}
		key := [2]int64{r.Int(), r.Int()}
		if !r.Bad && len(r.B) == 0 {
			return key, nil
		}
	}
	return [2]int64{}, &handover.Error{Op: "reading a page", Kind: handover.Invalid, Where: "_cursor",
		Err: errors.New("it is not one that this record gave out; begin with the first page")}
}
