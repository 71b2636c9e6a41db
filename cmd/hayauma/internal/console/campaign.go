package console

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

func newCampaign(t Terminal) *cobra.Command {
	r := &remote{terminal: t}
	cmd := &cobra.Command{
		Use: "campaign", Short: "Submit and follow campaigns",
		Long: "Submit and follow campaigns.\n\nStates of recipients: delivered means that the provider accepted the message (LINE gives no receipt);\nunknown means that it may have been accepted, and is never sent again by itself.",
	}
	r.flags(cmd)
	cmd.AddCommand(newSubmit(r), newCampaignList(r), newCampaignShow(r), newCampaignWatch(r), newCampaignExport(r), newCampaignWhy(r),
		r.order("pause", "Start no more provider calls for a campaign"),
		r.order("resume", "Go on where the pause stopped it"),
		r.order("cancel", "Send nothing more; what is in flight becomes unknown"))
	return cmd
}

// oneCampaign is a command that ends with one campaign shown.
func (r *remote) oneCampaign(use, short string, do func(ctx context.Context, c *client.Client, id string) (api.Campaign, error)) *cobra.Command {
	cmd := &cobra.Command{Use: use + " ID", Short: short, Args: cobra.ExactArgs(1)}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.call(func(c *client.Client) error {
			info, err := do(cmd.Context(), c, args[0])
			switch {
			case err != nil:
				return err
			case *asJSON:
				return printJSON(r.terminal.Out, info)
			}
			return printCampaign(r.terminal.Out, info)
		})
	}
	return cmd
}

func newCampaignShow(r *remote) *cobra.Command {
	return r.oneCampaign("show", "Show a campaign", func(ctx context.Context, c *client.Client, id string) (api.Campaign, error) {
		return c.Campaign(ctx, id)
	})
}

func (r *remote) order(command, short string) *cobra.Command {
	return r.oneCampaign(command, short, func(ctx context.Context, c *client.Client, id string) (api.Campaign, error) {
		return c.Order(ctx, id, command)
	})
}

func printCampaign(w io.Writer, info api.Campaign) error {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	line := func(name string, value any) { fmt.Fprintf(table, "%s\t%v\n", name, value) }
	line("id", info.ID)
	line("name", info.Name)
	line("channel", info.Channel)
	line("state", info.State)
	if info.Reason != "" {
		line("reason", info.Reason)
	}
	line("mode", orDash(info.Mode))
	line("audience", fmt.Sprintf("%s, %s dropped", plural(info.Rows, "row"), plural(info.Duplicates, "duplicate")))
	line("accepted", info.Accepted)
	line("  delivered", fmt.Sprintf("%d (accepted by the provider)", info.Delivered))
	line("  failed", info.Failed)
	line("  unknown", info.Unknown)
	line("  suppressed", info.Suppressed)
	line("  expired", info.Expired)
	line("  cancelled", info.Cancelled)
	line("  pending", info.Pending)
	for _, at := range []struct {
		name string
		t    *time.Time
	}{{"accepted at", info.AcceptedAt}, {"due", info.Due}, {"started at", info.StartedAt}, {"finished at", info.FinishedAt}} {
		if at.t != nil {
			line(at.name, at.t.Format(time.RFC3339Nano))
		}
	}
	return table.Flush()
}

func newCampaignList(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List campaigns", Args: cobra.NoArgs}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return r.call(func(c *client.Client) error {
			if *asJSON {
				return eachCampaign(cmd.Context(), c, func(info api.Campaign) error { return printJSON(r.terminal.Out, info) })
			}
			table := tabwriter.NewWriter(r.terminal.Out, 0, 8, 2, ' ', 0)
			fmt.Fprintln(table, "ID\tNAME\tCHANNEL\tSTATE\tACCEPTED\tDELIVERED\tFAILED\tUNKNOWN\tPENDING")
			err := eachCampaign(cmd.Context(), c, func(i api.Campaign) error {
				_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n", i.ID, i.Name, i.Channel, i.State, i.Accepted, i.Delivered, i.Failed, i.Unknown, i.Pending)
				return err
			})
			if err != nil {
				return err
			}
			return table.Flush()
		})
	}
	return cmd
}

func eachCampaign(ctx context.Context, c *client.Client, do func(api.Campaign) error) error {
	for info, err := range c.Campaigns(ctx) {
		if err != nil {
			return err
		}
		if err := do(info); err != nil {
			return err
		}
	}
	return nil
}

func newCampaignWatch(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "watch ID", Short: "Follow a campaign until it ends", Args: cobra.ExactArgs(1)}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.call(func(c *client.Client) error {
			_, err := c.Follow(cmd.Context(), args[0], followPatience, func(info api.Campaign) {
				if *asJSON {
					_ = printJSON(r.terminal.Out, info)
					return
				}
				fmt.Fprintln(r.terminal.Out, summary(info))
			})
			return err
		})
	}
	return cmd
}

// followPatience is how long a watched daemon may be away.
const followPatience = time.Minute

func summary(i api.Campaign) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%-9s  %d of %d settled: delivered %d, failed %d, unknown %d", i.State, i.Accepted-i.Pending, i.Accepted, i.Delivered, i.Failed, i.Unknown)
	for _, other := range []struct {
		name string
		n    uint32
	}{{"suppressed", i.Suppressed}, {"expired", i.Expired}, {"cancelled", i.Cancelled}} {
		if other.n > 0 {
			fmt.Fprintf(&text, ", %s %d", other.name, other.n)
		}
	}
	if i.Reason != "" {
		text.WriteString(" (" + i.Reason + ")")
	}
	return text.String()
}

func newCampaignExport(r *remote) *cobra.Command {
	var state, output string
	cmd := &cobra.Command{Use: "export ID", Short: "Write a campaign's recipients as NDJSON", Args: cobra.ExactArgs(1)}
	cmd.Flags().StringVar(&state, "state", "", "only recipients in this state")
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write (default stdout)")
	cmd.Flags().Bool("json", true, "NDJSON, the only form")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.call(func(c *client.Client) error {
			body, err := c.Recipients(cmd.Context(), args[0], state)
			if err != nil {
				return err
			}
			defer body.Close()
			return export(body, output, r.terminal.Out)
		})
	}
	return cmd
}

func export(body io.Reader, path string, stdout io.Writer) (err error) {
	to := stdout
	if path != "" {
		f, err := os.Create(path)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		defer func() {
			if e := f.Close(); err == nil {
				err = e
			}
		}()
		to = f
	}
	if _, err := io.Copy(to, body); err != nil {
		return fmt.Errorf("the export broke off and is incomplete: %w; run it again", err)
	}
	return nil
}

func newCampaignWhy(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "why ID USER", Short: "Tell what became of one recipient", Args: cobra.ExactArgs(2)}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.call(func(c *client.Client) error {
			w, err := c.Why(cmd.Context(), args[0], args[1])
			switch {
			case err != nil:
				return err
			case *asJSON:
				return printJSON(r.terminal.Out, w)
			}
			return printWhy(r.terminal.Out, w)
		})
	}
	return cmd
}

func printWhy(w io.Writer, why api.Why) error {
	fmt.Fprintf(w, "%s is %s\n", why.UserID, why.State)
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, e := range why.Entries {
		fmt.Fprintf(table, "%s\t%s\twindow %d\tpath %s\t%s\t%s\t%s\n", e.At, e.Event, e.Window, e.Path, e.State, e.Reason, e.Request)
	}
	return table.Flush()
}
