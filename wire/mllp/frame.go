package mllp

import (
	"bytes"
	"fmt"

	"handover"
)

// Check reports the first byte of a message that MLLP cannot carry: VT or FS.
// Its error has kind Invalid.
func Check(message []byte) error {
	n := bytes.IndexByte(message, fs)
	if n < 0 {
		n = len(message)
	}
	if v := bytes.IndexByte(message[:n], vt); v >= 0 {
		n = v
	}
	if n == len(message) {
		return nil
	}
	return &handover.Error{Op: "framing a message", Kind: handover.Invalid, Where: fmt.Sprintf("byte %d", n),
		Err: fmt.Errorf("0x%02X cannot be sent by MLLP; escape it as \\X%02X\\", message[n], message[n])}
}

// AppendFrame appends the message as a frame. It does not look into the message.
func AppendFrame(dst, message []byte) []byte {
	dst = append(dst, vt)
	dst = append(dst, message...)
	return append(dst, fs, cr)
}
