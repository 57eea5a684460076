package hl7v2

import "bytes"

// find returns the offset of the first delim in data[start:end] that is a
// delimiter and not a part of another character; -1 where there is none. start
// must be the beginning of a value, where nothing is switched.
func (m *Message) find(start, end int, delim byte) int {
	if delim == 0 || start > end {
		return -1
	}
	if m.set.wide {
		return m.set.find(m.delims, m.data, start, end, delim)
	}
	if i := bytes.IndexByte(m.data[start:end], delim); i >= 0 {
		return start + i
	}
	return -1
}

// findOrEnd is as find, and end where there is no such delimiter.
func (m *Message) findOrEnd(start, end int, delim byte) int {
	if i := m.find(start, end, delim); i >= 0 {
		return i
	}
	return end
}

// find is as Message.find for sets in which a byte that looks like a
// delimiter may be half of a character. After each separator nothing is
// switched any more.
func (c *characterSet) find(d Delimiters, data []byte, start, end int, delim byte) int {
	var s shift
	for i := start; i < end; {
		n, kind := s.step(c, d.Escape, data[i:end])
		if kind == stepByte {
			switch b := data[i]; {
			case b == delim:
				return i
			case d.separates(b):
				s = shift{}
			}
		}
		i += n
	}
	return -1
}
