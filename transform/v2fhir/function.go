package v2fhir

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"handover/hl7v2"
	"handover/transform/v2fhir/internal/mapfile"
)

// function is a function that a map may assign (docs/formats/map.md).
type function = *functionDef

type functionDef struct {
	wholeField bool // reads its field as a whole, and so runs once
	refers     bool // makes a reference
	call       func(r *run, c *context, args []argument) (text, reason string)
}

var functions = map[string]function{
	"add":        {call: addTime},
	"subtract":   {call: subtractTime},
	"minutes":    {call: minutes},
	"day":        {call: dayOfWeek},
	"base64":     {call: base64Text, wholeField: true},
	"lines":      {call: lines, wholeField: true},
	"data":       {call: data},
	"mediatype":  {call: mediaType},
	"name":       {call: wholeName},
	"text":       {call: wholeText},
	"sampled":    {call: sampled, wholeField: true},
	"dimensions": {call: dimensions, wholeField: true},
	"codesystem": {call: codeSystem},
	"ref":        {refers: true},
}

// instanceOf reads Patient[1].
func instanceOf(s string) mapfile.Instance {
	name, n, _ := strings.Cut(strings.TrimSuffix(s, "]"), "[")
	number, _ := strconv.Atoi(n)
	return mapfile.Instance{Type: name, Index: number}
}

func (a argument) value(c *context) hl7v2.Value {
	if a.ref == nil {
		return hl7v2.Value{}
	}
	return a.ref.at(c)
}

func (a argument) text(c *context) string {
	if a.ref == nil {
		return a.literal
	}
	return primary(a.ref.at(c)).Text()
}

// units are how v2 writes units of time: ISO+ (HL7 v2.9 §7.4.2.6), in minutes.
var units = map[string]int{
	"min": 1, "MIN": 1, "m": 1, "M": 1, "minutes": 1, "MINUTES": 1, "s": 0, "h": 60, "H": 60, "hr": 60, "HR": 60, "hours": 60,
	"d": 1440, "D": 1440, "days": 1440,
}

func addTime(r *run, c *context, args []argument) (string, string)      { return shift(r, c, args, 1) }
func subtractTime(r *run, c *context, args []argument) (string, string) { return shift(r, c, args, -1) }

// shift moves a time by a number of minutes, hours or days.
func shift(r *run, c *context, args []argument, sign int) (string, string) {
	start, n, unit := args[0].text(c), args[1].text(c), args[2].text(c)
	if start == "" || n == "" {
		return "", "no-condition: the time that this one is counted from is not valued"
	}
	per, known := units[unit]
	count, err := strconv.Atoi(number(n))
	if !known || per == 0 || err != nil {
		return "", "not-valid: a length of time in units that are not understood"
	}
	return r.clock.shift(start, sign*count*per)
}

func minutes(r *run, c *context, args []argument) (string, string) {
	n, unit := args[0].text(c), args[1].text(c)
	if n == "" {
		return "", ""
	}
	per, known := units[unit]
	count, err := strconv.Atoi(number(n))
	if !known || per == 0 || err != nil {
		return "", "not-valid: a length of time in units that are not understood"
	}
	return strconv.Itoa(count * per), ""
}

// dayOfWeek translates RPT.3 and RPT.4 after DW: 1 is Monday (HL7 v2.9 §2A.3.65).
func dayOfWeek(_ *run, c *context, args []argument) (string, string) {
	days := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	n, err := strconv.Atoi(args[0].text(c))
	if err != nil || n < 1 || n > 7 {
		return "", "not-valid: not a day of the week"
	}
	return days[n-1], ""
}

// lines joins the repetitions of a field with line feeds.
func lines(_ *run, c *context, args []argument) (string, string) {
	v := args[0].value(c)
	var out []string
	for i := 1; i <= v.Repetitions(); i++ {
		out = append(out, v.Repetition(i).Text())
	}
	return strings.Join(out, "\n"), ""
}

func base64Text(r *run, c *context, args []argument) (string, string) {
	text, _ := lines(r, c, args)
	return base64.StdEncoding.EncodeToString([]byte(text)), ""
}

func wholeText(_ *run, c *context, args []argument) (string, string) {
	return args[0].value(c).Text(), ""
}

// mediaType joins the type and the subtype of an ED.
func mediaType(_ *run, c *context, args []argument) (string, string) {
	media := hl7v2.MediaType(args[0].text(c), args[1].text(c))
	if media == "" {
		return "", "no-code: not a MIME type"
	}
	return media, ""
}

// data brings the content of an ED to base64: encoding A, Hex or Base64 (table
// 0299).
func data(_ *run, c *context, args []argument) (string, string) {
	content := args[1].value(c).Text()
	switch encoding := args[0].text(c); strings.ToLower(encoding) {
	case "base64":
		content = strings.Join(strings.Fields(content), "")
		if _, err := base64.StdEncoding.DecodeString(content); err != nil {
			return "", "not-valid: not base64"
		}
		return content, ""
	case "hex":
		raw, err := hex.DecodeString(strings.Join(strings.Fields(content), ""))
		if err != nil {
			return "", "not-valid: not hexadecimal"
		}
		return base64.StdEncoding.EncodeToString(raw), ""
	case "a", "ascii", "":
		return base64.StdEncoding.EncodeToString([]byte(content)), ""
	}
	return "", "not-valid: an encoding that table 0299 does not have"
}

// wholeName joins a name: family first where XPN.11 is F, else given first
// (table 0444).
func wholeName(_ *run, c *context, _ []argument) (string, string) {
	text := c.value.text
	order := []int{5, 2, 3, 1, 4}
	if text(11) == "F" {
		order = []int{5, 1, 2, 3, 4}
	}
	var out []string
	for _, n := range order {
		if s := text(n); s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, " "), ""
}

// sampled writes a numeric array as the guide does: rows one after the other,
// E where a number is missing.
func sampled(_ *run, c *context, args []argument) (string, string) {
	v := args[0].value(c)
	width, rows := arraySize(v)
	var out []string
	for i := 1; i <= rows; i++ {
		for j := 1; j <= width; j++ {
			n := number(v.Repetition(i).Component(j).Text())
			if n == "" {
				n = "E"
			}
			out = append(out, n)
		}
	}
	return strings.Join(out, " "), ""
}

// dimensions is 1 for one row, else the length of a row.
func dimensions(_ *run, c *context, args []argument) (string, string) {
	width, rows := arraySize(args[0].value(c))
	if rows <= 1 {
		width = 1
	}
	return strconv.Itoa(width), ""
}

func arraySize(v hl7v2.Value) (width, rows int) {
	rows = v.Repetitions()
	for i := 1; i <= rows; i++ {
		width = max(width, v.Repetition(i).Components())
	}
	return width, rows
}

func codeSystem(r *run, c *context, args []argument) (string, string) {
	oid := ""
	if len(args) > 1 {
		oid = args[1].text(c)
	}
	return r.c.maps.systemURI(args[0].text(c), oid, r.c.config.Source), ""
}
