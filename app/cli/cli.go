// Package cli holds the commands of the handover program. Each promises the
// contract: help with an example, data on standard output (as JSON with
// --json), everything else on standard error, and an exit code that says how
// it went: 0 done, 1 ran and found something wrong, 2 wrong usage, 3 could not
// run.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"handover"
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Exit codes of the contract.
const (
	exitDone  = 0
	exitFound = 1
	exitUsage = 2
	exitStuck = 3
)

// errFound ends a command that ran, and found something wrong that it has
// already told about.
var errFound = errors.New("found something wrong")

type commands struct {
	Run          runCommand          `cmd:"" help:"Run the engine in the foreground; without --config, the quickstart hospital."`
	Check        checkCommand        `cmd:"" help:"Find every problem in a configuration, with file and line."`
	Convert      convertCommand      `cmd:"" help:"Turn v2 messages into FHIR transaction Bundles, without a server."`
	Show         showCommand         `cmd:"" help:"Show v2 messages as people read them."`
	Test         testCommand         `cmd:"" help:"Run the tests that a configuration brings along."`
	Send         sendCommand         `cmd:"" help:"Send v2 messages or batch files over MLLP and print each acknowledgement."`
	Trace        traceCommand        `cmd:"" help:"Tell the whole story of a message."`
	Messages     messagesCommand     `cmd:"" help:"Search messages, newest first."`
	Destinations destinationsCommand `cmd:"" help:"Tell how each destination is: what waits, what is parked, whether it can be reached."`
	Sources      sourcesCommand      `cmd:"" help:"List the sources, and which of them are paused."`
	Routes       routesCommand       `cmd:"" help:"List the routes, and which of them are paused."`
	Pause        pauseCommand        `cmd:"" help:"Hold a destination, a source or a route until it is resumed."`
	Resume       resumeCommand       `cmd:"" help:"Let a destination, a source or a route go on."`
	Deliveries   deliveriesCommand   `cmd:"" help:"List deliveries that are open: waiting, being sent, parked."`
	Park         parkCommand         `cmd:"" help:"Take deliveries out of the way until they are released."`
	Unpark       unparkCommand       `cmd:"" help:"Let parked deliveries be sent again."`
	Resend       resendCommand       `cmd:"" help:"Send messages once more to a destination, as they came."`
	Cancel       cancelCommand       `cmd:"" help:"Give deliveries up for good."`
	Alerts       alertsCommand       `cmd:"" help:"List what is not as it should be; exit code 1 if anything is not."`
	Acknowledge  acknowledgeCommand  `cmd:"" help:"Note that somebody knows of an alert."`
	Balance      balanceCommand      `cmd:"" help:"Tell whether what came in is what became of it; exit code 1 if it is not."`
	Reconcile    reconcileCommand    `cmd:"" help:"Hold a list that a source exported against what the record heard from it; exit code 1 if they differ."`
	Bench        benchCommand        `cmd:"" help:"Measure this machine: figures, beside its own limits and the goals."`
	Torture      tortureCommand      `cmd:"" help:"See whether this disk and this program keep what they promise: kills, faults, and books that must agree."`
	Backup       backupCommand       `cmd:"" help:"Write everything into one file, while the engine runs."`
	Restore      restoreCommand      `cmd:"" help:"Make a data folder of a backup, and prove it."`
	Verify       verifyCommand       `cmd:"" help:"Prove that nothing in journal, trace, deliveries and record was changed or lost."`
	Version      versionCommand      `cmd:"" help:"Say which version this is."`
}

// description opens the help.
const description = "Handover moves clinical messages between systems: keeps them before it says so, " +
	"turns them into FHIR by HL7's published map, and can explain what became of each."

// stop is how kong's early exits (help) reach Main.
type stop struct{ code int }

// Main runs one command and returns its exit code.
func Main(ctx context.Context, args []string, std Streams) (code int) {
	defer func() {
		if s, ok := recover().(stop); ok {
			code = s.code
		}
	}()
	parser, err := kong.New(&commands{},
		kong.Name("handover"), kong.Description(description),
		kong.Writers(std.Out, std.Err), kong.Exit(func(code int) { panic(stop{code}) }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(std),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err != nil {
		fmt.Fprintln(std.Err, "handover:", err)
		return exitStuck
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(std.Err, "handover: %v\nTry `handover %s--help`.\n", err, commandName(parser, args))
		return exitUsage
	}
	return exitCode(command.Run(), std.Err)
}

// commandName gives the command that was meant, for the hint.
func commandName(parser *kong.Kong, args []string) string {
	for _, a := range args {
		for _, known := range parser.Model.Children {
			if a == known.Name {
				return a + " "
			}
		}
	}
	return ""
}

func exitCode(err error, stderr io.Writer) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFound):
		return exitFound
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "handover: interrupted")
		return exitStuck
	}
	fmt.Fprintln(stderr, "handover:", err)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return exitStuck
	}
	return handover.KindOf(err).Consequence().Exit
}
