package hl7v2

import (
	"bytes"
	"errors"
	"io"
	"strconv"
)

// envelope takes in FHS, BHS, BTS or FTS (HL7 v2.9 §2.10.3).
func (r *BatchReader) envelope(line fileLine) {
	text := bytes.TrimLeft(line.text, " \t")
	name := string(text[:3])
	switch name {
	case "FHS":
		if r.file.open {
			r.at(line, name, "FTS is missing before this FHS")
		}
		r.closeBatch(line)
		r.file = envelope{open: true, header: bytes.Clone(text)}
	case "BHS":
		r.closeBatch(line)
		r.batches++
		r.file.count++
		r.batch = envelope{open: true, header: bytes.Clone(text)}
	case "BTS":
		if !r.batch.open {
			r.at(line, name, "BTS without BHS")
			return
		}
		r.check(line, text, r.batch.count, "messages in the batch")
		r.batch = envelope{}
	case "FTS":
		r.closeBatch(line)
		if !r.file.open {
			r.at(line, name, "FTS without FHS")
			return
		}
		r.check(line, text, r.file.count, "batches in the file")
		r.file = envelope{}
	}
}

// closeBatch ends a batch that was not ended.
func (r *BatchReader) closeBatch(line fileLine) {
	if r.batch.open {
		r.at(line, "", "BTS is missing before this segment")
		r.batch = envelope{}
	}
}

// finish reports what is open where the file ends.
func (r *BatchReader) finish(err error) {
	if !errors.Is(err, io.EOF) || r.lines == nil {
		return
	}
	end := fileLine{number: r.lines.number, byte: r.lines.offset}
	if r.batch.open {
		r.at(end, "", "file ends without BTS")
	}
	if r.file.open {
		r.at(end, "", "file ends without FTS")
	}
	r.batch, r.file = envelope{}, envelope{}
}

// check compares BTS-1 or FTS-1 with what was counted. An empty count says
// nothing.
func (r *BatchReader) check(line fileLine, text []byte, counted int, what string) {
	if len(text) < 5 {
		return
	}
	said, _, _ := bytes.Cut(text[4:], text[3:4])
	if said = bytes.TrimSpace(said); len(said) == 0 {
		return
	}
	place := string(text[:3]) + "-1"
	n, err := strconv.Atoi(string(said))
	switch {
	case err != nil:
		r.add(Problem{Where: where(line.number, place), Byte: int(line.byte), Code: CodeDataType, Text: place + " is not a number"})
	case n != counted:
		if r.mismatches++; r.mismatches > reportLimit {
			return
		}
		r.add(Problem{Where: where(line.number, place), Byte: int(line.byte), Code: "199",
			Text: place + " says " + strconv.Itoa(n) + ", counted are " + strconv.Itoa(counted) + " " + what})
	}
}
