package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"handover"
	"handover/app"
	"handover/config"
	"handover/samples"
)

type runCommand struct {
	Config   string `type:"existingdir" placeholder:"DIR" help:"The configuration folder; without it, the quickstart hospital."`
	Data     string `default:"data" type:"path" placeholder:"DIR" help:"Where everything is kept."`
	Database string `placeholder:"postgres://..." env:"HANDOVER_DATABASE" help:"Keep journal and tables in PostgreSQL instead of files."`
}

// Help shows an example.
func (runCommand) Help() string {
	return "Example: handover run --config hospital --data /var/lib/handover\n\n" +
		"Ctrl-C or SIGTERM takes no more messages, answers what is in hand, and stops."
}

// Run runs the engine until it is told to stop.
func (c runCommand) Run(ctx context.Context, std Streams) error {
	site, err := loadSite(c.Config)
	if err != nil {
		return err
	}
	app.SpareMemory()
	log := slog.New(slog.NewTextHandler(std.Err, nil))
	engine, err := app.Open(ctx, app.Config{Site: site, Dir: c.Data, Database: c.Database, Log: log})
	if err != nil {
		return unlessAsked(ctx, err)
	}
	defer engine.Close()
	c.greet(std, site, engine)
	return unlessAsked(ctx, engine.Run(ctx))
}

// unlessAsked drops the error of a start that broke off because the engine was
// told to stop: that is a clean end.
func unlessAsked(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// loadSite reads a configuration folder; "" is the quickstart.
func loadSite(dir string) (*config.Site, error) {
	folder := samples.Quickstart()
	if dir != "" {
		folder = os.DirFS(dir)
	}
	site, err := config.Load(folder)
	if err != nil {
		return nil, usage(err)
	}
	return site, nil
}

// usage makes a faulty configuration an error of usage, listing every problem.
func usage(err error) error {
	if problems, ok := errors.AsType[config.Problems](err); ok {
		return &handover.Error{Op: "reading the configuration", Kind: handover.Usage,
			Err: fmt.Errorf("%d problems:\n%w", len(problems), problems)}
	}
	return err
}

// greet prints the three lines of the contract.
func (c runCommand) greet(std Streams, site *config.Site, engine *app.Engine) {
	var ways []string
	for _, s := range site.Sources {
		ways = append(ways, s.Name+" "+s.Listen.String())
	}
	fmt.Fprintf(std.Out, "listening   %s\n", strings.Join(ways, ", "))
	fmt.Fprintf(std.Out, "FHIR        http://%s/fhir\n", engine.HTTP())
	next := "handover messages"
	if c.Config == "" {
		next = "./handover send samples/quickstart/messages/1-admission.hl7 --to mllp://127.0.0.1:2575"
	}
	fmt.Fprintf(std.Out, "type next   %s\n", next)
}
