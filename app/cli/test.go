package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"handover"
	"handover/app"
	"handover/config"
	"handover/hl7v2"
	"handover/internal/golden"
	"handover/route"
)

type testCommand struct {
	Dir    string `arg:"" optional:"" default:"." help:"The configuration folder; its tests are in tests/."`
	Update bool   `help:"Write what came as what is wanted; look at the difference before you keep it."`
}

// Help says what a test is.
func (testCommand) Help() string {
	return "Example: handover test hospital\n\n" +
		"A test is a file tests/NAME.txtar: prose, then files. in.hl7 is the message, source the name of the source that\n" +
		"sends it (the first one if there is none), want.json the FHIR transaction that it makes, want.log what is decided\n" +
		"and what is left. Of want.json and want.log, what is absent is not compared."
}

// Run runs every story below tests/.
func (c testCommand) Run(std Streams) error {
	site, err := loadSite(c.Dir)
	if err != nil {
		return err
	}
	table, err := app.Routes(site, app.TestKey)
	if err != nil {
		return err
	}
	files, err := stories(filepath.Join(c.Dir, "tests"))
	if err != nil {
		return err
	}
	failed := 0
	for _, file := range files {
		differences, err := c.one(site, table, file)
		if err != nil {
			differences = append(differences, err.Error())
		}
		result := "ok  "
		if len(differences) > 0 {
			result = "FAIL"
			failed++
		}
		fmt.Fprintf(std.Out, "%s  %s\n", result, file)
		for _, d := range differences {
			fmt.Fprintf(std.Out, "      %s\n", d)
		}
	}
	fmt.Fprintf(std.Out, "%d passed, %d failed\n", len(files)-failed, failed)
	if failed > 0 {
		return errFound
	}
	return nil
}

// stories lists the test files below a folder, in order.
func stories(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".txtar" {
			files = append(files, path)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(files) == 0 {
		return nil, &handover.Error{Op: "looking for tests", Kind: handover.Usage, Where: dir,
			Err: errors.New("there are none; a test is a file tests/NAME.txtar, see `handover test --help`")}
	}
	return files, err
}

// one runs a story, and returns where it differs.
func (c testCommand) one(site *config.Site, table *route.Table, file string) ([]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	story, err := golden.Parse(data)
	if err != nil {
		return nil, err
	}
	source := &site.Sources[0]
	if name, ok := story.File("source"); ok {
		if source = site.Source(strings.TrimSpace(name)); source == nil {
			return nil, fmt.Errorf("no source is named %q", strings.TrimSpace(name))
		}
	}
	m, problems := hl7v2.Parse(story.Message())
	if m == nil {
		return nil, fmt.Errorf("in.hl7 cannot be read: %v", problems)
	}
	made := app.Try(site, table, *source, m)
	if c.Update {
		updated, err := story.Update(made.Bundle, logOf(made))
		if err != nil {
			return nil, err
		}
		return nil, os.WriteFile(file, updated, 0o644)
	}
	var out []string
	for _, d := range story.Compare(made.Bundle, logOf(made)) {
		out = append(out, d.String())
	}
	return out, nil
}

// logOf tells what was decided and left, a line each.
func logOf(made app.Conversion) string {
	var b strings.Builder
	fmt.Fprint(&b, made.Decision.State)
	if made.Decision.Reason != "" {
		fmt.Fprintf(&b, ": %s", made.Decision.Reason)
	}
	if len(made.Decision.Routes) > 0 {
		fmt.Fprintf(&b, " by %s", strings.Join(made.Decision.Routes, ", "))
	}
	b.WriteByte('\n')
	for _, p := range made.Decision.Problems {
		fmt.Fprintf(&b, "problem %s: %s\n", p.Where, p.Text)
	}
	for _, l := range made.Left {
		fmt.Fprintf(&b, "left %s: %s\n", l.Field, l.Reason)
	}
	return b.String()
}
