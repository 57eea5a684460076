package hl7v2

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ShowOptions say how a message is shown. The zero value shows all of it.
type ShowOptions struct {
	Groups     bool // the message structure's groups, as headings
	HideValues bool // the length in place of each value, for a log or a screenshot
}

// Show writes a message as people read it: a line for each value, with its
// address, its name by the standard and, for a code of one of HL7's tables,
// what it means. Values are decoded; control characters are written as \xNN,
// so that nothing in a message can steer a terminal. Equal messages give equal
// text. The error is the writer's.
func Show(w io.Writer, m *Message, o ShowOptions) error {
	b := bufio.NewWriter(w)
	if o.Groups {
		root, _ := m.Groups()
		showGroup(b, root, "", o)
	} else {
		for i := range m.Len() {
			showSegment(b, m.Segment(i), "", o)
		}
	}
	return b.Flush()
}

func showGroup(b *bufio.Writer, g *Group, indent string, o ShowOptions) {
	count := map[string]int{}
	for _, p := range g.Parts {
		if p.Group == nil {
			showSegment(b, p.Segment, indent, o)
			continue
		}
		count[p.Group.Name]++
		fmt.Fprintf(b, "%s%s[%d]\n", indent, p.Group.Name, count[p.Group.Name])
		showGroup(b, p.Group, indent+"  ", o)
	}
}

// The columns of a line; what does not fit moves the rest to the right.
const (
	addressColumn = 18
	nameColumn    = 52
)

func showSegment(b *bufio.Writer, s Segment, indent string, o ShowOptions) {
	name := s.Name()
	definition, _ := LookupSegment(name)
	fmt.Fprintln(b, indent+strings.TrimRight(fmt.Sprintf("%-*s%s", addressColumn, printable(name), definition.Title), " "))
	for l := range leaves(s) {
		value := l.shown(o)
		first, rest, more := strings.Cut(value, "\n")
		line := fmt.Sprintf("%s  %-*s %-*s %s", indent, addressColumn-3, l.address, nameColumn-1, l.name(), first)
		fmt.Fprintln(b, strings.TrimRight(line, " "))
		for more {
			first, rest, more = strings.Cut(rest, "\n")
			fmt.Fprintf(b, "%s%*s%s\n", indent, addressColumn+nameColumn, "", first)
		}
	}
}

// name puts the names of field and components into one.
func (l leaf) name() string { return strings.Join(l.names, ": ") }

// shown is the value as people read it.
func (l leaf) shown(o ShowOptions) string {
	switch {
	case l.value.IsNull():
		return `""  (null: delete)`
	case o.HideValues:
		return "(" + strconv.Itoa(len(l.value.Raw())) + " bytes)"
	}
	text := printable(l.text)
	if l.display != "" {
		text += "  (" + l.display + ")"
	}
	return text
}

// printable writes control characters, but the line feed, as \xNN.
func printable(s string) string {
	if !strings.ContainsFunc(s, isSteering) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !isSteering(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	return b.String()
}

// isSteering reports control characters and those that turn the direction of
// text.
func isSteering(r rune) bool {
	return r < ' ' && r != '\n' || r >= 0x7F && r < 0xA0 || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}
