package bench

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"
)

// script is what the hospital sends, written to disk before a clock starts: what
// it takes to make a message up is no part of what taking one in costs. It does
// not stay in memory, which is measured too.
type script struct {
	mu   sync.Mutex
	file *os.File
	in   *bufio.Reader
	from int // the number of the first message
	next int
}

// newScript writes the messages of the numbers from first, so many of them. The
// file has no name, and is gone once it is closed.
func newScript(ctx context.Context, dir string, first, messages int, bar Bar) (*script, error) {
	defer bar.Finish()
	f, err := os.CreateTemp(dir, "script-")
	if err != nil {
		return nil, err
	}
	err = os.Remove(f.Name())
	out := bufio.NewWriterSize(f, 1<<20)
	for i := first; i < first+messages && err == nil && ctx.Err() == nil; i++ {
		text := messageAt(i).bytes
		_, err = out.Write(append(binary.AppendUvarint(nil, uint64(len(text))), text...))
		_ = bar.Add(1)
	}
	if err = cmp.Or(err, ctx.Err()); err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = f.Sync() // now, and not beside what is measured
	}
	s := &script{file: f, in: bufio.NewReaderSize(f, 1<<16), from: first}
	if err == nil {
		err = s.rewind()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

func (s *script) Close() error { return s.file.Close() }

// rewind goes back to the first message.
func (s *script) rewind() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.file.Seek(0, io.SeekStart)
	s.in.Reset(s.file)
	s.next = s.from
	return err
}

// read returns the next message; io.EOF after the last.
func (s *script) read() (message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	size, err := binary.ReadUvarint(s.in)
	if err != nil {
		return message{}, err
	}
	m := message{source: eventAt(s.next).source, bed: s.next % beds, bytes: make([]byte, size)}
	s.next++
	_, err = io.ReadFull(s.in, m.bytes)
	return m, err
}
