package config

import (
	"net/netip"
	"net/url"
	"time"
)

// Site is a whole configuration, checked.
type Site struct {
	Name         string
	HTTP         string        // host:port
	Database     string        // postgres:// URL, or "" for the data folder
	Retention    time.Duration // of message bodies; 0: forever
	Duplicates   time.Duration
	LowSpace     int64    // bytes
	VolumeSize   int64    // bytes
	Memory       int64    // bytes
	Precedence   []string // sources, first best
	Alerts       Alerts
	Telemetry    *Telemetry    // nil: nothing is told
	Sources      []Source      // by name
	Destinations []Destination // by name
	Routes       []Route       // by name
	// Release is the content address of the folder: SHA-256 over the names and
	// bytes of all its files, the first 12 hexadecimal digits.
	Release        string
	precedenceLine int
}

// Alerts says who hears of alerts, beside the log.
type Alerts struct {
	Webhook string // URL, or ""
	Email   *Email // nil: nobody
}

// Email says who gets e-mail, and by which server.
type Email struct {
	To             []string
	From           string
	Server         string // host:port
	User, Password string
}

// Telemetry says who is told of the way of each message.
type Telemetry struct {
	Traces  string // URL to which spans are posted, by OTLP
	Headers []Header
	Share   float64 // of the traces that begin here, from 0 to 1
	TLS     *ClientTLS
}

// Header is one header of an HTTP request.
type Header struct{ Name, Value string }

// Source is one system that sends messages.
type Source struct {
	Name           string
	Listen         *url.URL      // scheme mllp, http, file, or answers with a destination
	Acknowledge    string        // "received", "recorded", "delivered" or "relayed"
	Patience       time.Duration // how long a sender waits for that; 0: as long as it takes
	Zone           *time.Location
	Owns           []string // "Patient", "Patient.telecom"
	Authorities    []string
	Snapshots      []string // segments: "NK1"
	Allow          []netip.Prefix
	Silence        time.Duration // alert after so long; 0: by its habit, negative: never
	Unnumbered     bool          // MSH-13 says nothing
	Late           time.Duration // alert when a message has waited for so long to be decided
	MaxSize        int64
	Idle           time.Duration
	MaxConnections int
	TLS            *TLS
	file           string
	line           int
}

// TLS names the files of a listener's certificate.
type TLS struct {
	Certificate, Key string
	Clients          string // "" where clients need none
}

// Destination is one system that messages are sent to.
type Destination struct {
	Name          string
	Send          *url.URL // scheme mllp, http, https, file, sftp or nats
	Authorization string   // header of that name, where it is http or https
	Owner         string
	Deadline      time.Duration // for what is parked; 0: none
	Connections   int
	Silent        bool // what asks for no answer is accepted once it is written
	Resend        bool // what may or may not have arrived is sent again
	Connect       time.Duration
	Write         time.Duration
	Answer        time.Duration
	Retry         Retry
	Late          time.Duration // alert when something has waited for so long; 0: never
	Deep          int           // alert when more waits; 0: never
	TLS           *ClientTLS
	SSH           *SSH  // where it is sftp
	NATS          *NATS // where it is nats; nil: nobody signs in
	file          string
	line          int
}

// Retry says how often sending is tried again after it failed.
type Retry struct {
	First, Most time.Duration // pauses
	GiveUp      time.Duration // 0: never
}

// ClientTLS names the files of a connection that we open.
type ClientTLS struct {
	Authorities      string // "": the system's
	Name             string // in the receiver's certificate; "": the host
	Certificate, Key string // "" where the receiver asks for none
}

// SSH says how we sign in.
type SSH struct {
	Key, Password string // one of them
	KnownHosts    string // file
}

// NATS says how we sign in: by one of the three ways.
type NATS struct {
	Credentials    string // file
	User, Password string
	Token          string
}

// Subject returns the subject to which messages go, where it is nats.
func (d Destination) Subject() string { return natsSubject(d.Send) }

// Answers returns the source that what a destination answers comes from; "": none does.
func (s *Site) Answers(destination string) string {
	for _, src := range s.Sources {
		if src.Listen != nil && src.Listen.Scheme == "answers" && src.Listen.Host == destination {
			return src.Name
		}
	}
	return ""
}

// SpeaksFHIR reports whether what goes to a destination are FHIR transactions.
func (s *Site) SpeaksFHIR(destination string) bool {
	for _, r := range s.Routes {
		for _, t := range r.To {
			if t.FHIR && t.Destination == destination {
				return true
			}
		}
	}
	return false
}

// Route says which messages go where.
type Route struct {
	Name    string
	From    []string
	When    string // FHIRPath, or ""
	Key     string // v2 address
	Filters []Filter
	To      []Target
	file    string
	line    int
}

// Target is one place where a route leads.
type Target struct {
	Record      bool
	Destination string // "" where it is the record
	FHIR        bool   // what the message changed in the record is sent, as a FHIR transaction
	Hold        bool   // a parked message holds up later ones of its key
	line        int
}

// Name returns "record", or the destination's name.
func (t Target) Name() string {
	if t.Record {
		return "record"
	}
	return t.Destination
}

// Filter takes messages out, by name.
type Filter struct{ Name, When, Why string }

// Destination returns the destination with the name, or nil.
func (s *Site) Destination(name string) *Destination {
	for i := range s.Destinations {
		if s.Destinations[i].Name == name {
			return &s.Destinations[i]
		}
	}
	return nil
}

// Source returns the source with the name, or nil.
func (s *Site) Source(name string) *Source {
	for i := range s.Sources {
		if s.Sources[i].Name == name {
			return &s.Sources[i]
		}
	}
	return nil
}
