package cli

import (
	"context"
	"os"
	"runtime/pprof"

	"handover/app"
	"handover/app/bench"
)

type benchCommand struct {
	Data     string   `type:"existingdir" placeholder:"DIR" help:"A folder on the disk to measure; the system's temporary folder if not given. What is written there is removed."`
	Quick    bool     `help:"A tenth of the messages, shorter times, no large documents: about two minutes."`
	Messages int      `placeholder:"N" help:"How many messages the sustained run has."`
	Only     []string `enum:"languages,intake,delivery,flow,documents" placeholder:"PART" help:"Measure these parts only: languages, intake, delivery, flow, documents."`
	JSON     bool     `help:"Print JSON."`
	Profile  string   `placeholder:"FILE" help:"Write a CPU profile for go tool pprof."`
}

// Help shows an example.
func (benchCommand) Help() string {
	return "Example: handover bench --quick --data /var/lib\n\n" +
		"Figures that depend on the disk stand beside the disk's own limit, measured in the same run. " +
		"Exit code 1: some figures miss their goal."
}

// Run measures and prints.
func (c benchCommand) Run(ctx context.Context, std Streams) error {
	if c.Profile != "" {
		f, err := os.Create(c.Profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	app.SpareMemory() // as run does
	found, err := bench.Run(ctx, bench.Config{
		Dir: c.Data, Quick: c.Quick, Messages: c.Messages, Only: c.Only,
		Progress: func(total int64, what string) bench.Bar { return progress(std.Err, total, what) },
	})
	if err != nil {
		return err
	}
	return report(std, c.JSON, found, found.Missed() == 0)
}
