package app

import (
	"os"
	"runtime/debug"
)

// gcPercent is how much may be allocated until memory is collected again, in
// percent of what is in use. Go's own 100 costs a few percent less processor time and
// 30 MB more; a small machine has that for better uses.
const gcPercent = 50

// SpareMemory tells Go to hold less memory than it would, unless its own
// setting GOGC says otherwise. It is for the whole program.
func SpareMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
