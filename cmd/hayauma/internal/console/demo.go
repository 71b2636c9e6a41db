package console

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/cmd/hayauma/internal/demo"
)

func newDemo(t Terminal) *cobra.Command {
	var limits, faults string
	cfg := demo.Config{Version: version()}
	cmd := &cobra.Command{
		Use: "demo", Short: "Show everything on this machine: daemon, simulator, two campaigns", Args: exactly(),
		Long: "Start a daemon with an embedded store in a temporary directory and a simulator of LINE, deliver one personalised and one uniform\n" +
			"campaign, and compare the daemon's ledger with the simulator's, recipient by recipient. Exit 0 only if they agree.",
	}
	cmd.Flags().IntVar(&cfg.Recipients, "recipients", 2000, "recipients of the personalised campaign")
	cmd.Flags().IntVar(&cfg.Uniform, "uniform", 10_000, "recipients of the uniform campaign")
	cmd.Flags().StringVar(&limits, "limits", "line", "line or off")
	cmd.Flags().StringVar(&faults, "faults", "", faultsUsage)
	asJSON := cmd.Flags().Bool("json", false, "print the result as JSON in the last line")
	verbose := cmd.Flags().Bool("verbose", false, "show the daemon's log")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if cfg.Faults, err = linesim.ParseFaults(faults); err != nil {
			return fmt.Errorf("--faults: %w", err)
		}
		parsed, err := linesim.ParseLimits(limits)
		if err != nil {
			return fmt.Errorf("--limits: %w", err)
		}
		if err := cfg.Validate(); err != nil {
			return err
		}
		cfg.LimitsOff = parsed.Off
		if *verbose {
			cfg.Log = slog.New(slog.NewTextHandler(t.Err, nil))
		}
		var done func()
		cfg.Progress, done = progressBar(t.Err)
		report, err := demo.Run(cmd.Context(), cfg)
		done()
		switch {
		case err != nil && cmd.Context().Err() != nil:
			return failure{code: exitInterrupted, err: errors.New("interrupted: nothing of the demo is left behind")}
		case err != nil:
			return failed(err)
		}
		return printReport(t.Out, report, *asJSON)
	}
	return cmd
}

// progressBar draws on a terminal, and says a line now and then elsewhere.
func progressBar(w io.Writer) (tell func(settled, all int), done func()) {
	if f, ok := w.(*os.File); !ok || !isTerminal(f) {
		var next time.Time
		return func(settled, all int) {
			if now := time.Now(); now.After(next) || settled == all {
				next = now.Add(5 * time.Second)
				fmt.Fprintf(w, "%d of %d recipients settled\n", settled, all)
			}
		}, func() {}
	}
	var bar *progressbar.ProgressBar
	return func(settled, all int) {
			if bar == nil {
				bar = progressbar.NewOptions(all, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("delivering"),
					progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("recipients"),
					progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(40))
			}
			_ = bar.Set(settled) // a bar that can't be drawn is no reason to stop
		}, func() {
			if bar != nil {
				_ = bar.Finish() // likewise
			}
		}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func printReport(w io.Writer, r demo.Report, asJSON bool) error {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "campaign\tmode\taccepted\tdelivered\tfailed\tunknown\tseconds\trecipients/s\t")
	for _, c := range r.Campaigns {
		speed := 0.0
		if c.Seconds > 0 {
			speed = float64(c.Accepted) / c.Seconds
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t%.2f\t%.0f\t\n", c.Name, c.Mode, c.Accepted, c.Delivered, c.Failed, c.Unknown, c.Seconds, speed)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	s := r.Simulator
	fmt.Fprintf(w, "simulator: %d users, %d deliveries, %d duplicates, %d missing, %d requests\n", s.Users, s.Deliveries, s.Duplicates, s.Missing, s.Requests)
	fmt.Fprintln(w, "delivered: the provider accepted it (LINE gives no receipt)")
	if r.OK {
		fmt.Fprintln(w, "both ledgers agree to the recipient")
	} else {
		fmt.Fprintf(w, "THE LEDGERS DIFFER: %+v\n", r.Verdict)
	}
	if asJSON {
		if err := printJSON(w, r); err != nil {
			return err
		}
	}
	if !r.OK {
		return failed(nil)
	}
	return nil
}
