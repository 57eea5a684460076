package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"handover/hl7v2"
)

// fileMessage is one message of a file that was named on the command line.
type fileMessage struct {
	hl7v2.BatchMessage
	file string
}

// where names the message for people: "day.hl7" or, of several, "day.hl7:12".
func (m fileMessage) where() string { return fmt.Sprintf("%s:%d", m.file, m.Line) }

// eachMessage calls do for every message of the files; "-" is standard input.
// What is wrong with a file as a whole goes to standard error, and is counted.
func eachMessage(std Streams, files []string, do func(fileMessage) error) (problems int, err error) {
	for _, name := range files {
		n, err := messagesOf(std, name, do)
		problems += n
		if err != nil {
			return problems, err
		}
	}
	return problems, nil
}

func messagesOf(std Streams, name string, do func(fileMessage) error) (int, error) {
	in := std.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		in = f
	}
	r := hl7v2.NewBatchReader(in, hl7v2.BatchConfig{})
	found := 0
	for {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return len(r.Problems()), fmt.Errorf("reading %s: %w", name, err)
		}
		found++
		if err := do(fileMessage{m, name}); err != nil {
			return len(r.Problems()), err
		}
	}
	for _, p := range r.Problems() {
		fmt.Fprintf(std.Err, "%s: %s\n", name, p)
	}
	if found == 0 {
		fmt.Fprintf(std.Err, "%s: no message in it; a message begins with MSH\n", name)
		return len(r.Problems()) + 1, nil
	}
	return len(r.Problems()), nil
}
