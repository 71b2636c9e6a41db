package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"hayauma.example/cmd/hayauma/internal/console"
)

func main() { os.Exit(run()) }

// run ends on the first SIGINT or SIGTERM; a second one kills.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return console.Run(ctx, os.Args[1:], console.Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ()})
}
