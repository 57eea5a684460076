package mllp

import "sync/atomic"

// Counts is what a server has done since it began to listen. They only grow,
// but for Open.
type Counts struct {
	Open          int64 // connections now
	Connections   int64 // accepted and served
	Turned        int64 // turned away: limits, allow-list, TLS
	BytesIn       int64 // read, framing included
	BytesOut      int64 // of answers, framing included
	Messages      int64 // given to the Receiver, the refused included
	Refused       int64 // of these, too large or without room to keep them
	Spooled       int64 // of Messages, through a file
	Answers       int64 // written
	Unanswered    int64 // the Receiver failed, or the answer could not be written
	Fragments     int64 // reported
	FragmentBytes int64 // in them
	Padding       int64 // CR and LF bytes between frames
}

type counters struct {
	open, connections, turned, bytesIn, bytesOut, messages, refused, spooled,
	answers, unanswered, fragments, fragmentBytes, padding atomic.Int64
}

// Counts returns the counts of this moment.
func (s *Server) Counts() Counts {
	c := &s.counters
	return Counts{
		Open: c.open.Load(), Connections: c.connections.Load(), Turned: c.turned.Load(),
		BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(),
		Messages: c.messages.Load(), Refused: c.refused.Load(), Spooled: c.spooled.Load(),
		Answers: c.answers.Load(), Unanswered: c.unanswered.Load(),
		Fragments: c.fragments.Load(), FragmentBytes: c.fragmentBytes.Load(), Padding: c.padding.Load(),
	}
}
