package fhir

import "strings"

// Reference is what Reference.reference says (FHIR R4 §2.27.0.1). Exactly one
// form is filled in: Type and ID (with Base where it is absolute), Fragment
// alone ("#" is the containing resource), or Other for anything else, as urn:uuid.
type Reference struct {
	Base     string // "http://host/fhir", "" where relative
	Type, ID string
	Version  string // of Type/ID/_history/Version
	Local    bool   // "#id": in this resource
	Fragment string // the id after "#", "" for the containing resource itself
	Other    string // the whole text: an URL of another form, urn:uuid:..., urn:oid:...
}

// ParseReference reads a reference; ok is false where it is empty or has white
// space. The type of a Type/ID form is one of the resource types.
func ParseReference(s string) (ref Reference, ok bool) {
	if checkURI(s) != "" || s == "" {
		return ref, false
	}
	if id, local := strings.CutPrefix(s, "#"); local {
		return Reference{Local: true, Fragment: id}, true
	}
	rest, version, versioned := strings.Cut(s, "/_history/")
	if versioned && checkIDOf(version) {
		ref.Version = version
	} else if versioned {
		return Reference{Other: s}, true
	}
	head, id := cutLast(rest)
	base, typ := cutLast(head)
	if !checkIDOf(id) || !Definitions().IsResource(typ) || base == "" && strings.HasPrefix(rest, "/") ||
		base != "" && !strings.Contains(base, "://") {
		return Reference{Other: s}, true
	}
	ref.Base, ref.Type, ref.ID = base, typ, id
	return ref, true
}

// String writes the reference as it would stand in a resource.
func (r Reference) String() string {
	switch {
	case r.Local:
		return "#" + r.Fragment
	case r.Type == "":
		return r.Other
	}
	s := r.Type + "/" + r.ID
	if r.Base != "" {
		s = r.Base + "/" + s
	}
	if r.Version != "" {
		s += "/_history/" + r.Version
	}
	return s
}

func checkIDOf(s string) bool { return s != "" && checkID(s) == "" }

// cutLast cuts at the last slash: "a/b/c" gives "a/b" and "c".
func cutLast(s string) (before, after string) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+1:]
}

// Canonical is a canonical URL with what may follow it (FHIR R4 §2.24.0.7).
type Canonical struct{ URL, Version, Fragment string }

// ParseCanonical reads "http://host/x|1.0#part".
func ParseCanonical(s string) Canonical {
	s, fragment, _ := strings.Cut(s, "#")
	url, version, _ := strings.Cut(s, "|")
	return Canonical{url, version, fragment}
}

// String writes the canonical as it would stand in a resource.
func (c Canonical) String() string {
	s := c.URL
	if c.Version != "" {
		s += "|" + c.Version
	}
	if c.Fragment != "" {
		s += "#" + c.Fragment
	}
	return s
}
