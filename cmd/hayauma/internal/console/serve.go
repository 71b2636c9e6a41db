package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

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
	log := logger(t.Err, cfg)
	for {
		err := serveOnce(ctx, t, cfg, log)
		if !app.Rejoins(err) || ctx.Err() != nil {
			return err
		}
		log.Warn("starting again as a new member", "error", err)
	}
}

func serveOnce(ctx context.Context, t Terminal, cfg config.Config, log *slog.Logger) error {
	daemon, err := app.Start(ctx, cfg, app.Options{Log: log, Version: version(), Getenv: t.getenv})
	switch {
	case err != nil && ctx.Err() != nil:
		log.Info("stopped before it had started", "error", err)
		return nil // as it was told
	case err != nil:
		return err // refused to start
	}
	fmt.Fprintln(t.Out, "listening on "+daemon.URL())
	select {
	case <-ctx.Done():
	case err = <-daemon.Failed():
	}
	if stopErr := daemon.Stop(context.WithoutCancel(ctx)); err == nil && stopErr != nil {
		err = fmt.Errorf("stopping took too long or failed, the next start goes on from what is stored: %w", stopErr)
	}
	if err != nil && !errors.Is(err, app.ErrDrained) {
		return failed(err)
	}
	return nil
}

func logger(w io.Writer, cfg config.Config) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
