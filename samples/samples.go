// Package samples carries the sample hospitals inside the program, so that
// `handover run` has something to run on a machine with nothing else.
package samples

import (
	"embed"
	"io/fs"
)

//go:embed quickstart
var files embed.FS

// Quickstart returns the configuration folder of the quickstart hospital.
func Quickstart() fs.FS {
	sub, err := fs.Sub(files, "quickstart")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
