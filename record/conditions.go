package record

import (
	"strings"

	"handover"
	"handover/fhir"
)

// test makes SQL of a condition.
func (s *search) test(c Condition) (test, error) {
	switch c.Param {
	case "_id":
		return s.idTest(c)
	case "_lastUpdated":
		return s.updatedTest(c)
	}
	asked := c.Param
	switch s.kind(&c) {
	case TokenParam:
		return s.tokenTest(c)
	case DateParam:
		return s.dateTest(c)
	case ReferenceParam:
		return s.referenceTest(c, asked)
	}
	return test{}, queryFault(handover.Unsupported, c.Param, "resources of type "+s.q.Type+" cannot be searched by it")
}

// kind returns how the parameter is indexed. patient is subject, restricted to
// Patients, where only that is indexed.
func (s *search) kind(c *Condition) ParamKind {
	kind := s.r.index.Kind(s.q.Type, c.Param)
	if kind == 0 && c.Param == "patient" && (c.Modifier == "" || c.Modifier == "Patient") {
		if kind = s.r.index.Kind(s.q.Type, "subject"); kind != 0 {
			c.Param, c.Modifier = "subject", "Patient"
		}
	}
	return kind
}

func (s *search) param(c Condition) int64 {
	id := s.r.names.id(s.q.Type + "." + c.Param)
	if id == 0 {
		s.none = true // no resource was ever indexed by it
	}
	return id
}

func plainOnly(c Condition) error {
	if c.Modifier != "" {
		return queryFault(handover.Unsupported, c.Param, "the modifier is not supported")
	}
	for _, v := range c.Values {
		if v == "" {
			return queryFault(handover.Invalid, c.Param, "it has an empty value")
		}
	}
	return nil
}

func (s *search) idTest(c Condition) (test, error) {
	t := test{cost: 0}
	ids := []any{}
	for _, v := range c.Values {
		t.args = append(t.args, ref{s.q.Type, v}.hash())
		ids = append(ids, v)
	}
	t.args = append(t.args, ids...)
	marks := `?` + strings.Repeat(`, ?`, len(ids)-1)
	t.drive = `SELECT DISTINCT i.rid FROM lookup l JOIN resource i ON i.rid = l.rid
		WHERE l.hash IN (` + marks + `) AND i.id IN (` + marks + `)`
	t.where = `r.rid IN (` + t.drive + `)`
	return t, plainOnly(c)
}

func (s *search) tokenTest(c Condition) (test, error) {
	if err := plainOnly(c); err != nil {
		return test{}, err
	}
	t := test{cost: 30}
	if c.Param == "identifier" {
		t.cost = 10
	}
	param := s.param(c)
	var parts []string
	for _, v := range c.Values {
		system, code, parted := cutSystem(v)
		t.args = append(t.args, param)
		switch {
		case code == "" && system == "":
			return t, queryFault(handover.Invalid, c.Param, "it needs a value, as system|value, |value or value")
		case code == "":
			t.cost = 60
			parts = append(parts, `x.param = ? AND x.system = ?`)
			t.args = append(t.args, s.system(system))
		case parted:
			parts = append(parts, `x.param = ? AND x.value = ? AND x.system = ?`)
			t.args = append(t.args, tokenKey(code), s.system(system))
		default:
			parts = append(parts, `x.param = ? AND x.value = ?`)
			t.args = append(t.args, tokenKey(code))
		}
	}
	any := `(` + strings.Join(parts, `) OR (`) + `)`
	t.drive = `SELECT DISTINCT x.rid FROM token x WHERE ` + any
	t.where = `EXISTS (SELECT 1 FROM token x WHERE x.rid = r.rid AND (` + any + `))`
	return t, nil
}

// system returns the number of a code system, -1 where none has that name: 0 is
// the number of none, which "|code" asks for.
func (s *search) system(name string) int64 {
	id := s.r.names.id(plain(name))
	if id == 0 && name != "" {
		return -1
	}
	return id
}

// subjectTypes are what a subject may be, for a reference by id alone.
var subjectTypes = []string{"Patient", "Group", "Device", "Location"}

// referenceTest takes the parameter's name as it was asked for, too, to say it
// in a fault.
func (s *search) referenceTest(c Condition, asked string) (test, error) {
	types := subjectTypes
	if c.Param == "patient" {
		types = []string{"Patient"}
	}
	if c.Modifier != "" {
		if !fhir.Definitions().IsResource(c.Modifier) {
			return test{}, queryFault(handover.Unsupported, asked, "the modifier is not supported; it may be a resource type")
		}
		if asked == "patient" && c.Modifier != "Patient" {
			return test{}, queryFault(handover.Invalid, asked, "it refers to a Patient only")
		}
		types = []string{c.Modifier}
		c.Modifier = ""
	}
	if err := plainOnly(c); err != nil {
		return test{}, err
	}
	var targets []string
	for _, v := range c.Values {
		if strings.Contains(v, "/") {
			t, id, _ := strings.Cut(v, "/")
			if strings.ContainsAny(id, "/:") || len(types) == 1 && t != types[0] {
				return test{}, queryFault(handover.Invalid, asked, "it is an id or Type/id of a type that the parameter can refer to")
			}
			targets = append(targets, v)
			continue
		}
		for _, t := range types {
			targets = append(targets, t+"/"+v)
		}
	}
	targets, err := s.samePeople(targets)
	if err != nil {
		return test{}, err
	}
	t := test{cost: 20, args: []any{s.param(c)}}
	for _, target := range targets {
		t.args = append(t.args, targetHash(target))
	}
	in := `x.param = ? AND x.target IN (?` + strings.Repeat(`, ?`, len(targets)-1) + `)`
	t.drive = `SELECT DISTINCT x.rid FROM reference x WHERE ` + in
	t.where = `EXISTS (SELECT 1 FROM reference x WHERE x.rid = r.rid AND ` + in + `)`
	return t, nil
}

