package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"handover/app"
)

type restoreCommand struct {
	File string `arg:"" help:"A file that backup wrote; - for standard input."`
	Data string `required:"" type:"path" placeholder:"DIR" help:"The data folder to make; it must be empty or not there."`
}

// Help shows an example.
func (restoreCommand) Help() string {
	return "Example: handover restore /backup/handover-monday.tar.zst --data /var/lib/handover\n\n" +
		"Every file is held against its digest and the journal is proven before the folder becomes a data folder.\n" +
		"A new epoch of the journal begins: what came after the backup is not in it, and senders may have to send it again."
}

// Run makes a data folder of a backup.
func (c restoreCommand) Run(ctx context.Context, std Streams) error {
	in := std.In
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	shown := &work{std: std}
	m, err := app.Restore(ctx, in, app.RestoreConfig{Dir: c.Data, Moved: shown.moved})
	shown.end()
	if err != nil {
		return err
	}
	fmt.Fprintf(std.Out, "restored    %d facts of %s, proven\n", m.Tail, m.Made.Local().Format(time.DateTime))
	fmt.Fprintf(std.Out, "new epoch   what was acknowledged after that is not here\n")
	fmt.Fprintf(std.Out, "type next   handover run --data %s\n", c.Data)
	return nil
}
