package file

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"

	"handover"
	"handover/hl7v2"
	"handover/wire"
)

// Sender puts messages into a folder, each as a file of its own, for others to take
// away. A file has its name once it is whole and synced, and its name is synced before
// the message counts as accepted: MSH-10 as far as names allow it, and a part of the
// digest of its bytes. A message whose file is there still is accepted, and not written
// again.
//
// A MSH-10 may say something about a patient, and so may the name, which no log has.
type Sender struct{ Dir string }

// Close does nothing: a Sender holds nothing open.
func (Sender) Close() error { return nil }

// Send writes a message. What could not be written is Failed; where the name may or may
// not be on disk, Unknown.
func (s Sender) Send(ctx context.Context, message []byte) handover.Outcome {
	failed := func(err error) handover.Outcome {
		return handover.Outcome{Ending: handover.Failed, Reason: withoutName(err).Error()}
	}
	if ctx.Err() != nil {
		return failed(ctx.Err())
	}
	m, _ := hl7v2.Parse(message)
	if m == nil {
		return handover.Outcome{Ending: handover.Rejected, Reason: "it is no message"}
	}
	path := filepath.Join(s.Dir, wire.FileName(m.ControlID(), message))
	if there, err := os.ReadFile(path); err != nil || !bytes.Equal(there, message) {
		if err := s.write(path, message); err != nil {
			return failed(err)
		}
	}
	if err := syncFolder(s.Dir); err != nil {
		o := failed(err)
		o.Ending = handover.Unknown
		return o
	}
	return handover.Outcome{Ending: handover.Accepted}
}

// write makes the file whole and synced before it has its name.
func (s Sender) write(path string, message []byte) error {
	f, err := os.CreateTemp(s.Dir, ".handover-*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(message)
	if err == nil {
		err = f.Chmod(0o640)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
