package v2fhir

import "strings"

// step is one step of a path.
type step struct {
	name     string // JSON property
	id       int32  // the number of the name
	written  string // the name as JSON: ,"name":
	below    string // the name in a path: .name
	top      string // the element's name: "value" of "valueQuantity"
	list     bool
	slots    slotted
	prim     bool
	alone    loneness
	index    int
	attach   bool // each repetition of the field makes another instance here
	resource string
	number   int
}

// loneness is which part of an element says nothing where it stands alone.
type loneness uint8

const (
	saysAlways   loneness = iota
	saysValue             // an extension does not by its URL
	saysQuantity          // a Quantity does not by its unit
	saysField             // a telecom does not by its having no system
)

func newStep(name string, id int32) *step {
	s := &step{name: name, top: name, id: id, written: `,"` + name + `":`, below: "." + name}
	switch {
	case name == "extension":
		s.alone = saysValue
	case strings.HasSuffix(name, "Quantity"):
		s.alone = saysQuantity
	case name == "telecom":
		s.alone = saysField
	}
	return s
}

// nameID numbers the names of properties, so that they are quick to compare.
func (c *compiler) nameID(name string) int32 {
	id, known := c.names[name]
	if !known {
		id = int32(len(c.names) + 1)
		c.names[name] = id
	}
	return id
}

// The names that the program itself knows.
const (
	idSystem int32 = iota + 1
	idVersion
	idCode
	idDisplay
	idText
	idCoding
	idPartOf
	idContent
	idValue
	idPractitioner
)

// The elements that the program writes without a path of a map.
var (
	systemStep  = primitiveStep("system", idSystem)
	versionStep = primitiveStep("version", idVersion)
	codeStep    = primitiveStep("code", idCode)
	displayStep = primitiveStep("display", idDisplay)
	textStep    = primitiveStep("text", idText)
	codingStep  = listStep("coding", idCoding)
	partOfStep  = newStep("partOf", idPartOf)

	practitionerStep = newStep("practitioner", idPractitioner)
)

// fixedNames are the names that the program itself knows, by their numbers.
var fixedNames = map[string]int32{
	"system": idSystem, "version": idVersion, "code": idCode, "display": idDisplay, "text": idText,
	"coding": idCoding, "partOf": idPartOf, "content": idContent, "value": idValue,
	"practitioner": idPractitioner,
}

func primitiveStep(name string, id int32) *step {
	s := newStep(name, id)
	s.prim = true
	return s
}

func listStep(name string, id int32) *step {
	s := newStep(name, id)
	s.list = true
	return s
}
