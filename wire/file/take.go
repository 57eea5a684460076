package file

import (
	"bytes"
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
	folder  *Folder
	name    string
	conn    string
	file    *os.File
	size    int64
	text    text
	answers answers
	why     []string // what is wrong, each with its place
	more    int      // what is wrong and not in why
	read    int      // messages so far
}

// take gives every message of the file to the Receiver and moves the file away.
// An error leaves it where it is, to be tried again.
func (f *Folder) take(ctx, work context.Context, name string, s *sighting) (err error) {
	file, err := os.Open(filepath.Join(f.config.Dir, name))
	if err != nil {
		return err
	}
	defer file.Close()
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
	// One byte over the limit is enough to see that a message is too large.
	limit := int(d.folder.config.Room.MaxMessage) + 1
	batch := hl7v2.NewBatchReader(d.text.reader(), hl7v2.BatchConfig{MaxMessage: limit})
	collector := wire.NewCollector(d.folder.config.Room)
	defer collector.Close()
	for {
		m, err := batch.Next()
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
		if err := d.message(work, collector, m); err != nil {
			return err
		}
	}
	for _, p := range batch.Problems() {
		d.wrong(p.Where, p.Text)
	}
	if d.text.cutOff() {
		d.wrong("", "the last byte is half of a UTF-16 character; the file was cut off")
	}
	if d.read == 0 {
		d.wrong("", "there is no message in the file")
	}
	return nil
}

// message gives one message to the Receiver and writes its answer down. The
// bytes come from the file once more, because m's may be those of UTF-8.
func (d *delivery) message(ctx context.Context, collector *wire.Collector, m hl7v2.BatchMessage) error {
	config, counts := &d.folder.config, &d.folder.counts
	from, to, err := d.text.original(m.Byte, m.Byte+int64(len(m.Bytes)))
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
	answers, err := config.Receiver.Receive(ctx, wire.Arrival{
		Source: config.Source, Conn: d.conn, Remote: d.name, Received: config.Now(), Format: d.text.format(),
		Body: held.Body, Head: d.text.readable(held.Head), Size: held.Size, Err: held.Err,
	})
	answer := bytes.Join(answers, nil)
	if err != nil && (len(answer) == 0 || handover.KindOf(err).Consequence().Retry) {
		return err
	}
	if code := refusal(answer); code != "" || err != nil {
		counts.refused.Add(1)
		d.wrong(fmt.Sprintf("line %d, message %d", m.Line, m.Number), "it was answered with "+cmp.Or(code, "an error"))
	}
	return d.answers.add(answer)
}

// wrong notes why the file will be in failed.
func (d *delivery) wrong(where, text string) {
	if len(d.why) >= maxProblems {
		d.more++
		return
	}
	if where != "" {
		text = where + ": " + text
	}
	d.why = append(d.why, text)
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
