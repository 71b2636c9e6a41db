package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/app"
	"hayauma.example/cmd/hayauma/internal/config"
)

func newServe(t Terminal) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the delivery daemon", Args: exactly(),
		Long: "Run the delivery daemon. Settings come from a file, the environment (HAYAUMA_…) and flags, in rising order.\n" +
			"The API token is set by HAYAUMA_TOKEN or in the file; without one the daemon listens on loopback only.",
		Example: "  hayauma serve --data ./hayauma-data --listen 127.0.0.1:8484",
	}
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings (default HAYAUMA_CONFIG)")
	config.Flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := config.Load(config.Sources{File: file, Environ: t.Environ, Flags: cmd.Flags()})
		if err != nil {
			return err
		}
		return serve(cmd.Context(), t, cfg)
	}
	return cmd
}

// serve runs the daemon, and again where the others took its node for dead: a new start is a new member, which owes nothing to the old one.
func serve(ctx context.Context, t Terminal, cfg config.Config) error {
	level := new(slog.LevelVar) // one that was changed stays so when the daemon begins anew
	level.Set(cfg.LogLevel)
	opts := app.Options{Log: logger(t.Err, cfg.LogFormat, level), Level: level, Version: version(), Getenv: t.getenv}
	return again(ctx, opts.Log, func() (time.Duration, error) { return serveOnce(ctx, t, cfg, opts) })
}

// again runs once, which tells how long it was a member, and anew where that is of use.
func again(ctx context.Context, log *slog.Logger, once func() (member time.Duration, err error)) error {
	var c comeback
	for {
		member, err := once()
		if !app.Rejoins(err) || ctx.Err() != nil {
			return err
		}
		pause := c.after(member)
		log.Warn("starting again as a new member", "error", err, "pause", pause.String())
		wait := time.NewTimer(pause)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return nil // as it was told
		}
	}
}

const (
	firstPause = time.Second
	mostPause  = 30 * time.Second
	longMember = 5 * time.Second // who was one for so long comes back at once
)

// comeback paces the starts of a node that the others put out again and again: each of them moves shards of the whole fleet.
type comeback struct{ next time.Duration }

// after is how long a node waits that was a member for so long: at first not at all, then 1 s, 2 s, … 30 s.
func (c *comeback) after(member time.Duration) time.Duration {
	if member >= longMember {
		c.next = 0
	}
	pause := c.next
	c.next = min(max(2*pause, firstPause), mostPause)
	return pause
}

// serveOnce tells how long the daemon was a member too.
func serveOnce(ctx context.Context, t Terminal, cfg config.Config, opts app.Options) (member time.Duration, err error) {
	daemon, err := app.Start(ctx, cfg, opts)
	switch {
	case err != nil && ctx.Err() != nil:
		opts.Log.Info("stopped before it had started", "error", err)
		return 0, nil // as it was told
	case err != nil:
		return 0, err // refused to start
	}
	began := time.Now()
	fmt.Fprintln(t.Out, "listening on "+daemon.URL())
	select {
	case <-ctx.Done():
	case err = <-daemon.Failed():
	}
	member = time.Since(began)
	if stopErr := daemon.Stop(context.WithoutCancel(ctx)); err == nil && stopErr != nil {
		err = fmt.Errorf("stopping took too long or failed, the next start goes on from what is stored: %w", stopErr)
	}
	if err != nil && !errors.Is(err, app.ErrDrained) {
		return member, failed(err)
	}
	return member, nil
}

func logger(w io.Writer, format string, level slog.Leveler) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
