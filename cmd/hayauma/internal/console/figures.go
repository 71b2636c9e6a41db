package console

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

// monthly is a command that shows one month of a channel.
func (r *remote) monthly(cmd *cobra.Command, show func(c *client.Client, name, month string, asJSON bool) error) *cobra.Command {
	cmd.Args = exactly("NAME")
	month := cmd.Flags().String("month", "", "YYYY-MM (default the current one)")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.call(cmd.Context(), func(c *client.Client) error { return show(c, args[0], *month, *asJSON) })
	}
	return cmd
}

func newChannelStats(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "stats NAME", Short: "Show a channel's statistics of a month", Long: "Show what became of a channel's campaigns in a month of UTC."}
	return r.monthly(cmd, func(c *client.Client, name, month string, asJSON bool) error {
		s, err := c.Statistics(cmd.Context(), name, month)
		switch {
		case err != nil:
			return err
		case asJSON:
			return printJSON(r.terminal.Out, s)
		}
		return printStatistics(r.terminal.Out, s)
	})
}

func newChannelUsage(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "usage NAME", Short: "Show what a channel's messages of a month cost",
		Long: "Show how many messages of a channel LINE may bill for a month of UTC+9: one per recipient that it accepted.\n" +
			"Those for users who have blocked the account are not billed, but only LINE knows them."}
	return r.monthly(cmd, func(c *client.Client, name, month string, asJSON bool) error {
		u, err := c.Usage(cmd.Context(), name, month)
		switch {
		case err != nil:
			return err
		case asJSON:
			return printJSON(r.terminal.Out, u)
		}
		return printUsage(r.terminal.Out, u)
	})
}

func printStatistics(w io.Writer, s api.Statistics) error {
	return printLines(w, []line{
		{"channel", s.Channel},
		{"month", s.Month + " (UTC)"},
		{"campaigns started", s.Campaigns.Started},
		{"campaigns finished", s.Campaigns.Finished},
		{"delivered", fmt.Sprintf("%d (accepted by the provider)", s.Recipients.Delivered)},
		{"failed", s.Recipients.Failed},
		{"unknown", s.Recipients.Unknown},
		{"suppressed", s.Recipients.Suppressed},
		{"expired", s.Recipients.Expired},
		{"cancelled", s.Recipients.Cancelled},
		{"requests", s.Requests},
	})
}

func printUsage(w io.Writer, u api.Usage) error {
	return printLines(w, []line{
		{"channel", u.Channel},
		{"month", u.Month + " (UTC+9)"},
		{"delivered", fmt.Sprintf("%d (billed, but for users who have blocked the account)", u.Delivered)},
		{"unknown", fmt.Sprintf("%d (may be billed)", u.Unknown)},
	})
}

// line is a name and a value.
type line struct {
	name  string
	value any
}

func printLines(w io.Writer, lines []line) error {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, l := range lines {
		fmt.Fprintf(table, "%s\t%v\n", l.name, l.value)
	}
	return table.Flush()
}
