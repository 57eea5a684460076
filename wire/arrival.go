package wire

import (
	"context"
	"time"

	"handover"
)

// HeadSize is how many bytes of a message Arrival.Head holds at least, where
// the message has so many. Its MSH segment is in there.
const HeadSize = 64 << 10

// The media type of a message, and what is added to it for one that came as
// UTF-16, in a file.
const (
	MediaType      = "application/hl7-v2"
	UTF16BigEndian = MediaType + "; charset=utf-16be"
	UTF16Little    = MediaType + "; charset=utf-16le"
)

// Arrival is one message as it came.
type Arrival struct {
	Source   string    // the source whose listener it is
	Conn     string    // the connection, unique while the program runs: order is kept within one
	Remote   string    // "10.0.0.7:49152", or the file's name
	Received time.Time // when its last byte came
	Format   string    // media type of Body

	// Body is the message byte for byte. Body.Bytes belongs to the Receiver,
	// which may keep it. Body.File is synced, and removed after Receive has
	// returned if it is still there: who keeps it renames it.
	Body handover.Body

	// Head is the beginning of the message, for MSH: all of Body.Bytes, or the
	// first HeadSize bytes of Body.File. It is UTF-8 where Format is UTF-16.
	Head []byte

	// Size is how many bytes came. It differs from Body.Len only where Err is set.
	Size int64

	// Err, if not nil, says why Body does not hold the message: over the limit
	// (TooLarge), no room to spool it (Full, Unavailable). Body is then
	// empty, and the message must be refused; Head is there to answer it.
	Err error

	// Trace is the context that the sender gave with it, where the protocol has a
	// place for one.
	Trace Trace

	// Problems is what was odd about how it came, none of it fatal.
	Problems []handover.Problem
}

// Receiver keeps an arrival and gives the answers' bytes. It returns only after
// the sync, so a positive answer may go out as it is. In enhanced mode there may
// be two: the accept acknowledgement, then the application acknowledgement.
//
//   - answers, nil: it was kept, or its content refused. No answers: nothing is owed.
//   - answers, err: it was not kept; the answer says so to the sender, err to
//     the listener (HTTP takes its status from it, a drop folder keeps the file
//     for another try if err's kind says that one may succeed).
//   - nil, err: it could not even be refused. The connection is closed without
//     an answer, and the sender keeps its message.
//
// Receive is called by many connections at once, and one after the other for
// messages of one connection.
type Receiver interface {
	Receive(ctx context.Context, a Arrival) (answers [][]byte, err error)
}

// ReceiverFunc is a Receiver that is a function.
type ReceiverFunc func(ctx context.Context, a Arrival) ([][]byte, error)

// Receive calls f.
func (f ReceiverFunc) Receive(ctx context.Context, a Arrival) ([][]byte, error) { return f(ctx, a) }

// Reason says why bytes that came are no message.
type Reason string

// The reasons for a Fragment.
const (
	Outside    Reason = "outside"    // not between a frame's first and last byte
	Unfinished Reason = "unfinished" // the connection ended within a frame
	Stalled    Reason = "stalled"    // the sender took too long to end a frame
	Restarted  Reason = "restarted"  // a new message began before the frame ended
	Unread     Reason = "unread"     // read ahead, and not begun when the connection was closed
)

// Fragment is bytes that came and are no message. Nobody was told that they
// were kept, and nobody gets an answer for them.
type Fragment struct {
	Source, Conn, Remote string
	Received             time.Time
	Reason               Reason
	Size                 int64         // bytes that came
	Body                 handover.Body // of which this many were held on to; as in Arrival
}

// FragmentFunc is told of every fragment, in the order of the connection, by
// the goroutine that reads it. A listener without one logs and counts them.
type FragmentFunc func(ctx context.Context, f Fragment)
