package config

import (
	"net/netip"
	"net/url"
	"time"
)

// Site is a whole configuration, checked.
type Site struct {
	Name       string
	HTTP       string        // host:port
	Database   string        // postgres:// URL, or "" for the data folder
	Retention  time.Duration // of message bodies; 0: forever
	Duplicates time.Duration
	LowSpace   int64    // bytes
	VolumeSize int64    // bytes
	Memory     int64    // bytes
	Precedence []string // sources, first best
	Sources    []Source // by name
	Routes     []Route  // by name
	// Release is the content address of the folder: SHA-256 over the names and
	// bytes of all its files, the first 12 hexadecimal digits.
	Release        string
	precedenceLine int
}

// Source is one system that sends messages.
type Source struct {
	Name           string
	Listen         *url.URL // scheme mllp, http or file
	Acknowledge    string   // "received" or "recorded"
	Zone           *time.Location
	Owns           []string // "Patient", "Patient.telecom"
	Authorities    []string
	Snapshots      []string // segments: "NK1"
	Allow          []netip.Prefix
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

// Route says which messages go where.
type Route struct {
	Name    string
	From    []string
	When    string // FHIRPath, or ""
	Key     string // v2 address
	Filters []Filter
	To      []string
	file    string
	line    int
}

// Filter takes messages out, by name.
type Filter struct{ Name, When, Why string }

// Source returns the source with the name, or nil.
func (s *Site) Source(name string) *Source {
	for i := range s.Sources {
		if s.Sources[i].Name == name {
			return &s.Sources[i]
		}
	}
	return nil
}
