// Package rawjson finds its way in JSON without white space, and copies nothing.
//
// It promises to stay within the bytes that it is given, whatever they are. What
// is not JSON it reads somehow; who must know checks first.
package rawjson

// SkipString returns the index after the string that begins at i.
func SkipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// SkipValue returns the index after the value that begins at i.
func SkipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = SkipString(b, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return len(b)
}

// Members calls fn for each member of an object. Names are given as they stand
// between the quotes.
func Members(object []byte, fn func(name, value []byte)) {
	for i := 1; i < len(object) && object[i] == '"'; {
		end := SkipString(object, i)
		next := SkipValue(object, end+1)
		if next > len(object) || end+1 > next {
			return
		}
		fn(object[i+1:end-1], object[end+1:next])
		i = next + 1
	}
}

// Offset returns where in whole a part of it begins that Members or Items gave.
func Offset(whole, part []byte) int { return cap(whole) - cap(part) }

// Items calls fn for each item of an array, or for the value itself if it is
// none.
func Items(value []byte, fn func([]byte)) {
	if len(value) == 0 || value[0] != '[' {
		if len(value) > 0 {
			fn(value)
		}
		return
	}
	for i := 1; i < len(value) && value[i] != ']'; {
		next := SkipValue(value, i)
		fn(value[i:next])
		i = next + 1
	}
}
