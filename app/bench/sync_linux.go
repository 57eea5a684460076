package bench

import (
	"os"

	"golang.org/x/sys/unix"
)

// dataSync makes a file's content durable.
func dataSync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
