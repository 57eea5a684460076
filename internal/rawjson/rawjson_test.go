package rawjson

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzMembers: reading an object's members and their items loses nothing and
// never panics.
func FuzzMembers(f *testing.F) {
	for _, s := range []string{`{"a":{"b":[1,"}"]},"_a":null,"c":"\""}`, `{"a":["x",[],{}]}`, `{}`, `{"a":1`, `{"`, `{"a"`, `{"a":`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		again := []byte{'{'}
		next := func() {
			if last := again[len(again)-1]; last != '{' && last != '[' {
				again = append(again, ',')
			}
		}
		Members(b, func(name, value []byte) {
			next()
			again = append(append(append(again, '"'), name...), `":`...)
			if len(value) == 0 || value[0] != '[' {
				again = append(again, value...)
				return
			}
			again = append(again, '[')
			Items(value, func(item []byte) {
				next()
				again = append(again, item...)
			})
			again = append(again, ']')
		})
		again = append(again, '}')
		var object map[string]json.RawMessage
		if json.Unmarshal(b, &object) != nil || object == nil {
			return
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, b); err == nil && bytes.Equal(compact.Bytes(), b) && !bytes.Equal(again, b) {
			t.Errorf("%q was read as %q", b, again)
		}
	})
}

func TestItemsOfWhatIsNoArray(t *testing.T) {
	var got []string
	for _, s := range []string{`1`, `{"a":[1]}`, ``, `[]`, `[2,3]`} {
		Items([]byte(s), func(v []byte) { got = append(got, string(v)) })
	}
	if want := []string{`1`, `{"a":[1]}`, `2`, `3`}; len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[3] != want[3] {
		t.Errorf("got %q, want %q", got, want)
	}
}
