package cli

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"handover"
	"handover/app"
)

type verifyCommand struct {
	serverFlag
	Data     string `type:"existingdir" placeholder:"DIR" help:"Verify this data folder, on which no engine runs, instead of asking one."`
	Database string `placeholder:"postgres://..." env:"HANDOVER_DATABASE" help:"With --data: where its journal is, if it is in PostgreSQL."`
	JSON     bool   `help:"Print what was found as JSON."`
}

// Help shows an example.
func (verifyCommand) Help() string {
	return "Example: handover verify --data /var/lib/handover\n\n" +
		"Proves the journal's tree, every body's digest and every signed checkpoint, and that the tables hold what the\n" +
		"facts give, by building them a second time. Exit code 1: something is not what it was."
}

// Run proves a running engine's data, or a folder's.
func (c verifyCommand) Run(ctx context.Context, std Streams) error {
	prove := c.ask
	if c.Data != "" {
		prove = c.folder
	}
	shown := &work{std: std}
	proof, err := prove(ctx, shown)
	shown.end()
	if err != nil {
		return err
	}
	return c.report(std, proof)
}

func (c verifyCommand) folder(ctx context.Context, shown *work) (app.Proof, error) {
	folder, err := app.OpenFolder(ctx, app.FolderConfig{Dir: c.Data, Database: c.Database})
	if err != nil {
		return app.Proof{}, err
	}
	proof, err := folder.Verify(ctx, shown.moved)
	return proof, errors.Join(err, folder.Close())
}

// ask has a running engine verify itself.
func (c verifyCommand) ask(ctx context.Context, shown *work) (app.Proof, error) {
	answer, err := c.post(ctx, "verify", nil)
	if err != nil {
		return app.Proof{}, err
	}
	defer answer.Body.Close()
	lines := json.NewDecoder(answer.Body)
	for {
		var line app.VerifyLine
		err := lines.Decode(&line)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return app.Proof{}, verifying(handover.Unavailable, "the engine broke off; its log says why")
		case err != nil:
			return app.Proof{}, err
		case line.Error != "":
			return app.Proof{}, verifying(handover.Unavailable, line.Error)
		case line.Proof != nil:
			return *line.Proof, nil
		}
		shown.moved(line.Doing, line.Done, line.Total)
	}
}

func verifying(kind handover.Kind, text string) error {
	return &handover.Error{Op: "verifying", Kind: kind, Err: errors.New(text)}
}

func (c verifyCommand) report(std Streams, p app.Proof) error {
	if c.JSON {
		if err := json.NewEncoder(std.Out).Encode(p); err != nil {
			return err
		}
	} else {
		for _, f := range p.Findings {
			fmt.Fprintln(std.Out, f)
		}
	}
	if len(p.Findings) > 0 {
		return errFound
	}
	if !c.JSON {
		fmt.Fprintf(std.Out, "proven      %d facts, %d signed checkpoints, the trace, the deliveries and the record\n", p.Facts, p.Checkpoints)
		fmt.Fprintf(std.Out, "tree        %s\n", base64.StdEncoding.EncodeToString(p.Root))
		if p.Gone > 0 {
			fmt.Fprintf(std.Out, "removed     %d bodies, by retention; their digests stay\n", p.Gone)
		}
	}
	return nil
}
