package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/admin"
	"hayauma.example/cmd/hayauma/internal/client"
	"hayauma.example/cmd/hayauma/internal/config"
)

func newDebug(t Terminal) *cobra.Command {
	d := &debugger{terminal: t}
	cmd := &cobra.Command{
		Use: "debug", Short: "Look into a running daemon: dumps, flight records, log level",
		Long: "Look into a running daemon through its admin listener, which `hayauma serve --admin-listen 127.0.0.1:8485` switches on.\n" +
			"Profiles are at /debug/pprof/ there, for `go tool pprof`.",
	}
	cmd.PersistentFlags().StringVar(&d.server, "admin", "", "URL of the admin listener (default HAYAUMA_ADMIN or "+config.DefaultAdmin+")")
	cmd.AddCommand(newDebugDump(d), newDebugFlight(d), newDebugLogLevel(d))
	group(cmd, t)
	return cmd
}

// debugger is the part of a command that talks to an admin listener.
type debugger struct {
	terminal Terminal
	server   string
}

func (d *debugger) call(ctx context.Context, f func(a client.Admin) error) error {
	a, err := client.NewAdmin(cmp.Or(d.server, d.terminal.getenv("HAYAUMA_ADMIN"), config.DefaultAdmin), d.terminal.getenv("HAYAUMA_TOKEN"))
	if err != nil {
		return err
	}
	defer a.Close()
	if err = f(a); err != nil && ctx.Err() != nil {
		return failure{code: exitInterrupted, err: errors.New("interrupted")}
	}
	return err
}

func newDebugDump(d *debugger) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "dump", Short: "Write what the daemon can tell of itself into one file", Args: exactly(),
		Long: "Write flight record, goroutines, heap, metrics and view of the cluster into one tar.gz. It is written to its end or not at all.\n" +
			"The heap may hold what the daemon works with, recipients and tokens too: treat the file so.",
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write (default hayauma-dump-TIME.tar.gz)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		path := cmp.Or(output, "hayauma-dump-"+time.Now().UTC().Format("20060102T150405Z")+".tar.gz")
		return d.call(cmd.Context(), func(a client.Admin) error {
			body, err := a.Dump(cmd.Context())
			if err != nil {
				return err
			}
			defer body.Close()
			if err := export(body, path, d.terminal.Out); err != nil {
				return err
			}
			_, err = fmt.Fprintln(d.terminal.Out, path)
			return err
		})
	}
	return cmd
}

func newDebugFlight(d *debugger) *cobra.Command {
	cmd := &cobra.Command{
		Use: "flight", Short: "Have the daemon keep its flight record in its data directory", Args: exactly(),
		Long: "Have the daemon keep its flight record in its data directory, for `go tool trace`; `serve --flight-recorder 8MiB` switches it on.",
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return d.call(cmd.Context(), func(a client.Admin) error {
			k, err := a.KeepFlight(cmd.Context())
			switch {
			case err != nil:
				return err
			case *asJSON:
				return printJSON(d.terminal.Out, k)
			}
			fmt.Fprintf(d.terminal.Out, "%s in the data directory, %d bytes\n", k.File, k.Bytes)
			return nil
		})
	}
	return cmd
}

func newDebugLogLevel(d *debugger) *cobra.Command {
	return &cobra.Command{
		Use: "log-level [LEVEL]", Short: "Show the daemon's log level, or change it until it ends: debug, info, warn, error", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if _, err := admin.ParseLevel(args[0]); err != nil {
					return err
				}
			}
			return d.call(cmd.Context(), func(a client.Admin) error {
				if len(args) == 1 {
					if err := a.SetLogLevel(cmd.Context(), args[0]); err != nil {
						return err
					}
				}
				level, err := a.LogLevel(cmd.Context())
				if err == nil {
					fmt.Fprintln(d.terminal.Out, level)
				}
				return err
			})
		},
	}
}
