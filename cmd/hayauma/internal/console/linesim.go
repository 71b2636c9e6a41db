package console

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"hayauma.example/actors/provider/linesim"
)

func newLineSim(t Terminal) *cobra.Command {
	var listen, faults, limits string
	o := linesim.Options{}
	cmd := &cobra.Command{
		Use: "line-sim", Short: "Run a simulator of LINE's Messaging API", Args: exactly(),
		Long: "Run a simulator of LINE's Messaging API. What it accepted: GET /_sim/ledger, /_sim/deliveries, /_sim/users/{id};\n" +
			"POST /_sim/faults changes what goes wrong, POST /_sim/reset forgets everything.",
		Example: "  hayauma line-sim --listen 127.0.0.1:9090 --faults 500-after=0.01,latency=20ms",
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:9090", "HOST:PORT, port 0 picks one")
	cmd.Flags().StringVar(&faults, "faults", "", faultsUsage)
	cmd.Flags().BoolVar(&o.LedgerOnly, "ledger-only", false, "no checks of requests, for speed")
	cmd.Flags().StringVar(&limits, "limits", "line", "line or off")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if o.Faults, err = linesim.ParseFaults(faults); err != nil {
			return fmt.Errorf("--faults: %w", err)
		}
		if o.Limits, err = linesim.ParseLimits(limits); err != nil {
			return fmt.Errorf("--limits: %w", err)
		}
		return simulate(cmd.Context(), t, listen, o)
	}
	return cmd
}

const faultsUsage = "what goes wrong: a comma list of 500-before=P, 500-after=P, timeout-after=P, reset=P, 429=P, 429-monthly=P, " +
	"429-concurrency=P, 401=P, slow=P:DURATION, latency=DURATION[/P99], seed=N; P from 0 to 1"

func simulate(ctx context.Context, t Terminal, listen string, o linesim.Options) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("%w: choose another --listen", err)
	}
	sim := linesim.NewServer(o)
	server := &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Fprintln(t.Out, "listening on http://"+listener.Addr().String())
	select {
	case err = <-ended:
	case <-ctx.Done():
		sim.Close()
		err = errors.Join(server.Close(), <-ended)
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return failed(err)
	}
	return nil
}
