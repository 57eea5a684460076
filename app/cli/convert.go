package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"handover"
	"handover/app"
	"handover/config"
	"handover/hl7v2"
)

type convertCommand struct {
	Files   []string `arg:"" help:"Files of messages or batches; - for standard input."`
	Explain bool     `help:"Print for each value the field and the rule it came from, instead of the Bundle."`
	Zone    string   `placeholder:"Europe/London" help:"Time zone of times without an offset; without it they keep only their date."`
	Source  string   `default:"convert" help:"Name of the source, which local codes and identifiers carry."`
	Data    string   `type:"existingdir" placeholder:"DIR" help:"Data folder whose site key makes the ids; without it a published test key does."`
	Compact bool     `help:"Print each Bundle on one line."`
}

// Help shows an example.
func (convertCommand) Help() string {
	return "Example: handover convert --explain samples/quickstart/messages/3-result.hl7\n\n" +
		"What a message says and no rule maps is listed on standard error. Exit code 1: a message could not be read."
}

// Run prints a FHIR transaction Bundle for each message.
func (c convertCommand) Run(std Streams) error {
	source := config.Source{Name: c.Source}
	if c.Zone != "" {
		zone, err := time.LoadLocation(c.Zone)
		if err != nil {
			return &handover.Error{Op: "reading --zone", Kind: handover.Usage, Err: fmt.Errorf("no time zone is called %q", c.Zone)}
		}
		source.Zone = zone
	}
	key := app.TestKey
	if c.Data != "" {
		var err error
		if key, err = app.ReadSiteKey(c.Data); err != nil {
			return err
		}
	}
	unread := 0
	problems, err := eachMessage(std, c.Files, func(m fileMessage) error {
		parsed, wrong := hl7v2.Parse(m.Bytes)
		for _, p := range wrong {
			fmt.Fprintf(std.Err, "%s: %s\n", m.where(), p)
			if p.Fatal {
				parsed = nil
			}
		}
		if parsed == nil {
			unread++
			return nil
		}
		return c.print(std, m, app.Convert(source, key, parsed))
	})
	if err == nil && unread+problems > 0 {
		err = errFound
	}
	return err
}

func (c convertCommand) print(std Streams, m fileMessage, made app.Conversion) error {
	if c.Explain {
		_, err := fmt.Fprint(std.Out, made.Explain)
		return err
	}
	for _, p := range made.Decision.Problems {
		fmt.Fprintf(std.Err, "%s: %s: %s\n", m.where(), p.Where, p.Text)
	}
	for _, l := range made.Left {
		fmt.Fprintf(std.Err, "%s: left %s: %s\n", filepath.Base(m.where()), l.Field, l.Reason)
	}
	var out bytes.Buffer
	if c.Compact {
		out.Write(made.Bundle)
	} else if err := json.Indent(&out, made.Bundle, "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err := std.Out.Write(out.Bytes())
	return err
}
