package handover

// Actor is who does something: a person, a program, or Handover itself.
type Actor struct {
	ID   string // stable, and free of patient data: "console:jdoe", "engine"
	Name string // as people read it
}

// Engine is Handover acting by itself.
var Engine = Actor{ID: "engine", Name: "Handover"}

// Row is what a read is about to show, as far as an access policy needs it.
type Row struct {
	Type    string // resource type, or "" for a message
	ID      string // resource id, or the message's offset in decimal
	Patient string // id of the Patient it belongs to, if any
	Source  string // the source it came from, if it is known
}

// Access is under whose name and by what right something is read. Every read
// of record, trace and journal takes one. The zero Access sees nothing.
type Access struct {
	Actor   Actor
	Purpose string         // HL7 v3 PurposeOfUse code; "" where none was stated
	Sees    func(Row) bool // the row predicate; nil sees nothing
}

// Everything is an Access that sees every row.
func Everything(a Actor) Access {
	return Access{Actor: a, Sees: func(Row) bool { return true }}
}

// May reports whether the row may be shown.
func (a Access) May(r Row) bool { return a.Sees != nil && a.Sees(r) }
