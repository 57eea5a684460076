package mllp

import (
	"bytes"
	"fmt"

	"handover"
)

// Check reports the first VT or FS of a message that would end its frame early
// or begin another, by the rules above. The error has kind Invalid. Other VTs
// and FSs, though the specification forbids them too, come through.
func Check(message []byte) error {
	if bytes.IndexByte(message, fs) < 0 && bytes.IndexByte(message, vt) < 0 {
		return nil
	}
	var d Decoder
	carried := 0
	for p := AppendFrame(nil, message); ; {
		t, n := d.Next(p)
		p = p[n:]
		switch t.Kind {
		case Content:
			carried += len(t.Data)
		case End, EndBare, Restart:
			if carried == len(message) {
				return nil
			}
			return &handover.Error{Op: "framing a message", Kind: handover.Invalid, Where: fmt.Sprintf("byte %d", carried),
				Err: fmt.Errorf("0x%02X there would end the frame; escape it as \\X%02X\\", message[carried], message[carried])}
		}
	}
}

// AppendFrame appends the message as a frame. It does not look into the message.
func AppendFrame(dst, message []byte) []byte {
	dst = append(dst, vt)
	dst = append(dst, message...)
	return append(dst, fs, cr)
}
