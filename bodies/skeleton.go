package bodies

import (
	"handover"
	"handover/internal/rawjson"
)

// A value is cut into its skeleton and its leaves. The skeleton is the value
// with "" for each string, "#" for each reference to a handle and 0 for each
// other scalar; so it holds names of members and nothing that a message said.
// The leaves are the scalars, as they stand between the quotes.

type leafKind uint8

const (
	leafText leafKind = iota
	leafHandle
	leafOther // number, true, false, null
)

const (
	textMark   = `""`
	handleMark = `"#"`
	otherMark  = `0`
)

// The bounds of a skeleton; what is beyond them is written whole.
const (
	maxSkeleton = 4 << 10
	maxDepth    = 32
)

// maxMade bounds the bytes of all values that are put together of one body, so
// that a short one that repeats a long text cannot fill the memory.
const maxMade = 256 << 20

// leaf is a scalar that was cut out.
type leaf struct {
	kind   leafKind
	text   []byte
	handle int // index of the resource
	from   int // where it begins in the value
}

// cutter cuts values. What it yields is appended to skeleton and leaves.
type cutter struct {
	v        []byte
	skeleton []byte
	leaves   []leaf
	handles  map[string]int
}

// cut reports whether the value is JSON without white space, of which nothing is
// too deep.
func (c *cutter) cut(v []byte) bool {
	c.v = v
	begin := len(c.skeleton)
	end := c.value(0, 0)
	return end == len(v) && end > 0 && len(c.skeleton)-begin <= maxSkeleton
}

// value cuts the value that begins at i, and returns the index after it; -1 if
// it cannot be cut.
func (c *cutter) value(i, depth int) int {
	if i < 0 || i >= len(c.v) || depth > maxDepth {
		return -1
	}
	switch c.v[i] {
	case '{', '[':
		return c.container(i, depth)
	case '"':
		end := rawjson.SkipString(c.v, i)
		if end-i < 2 || c.v[end-1] != '"' {
			return -1
		}
		c.string(i, c.v[i+1:end-1])
		return end
	}
	end := i
	for end < len(c.v) && isScalar(c.v[end]) {
		end++
	}
	if end == i {
		return -1
	}
	c.skeleton = append(c.skeleton, otherMark...)
	c.leaves = append(c.leaves, leaf{kind: leafOther, text: c.v[i:end], from: i})
	return end
}

// isScalar holds of what numbers, true, false and null are made of.
func isScalar(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b == '-' || b == '+' || b == '.' || b == 'E'
}

func (c *cutter) string(from int, text []byte) {
	if rest, ok := cutPrefix(text, handover.HandleScheme); ok {
		if n, known := c.handles[string(rest)]; known {
			c.skeleton = append(c.skeleton, handleMark...)
			c.leaves = append(c.leaves, leaf{kind: leafHandle, handle: n, from: from})
			return
		}
	}
	c.skeleton = append(c.skeleton, textMark...)
	c.leaves = append(c.leaves, leaf{kind: leafText, text: text, from: from})
}

func cutPrefix(text []byte, prefix string) ([]byte, bool) {
	if len(text) < len(prefix) || string(text[:len(prefix)]) != prefix {
		return nil, false
	}
	return text[len(prefix):], true
}

// container cuts an object or an array.
func (c *cutter) container(i, depth int) int {
	open := c.v[i]
	closing := open + 2 // '[' and ']', '{' and '}' are so far apart
	c.skeleton = append(c.skeleton, open)
	if i++; i < len(c.v) && c.v[i] == closing {
		c.skeleton = append(c.skeleton, closing)
		return i + 1
	}
	for {
		if open == '{' {
			if i = c.name(i); i < 0 {
				return -1
			}
		}
		if i = c.value(i, depth+1); i < 0 || i >= len(c.v) {
			return -1
		}
		switch c.v[i] {
		case closing:
			c.skeleton = append(c.skeleton, closing)
			return i + 1
		case ',':
			c.skeleton = append(c.skeleton, ',')
			i++
		default:
			return -1
		}
	}
}

// name keeps the name of a member, with its colon.
func (c *cutter) name(i int) int {
	if i >= len(c.v) || c.v[i] != '"' {
		return -1
	}
	end := rawjson.SkipString(c.v, i)
	if end >= len(c.v) || c.v[end] != ':' {
		return -1
	}
	c.skeleton = append(c.skeleton, c.v[i:end+1]...)
	return end + 1
}

// frame is a skeleton made ready to be filled: what stands before each hole,
// and after the last.
type frame struct {
	pieces []string
	holes  []leafKind
	size   int
}

// newFrame reports whether the text is a skeleton.
func newFrame(skeleton string) (frame, bool) {
	c := cutter{v: []byte(skeleton)}
	if !c.cut(c.v) {
		return frame{}, false
	}
	f, done := frame{size: len(skeleton)}, 0
	for _, l := range c.leaves {
		mark := textMark
		switch {
		case l.kind == leafOther && string(l.text) == otherMark:
			mark = otherMark
		case l.kind == leafText && string(l.text) == "#":
			mark, l.kind = handleMark, leafHandle
		case l.kind == leafText && len(l.text) == 0:
		default:
			return frame{}, false
		}
		f.pieces, f.holes = append(f.pieces, skeleton[done:l.from]), append(f.holes, l.kind)
		done = l.from + len(mark)
	}
	f.pieces = append(f.pieces, skeleton[done:])
	return f, true
}