// samePeople adds the Patients that merges hold to be one with those asked for.
func (s *search) samePeople(targets []string) ([]string, error) {
	w := s.r.lookIn(s.ctx)
	for _, t := range targets {
		id, ok := strings.CutPrefix(t, "Patient/")
		if !ok {
			continue
		}
		same, err := w.cluster(id)
		if err != nil {
			return nil, err
		}
		for _, other := range same {
			if o := "Patient/" + other; !contains(targets, o) {
				targets = append(targets, o)
			}
		}
	}
	return targets, nil
}

// datePrefixes are the comparisons of FHIR R4 §3.1.1.4.5: the resource's range
// [x.low, x.high) against the value's [?, ?). Each says which ends it takes.
var datePrefixes = map[string]struct {
	where string
	ends  string // of the value, in the order of the question marks: l and h
}{
	"eq": {`x.low >= ? AND x.high <= ?`, "lh"},
	"ne": {`(x.low < ? OR x.high > ?)`, "lh"},
	"gt": {`x.high > ?`, "h"},
	"lt": {`x.low < ?`, "l"},
	"ge": {`(x.high > ? OR (x.low >= ? AND x.high <= ?))`, "hlh"},
	"le": {`(x.low < ? OR (x.low >= ? AND x.high <= ?))`, "llh"},
	"sa": {`x.low >= ?`, "h"},
	"eb": {`x.high <= ?`, "l"},
	"ap": {`x.low < ? AND x.high > ?`, "hl"},
}

// cutPrefix takes the comparison off a date.
func (s *search) cutPrefix(c Condition, v string) (prefix string, low, high int64, err error) {
	prefix = "eq"
	if len(v) > 2 && v[0] >= 'a' && v[0] <= 'z' {
		prefix, v = v[:2], v[2:]
	}
	low, high, ok := span(v)
	if _, known := datePrefixes[prefix]; !known || !ok {
		return "", 0, 0, queryFault(handover.Invalid, c.Param,
			"a date is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss][zone], after eq ne gt lt ge le sa eb or ap")
	}
	if prefix == "ap" { // FHIR R4 §3.1.1.4.5: within a tenth of the distance to now
		now := s.r.now().UnixMicro()
		slack := max(now-high, low-now, 0) / 10
		low, high = low-slack, high+slack
	}
	return prefix, low, high, nil
}

func (s *search) dateTest(c Condition) (test, error) {
	if err := plainOnly(c); err != nil {
		return test{}, err
	}
	t := test{cost: 40}
	param := s.param(c)
	var parts []string
	for _, v := range c.Values {
		prefix, low, high, err := s.cutPrefix(c, v)
		if err != nil {
			return t, err
		}
		p := datePrefixes[prefix]
		parts = append(parts, `x.param = ? AND `+p.where)
		t.args = append(t.args, param)
		for _, which := range p.ends {
			t.args = append(t.args, map[rune]int64{'l': low, 'h': high}[which])
		}
	}
	any := `(` + strings.Join(parts, `) OR (`) + `)`
	t.drive = `SELECT DISTINCT x.rid FROM date x WHERE ` + any
	t.where = `EXISTS (SELECT 1 FROM date x WHERE x.rid = r.rid AND (` + any + `))`
	return t, nil
}

// firstPack is the first pack written at or after a time. Packs and times rise
// together.
const firstPack = `(SELECT COALESCE(MIN(f.pack), 9223372036854775807) FROM pack f WHERE f.time >= ?)`

var updatedPrefixes = map[string]struct{ where, ends string }{
	"eq": {`r.pack >= ` + firstPack + ` AND r.pack < ` + firstPack, "lh"},
	"ne": {`(r.pack < ` + firstPack + ` OR r.pack >= ` + firstPack + `)`, "lh"},
	"gt": {`r.pack >= ` + firstPack, "h"},
	"sa": {`r.pack >= ` + firstPack, "h"},
	"ge": {`r.pack >= ` + firstPack, "l"},
	"lt": {`r.pack < ` + firstPack, "l"},
	"eb": {`r.pack < ` + firstPack, "l"},
	"le": {`r.pack < ` + firstPack, "h"},
	"ap": {`r.pack >= ` + firstPack + ` AND r.pack < ` + firstPack, "lh"},
}

func (s *search) updatedTest(c Condition) (test, error) {
	if err := plainOnly(c); err != nil {
		return test{}, err
	}
	t := test{cost: 50}
	var parts []string
	for _, v := range c.Values {
		prefix, low, high, err := s.cutPrefix(c, v)
		if err != nil {
			return t, err
		}
		p := updatedPrefixes[prefix]
		parts = append(parts, p.where)
		for _, which := range p.ends {
			t.args = append(t.args, millis(map[rune]int64{'l': low, 'h': high}[which]))
		}
	}
	t.where = `(` + strings.Join(parts, `) OR (`) + `)`
	return t, nil
}

// millis rounds microseconds up to milliseconds, in which lastUpdated is kept.
func millis(micros int64) int64 {
	whole := micros / 1000
	if micros%1000 > 0 {
		whole++
	}
	return whole
}
