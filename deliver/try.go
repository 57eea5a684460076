package deliver

import (
	"context"
	"time"

	"handover"
)

// Try is what is being sent. The contexts that a Sender gets, and the Journal for what
// became of it, hold it: whoever passed them in sees what each call is about.
type Try struct {
	handover.Attempt
	Message handover.Offset
	Header  handover.Header // the message's
	Since   time.Time       // of the fact that made the delivery, or released it
}

type tryKey struct{}

// TryOf returns what is being sent; ok is false where it is nothing.
func TryOf(ctx context.Context) (t Try, ok bool) {
	held, ok := ctx.Value(tryKey{}).(*Try)
	if !ok {
		return Try{}, false
	}
	return *held, true
}

// trying puts a delivery into the context. The header is added once it is read.
func (d *delivery) trying(ctx context.Context) (context.Context, *Try) {
	t := &Try{Attempt: handover.Attempt{DeliveryID: d.DeliveryID, Try: d.tries}, Message: d.message, Since: d.since}
	return context.WithValue(ctx, tryKey{}, t), t
}
