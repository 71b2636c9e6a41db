package console

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

func newExperiment(t Terminal) *cobra.Command {
	r := &remote{terminal: t}
	cmd := &cobra.Command{
		Use: "experiment", Short: "Show the results of experiments",
		Long: "Show the results of experiments: what has come of the variants of a message, over all campaigns of a channel whose file\n" +
			"names the experiment.",
	}
	r.flags(cmd)
	cmd.AddCommand(newExperimentShow(r))
	group(cmd, t)
	return cmd
}

func newExperimentShow(r *remote) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show CHANNEL NAME", Short: "Show what has come of an experiment's variants", Args: exactly("CHANNEL", "NAME"),
		Example: "  hayauma experiment show shop greeting",
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.call(cmd.Context(), func(c *client.Client) error {
			x, err := c.Experiment(cmd.Context(), args[0], args[1])
			switch {
			case err != nil:
				return err
			case *asJSON:
				return printJSON(r.terminal.Out, x)
			}
			return printExperiment(r.terminal.Out, x)
		})
	}
	return cmd
}

func printExperiment(w io.Writer, x api.Experiment) error {
	t := newTable("VARIANT", "CAMPAIGNS", "RECIPIENTS", "DELIVERED", "FAILED", "UNKNOWN", "SUPPRESSED", "EXPIRED", "CANCELLED", "PENDING", "REQUESTS")
	for _, v := range x.Variants {
		t.row(v.Name, fmt.Sprintf("%d, %d over", v.Campaigns.Started, v.Campaigns.Finished), v.Recipients, v.Delivered, v.Failed, v.Unknown,
			v.Suppressed, v.Expired, v.Cancelled, v.Pending, v.Requests)
	}
	return t.print(w)
}
