package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"handover"
	"handover/hl7v2"
	"handover/wire"
)

// errStopped leaves a file for the next start.
var errStopped = errors.New("stopped before its last message")

// errChanged leaves a file until it has settled again.
var errChanged = errors.New("it changed while it was read")

// delivery is one try of one file.
type delivery struct {
	folder *Folder
	name   string
	conn   string
	file   *os.File
	size   int64
	text   text
	answers
	why  []string // what is wrong, each with its place
	more int      // what is wrong and not in why
	read int      // messages so far
}

// take gives every message of the file to the Receiver and moves the file away.
// An error leaves it where it is, to be tried again.
func (f *Folder) take(ctx, work context.Context, name string, s *sighting) (err error) {
	file, err := os.Open(filepath.Join(f.config.Dir, name))
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	f.serial++
	d := &delivery{folder: f, name: name, file: file, size: s.size,
		conn: f.config.Source + "-file-" + f.started + "-" + strconv.FormatInt(f.serial, 10)}
	if d.text, err = openText(file, s.size); err != nil {
		return err
	}
	if err := d.answers.create(f.config.Dir, name); err != nil {
		return err
	}
	defer d.answers.discard()
	if err := d.messages(ctx, work); err != nil {
		return err
	}
	if info, err := os.Stat(file.Name()); err != nil || info.Size() != s.size || !info.ModTime().Equal(s.changed) {
		return errChanged
	}
	return d.archive()
}

// messages works off the file from its beginning to its end.
func (d *delivery) messages(ctx, work context.Context) error {
	split := d.folder.config.Split(d.text.reader())
	collector := wire.NewCollector(d.folder.config.Room)
	defer collector.Close()
	for {
		piece, err := split.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return errStopped
		}
		d.read++
		if err := d.message(work, collector, piece); err != nil {
			return err
		}
	}
	for _, p := range append(split.Problems(), d.text.problems()...) {
		d.wrong(p)
	}
	if d.read == 0 {
		d.wrong(handover.Problem{Text: "there is no message in the file"})
	}
	return nil
}

// message gives one message to the Receiver and writes its answer down.
func (d *delivery) message(ctx context.Context, collector *wire.Collector, piece Piece) error {
	config, counts := &d.folder.config, &d.folder.counts
	from, to, err := d.text.original(piece)
	if err != nil {
		return err
	}
	defer collector.Release()
	if _, err := io.Copy(collector, io.NewSectionReader(d.file, from, to-from)); err != nil {
		return err
	}
	held := collector.Finish()
	if held.Err != nil && handover.KindOf(held.Err).Consequence().Retry {
		return held.Err // the file is a better place for it than a refusal
	}
	counts.messages.Add(1)
	counts.bytesIn.Add(held.Size)
	if held.Body.File != "" {
		counts.spooled.Add(1)
	}
	answer, err := config.Receiver.Receive(ctx, wire.Arrival{
		Source: config.Source, Conn: d.conn, Remote: d.name, Received: config.Now(), Format: d.text.format(),
		Body: held.Body, Head: d.text.readable(held.Head), Size: held.Size, Err: held.Err, Problems: piece.Problems,
	})
	if err != nil && (len(answer) == 0 || handover.KindOf(err).Consequence().Retry) {
		return err
	}
	if code := refusal(answer); code != "" || err != nil {
		counts.refused.Add(1)
		d.wrong(handover.Problem{Where: fmt.Sprintf("message %d, byte %d", d.read, from), Text: "it was answered with " + cmp.Or(code, "an error")})
	}
	return d.answers.add(answer)
}

// wrong notes why the file will be in failed.
func (d *delivery) wrong(p handover.Problem) {
	if len(d.why) >= maxProblems {
		d.more++
		return
	}
	line := p.Text
	if p.Where != "" {
		line = p.Where + ": " + line
	}
	d.why = append(d.why, line)
}

// refusal returns MSA-1 of an answer that refuses, else "".
func refusal(answer []byte) string {
	m, _ := hl7v2.Parse(answer)
	if m == nil {
		return ""
	}
	for msa := range m.All("MSA") {
		if code := msa.Field(1).Text(); code != "AA" && code != "CA" {
			return code
		}
	}
	return ""
}

// withoutName takes the file's name out of an error of the file system.
func withoutName(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", e.Op, e.Err)
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return fmt.Errorf("%s: %w", e.Op, e.Err)
	}
	return err
}
