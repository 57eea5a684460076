// Command handover receives clinical messages, keeps them, joins them to the
// right patient, and can explain what happened to each.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"handover/app/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
