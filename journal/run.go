package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"handover"
)

// tendEvery is how often Run looks after what need not be done while an
// appender waits.
const tendEvery = time.Second

// Run looks after the journal until ctx ends: it finishes sealed volumes, keeps
// the append lease, signs checkpoints and removes expired bodies. It returns
// nil when ctx has ended. report, if not nil, is told what went wrong; each
// thing is tried again later.
func (j *Journal) Run(ctx context.Context, report func(error)) error {
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	signed, expired := time.Now(), time.Time{}
	var signedAt handover.Offset
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := j.Tend(ctx)
		if time.Since(signed) >= j.config.CheckpointEvery && j.Tail() > signedAt && j.appends() {
			_, signErr := j.Sign(ctx)
			err = errors.Join(err, signErr)
			signed, signedAt = time.Now(), j.Tail()
		}
		if time.Since(expired) >= time.Hour && j.appends() {
			err = errors.Join(err, j.expireByRule(ctx))
			expired = time.Now()
		}
		if err != nil && ctx.Err() == nil && report != nil {
			report(err)
		}
	}
}

// appends reports whether this process is the appender.
func (j *Journal) appends() bool {
	t, shared := j.ledger.(*tables)
	return !shared || t.holds()
}

// Tend does once what Run does all the time, except for checkpoints and
// retention.
func (j *Journal) Tend(ctx context.Context) error {
	j.space.full() // takes the reserve back when there is room
	if err := j.ledger.tend(ctx); err != nil {
		return fmt.Errorf("tending the journal: %w", err)
	}
	return nil
}

// Seal ends the volume that is written to, and packs it as tightly as sealed
// volumes are: before a backup, or to see how much space facts take for good.
func (j *Journal) Seal(ctx context.Context) error {
	r := &request{seal: true, lead: make(chan bool, 1)}
	if err := j.commitWith(r); err != nil {
		return fmt.Errorf("sealing a volume: %w", err)
	}
	return j.Tend(ctx)
}

func (j *Journal) expireByRule(ctx context.Context) error {
	var errs []error
	for class, keep := range j.config.Keep {
		_, err := j.expire(ctx, expiry{class: class, before: j.config.Now().Add(-keep).UnixMilli()})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Removal is the body of a RetentionDone fact.
type Removal struct {
	Class  handover.Retention `json:"class"`
	Before time.Time          `json:"before"`
	Bodies int64              `json:"bodies"` // how many were removed
}

// Expire removes the bodies of a class that are older than the given time, and
// says so in the journal. Heads and digests stay. In SQLite it rewrites the
// volumes that are sealed; bodies in the last one go when it is.
func (j *Journal) Expire(ctx context.Context, class handover.Retention, before time.Time) (Removal, error) {
	return j.expire(ctx, expiry{class: class, before: before.UnixMilli(), partial: true})
}

func (j *Journal) expire(ctx context.Context, e expiry) (Removal, error) {
	done := Removal{Class: e.class, Before: time.UnixMilli(e.before).UTC()}
	if e.class == handover.KeepForever {
		return done, &handover.Error{Op: "removing bodies", Kind: handover.Invalid,
			Err: errors.New("this class is kept for ever")}
	}
	var err error
	if done.Bodies, err = j.ledger.expire(ctx, e); done.Bodies == 0 {
		return done, err
	}
	body, encodeErr := json.Marshal(done)
	_, appendErr := j.Append(context.WithoutCancel(ctx), []handover.Draft{{
		Header: handover.Header{Kind: handover.RetentionDone, Actor: handover.Engine.ID, Format: "application/json"},
		Body:   handover.Body{Bytes: body},
	}})
	return done, errors.Join(err, encodeErr, appendErr)
}
