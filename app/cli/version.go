package cli

import (
	"encoding/json"
	"fmt"
	"runtime"

	"handover/app"
)

// commit is set when the program is built.
var commit = "unknown"

// journalFormat is the version of what is written to disk: docs/formats/journal-1.md.
const journalFormat = 1

type versionCommand struct {
	JSON bool `help:"Print JSON."`
}

// Help shows an example.
func (versionCommand) Help() string { return "Example: handover version --json" }

// Run prints version, commit, engine and format versions.
func (c versionCommand) Run(std Streams) error {
	v := struct {
		Version string `json:"version"`
		Commit  string `json:"commit"`
		Go      string `json:"go"`
		Journal int    `json:"journal_format"`
	}{app.Version, commit, runtime.Version(), journalFormat}
	if c.JSON {
		return json.NewEncoder(std.Out).Encode(v)
	}
	_, err := fmt.Fprintf(std.Out, "handover %s (%s, %s), journal format %d\n", v.Version, v.Commit, v.Go, v.Journal)
	return err
}
