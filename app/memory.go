package app

import (
	"os"
	"runtime/debug"
)

// Go collects memory when what is in use has grown by gcPercent. Of little in use
// that is soon: converting messages, which leaves nothing behind, would spend a
// third of its time on it. So Go is made to count ballastBytes as in use that are
// never touched, and so take no memory: with 10 MB in use it collects after 18 MB
// more, with 50 MB after 28, with 200 MB after 66. Go's own habit, to wait until
// what is in use has doubled, takes less time only where there is much, and there
// memory is short.
const (
	gcPercent    = 25
	ballastBytes = 64 << 20
)

// ballast is what is never touched.
var ballast []byte

// SpareMemory tells Go to hold less memory than it would, unless its own
// setting GOGC says otherwise. It is for the whole program, and its first act.
func SpareMemory() {
	if os.Getenv("GOGC") == "" {
		ballast = make([]byte, ballastBytes)
		debug.SetGCPercent(gcPercent)
	}
}
