package v2fhir

import (
	"time"

	"handover"
	"handover/fhir"
	"handover/hl7v2"
)

// Config is what a Converter needs to know of the source. The zero Config works.
type Config struct {
	// Source is the name of the source, as the assertions carry it and as the
	// code systems of its local codes begin.
	Source string
	// Zone is the time zone of times that have no offset where MSH-7 has none
	// either. nil: such times become dates.
	Zone *time.Location
	// Authorities are the assigning authorities that the site has declared for
	// the source. An organization that such a namespace names is the same for
	// all sources for which it is declared.
	Authorities []string
	// Snapshots are repeating segments of which each message that has one lists
	// all (HL7 v2.9 §2.10.4.1): what an earlier one listed and it does not is
	// there no longer.
	Snapshots []string
	// Translate returns the codings that the site's own tables give for a code
	// which HL7's tables do not translate. system is the FHIR code system of
	// the code as sent. nil: none.
	Translate func(system, code string) []Coding
}

// Coding is a code with its system, as in FHIR.
type Coding struct{ System, Code, Display string }

// Converter converts the messages of one source. It is safe for concurrent use.
type Converter struct {
	config Config
	defs   *fhir.Defs
	maps   *library
}

// New returns a Converter. The maps are read once a process, when the first
// Converter is made (about 20 ms).
func New(c Config) *Converter {
	return &Converter{config: c, defs: fhir.Definitions(), maps: shared()}
}

// Convert returns what the message asserts, and what could not be decided.
// Problems name positions, never content. A message without a map of its own
// still yields its MessageHeader and Patient.
func (c *Converter) Convert(m *hl7v2.Message) (handover.Assertions, []handover.Problem) {
	r := newRun(c, m)
	defer r.release()
	r.walk()
	return r.assemble(), r.problems
}
