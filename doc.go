// Package handover holds the nouns that every other package shares: facts and
// their headers, messages as they arrived, what a message asserts of the
// record, decisions, actors and errors. It promises stable meaning and stable
// encodings of what the journal keeps, and offers no services: nothing here
// opens a file, starts a goroutine or reads a clock.
package handover
