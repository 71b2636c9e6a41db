package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hayauma.example/actors"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

func newCampaign(t Terminal) *cobra.Command {
	r := &remote{terminal: t}
	cmd := &cobra.Command{
		Use: "campaign", Short: "Submit and follow campaigns",
		Long: "Submit and follow campaigns. Instead of an ID its first characters do, 8 or more, where they are no other's.\n\n" +
			"States of recipients: delivered means that the provider accepted the message (LINE gives no receipt);\n" +
			"unknown means that it may have been accepted, and is never sent again by itself.",
	}
	r.flags(cmd)
	cmd.AddCommand(newSubmit(r), newCampaignList(r), newCampaignShow(r), newCampaignWatch(r), newCampaignExport(r), newCampaignWhy(r),
		r.order("pause", "Start no more provider calls for a campaign"),
		r.order("resume", "Go on where the pause stopped it"),
		r.order("cancel", "Send nothing more; what is in flight becomes unknown"))
	group(cmd, t)
	return cmd
}

// onCampaign calls f with the id that the first characters of one stand for.
func (r *remote) onCampaign(ctx context.Context, text string, f func(c *client.Client, id string) error) error {
	return r.call(ctx, func(c *client.Client) error {
		id, err := c.CampaignID(ctx, text)
		if err != nil {
			return err
		}
		return f(c, id)
	})
}

func newCampaignShow(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "show ID", Short: "Show a campaign", Args: exactly("ID")}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.onCampaign(cmd.Context(), args[0], func(c *client.Client, id string) error {
			info, err := c.Campaign(cmd.Context(), id)
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

func (r *remote) order(command, short string) *cobra.Command {
	cmd := &cobra.Command{Use: command + " ID", Short: short, Args: exactly("ID")}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.onCampaign(cmd.Context(), args[0], func(c *client.Client, id string) error {
			info, err := c.Order(cmd.Context(), id, command)
			switch {
			case err != nil:
				return err
			case *asJSON:
				return printJSON(r.terminal.Out, info)
			}
			_, err = fmt.Fprintln(r.terminal.Out, obeyed(command, info))
			return err
		})
	}
	return cmd
}

// obeyed says what an order has done and what to do next.
func obeyed(command string, info api.Campaign) string {
	next := func(command string) string { return "hayauma campaign " + command + " " + info.ID }
	switch {
	case info.Final():
		return info.State + "; see: " + next("show")
	case command == "cancel":
		return "cancelling: no more provider calls start; follow it with: " + next("watch")
	case command == "pause":
		return "paused: no more provider calls start; go on with: " + next("resume")
	case info.State == string(actors.StatePaused):
		return "resumed, but still paused: " + info.Reason
	}
	return "resumed: " + info.State + "; follow it with: " + next("watch")
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
	if info.Waiting != "" {
		line("waiting", info.Waiting)
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
	var f client.Filter
	cmd := &cobra.Command{Use: "list", Short: "List campaigns, the newest first", Args: exactly()}
	cmd.Flags().StringVar(&f.State, "state", "", "only campaigns in this state: "+strings.Join(campaignStates(), ", "))
	cmd.Flags().StringVar(&f.Channel, "channel", "", "only campaigns of this channel")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if f.State != "" && !slices.Contains(campaignStates(), f.State) {
			return fmt.Errorf("--state %q is none of a campaign's: %s", f.State, strings.Join(campaignStates(), ", "))
		}
		return r.call(cmd.Context(), func(c *client.Client) error {
			list, err := newestFirst(c.Campaigns(cmd.Context(), f))
			switch {
			case err != nil:
				return err
			case !*asJSON:
				return printCampaigns(r.terminal.Out, list)
			}
			for _, info := range list {
				if err := printJSON(r.terminal.Out, info); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return cmd
}

// campaignStates are those that a list can be narrowed to.
func campaignStates() []string {
	return []string{
		string(actors.StateAccepted), string(actors.StateScheduled), string(actors.StateRunning), string(actors.StatePaused),
		string(actors.StateFinished), string(actors.StateCancelled), string(actors.StateExpired),
	}
}

// newestFirst holds all campaigns: they are few beside their recipients.
func newestFirst(campaigns iter.Seq2[api.Campaign, error]) ([]api.Campaign, error) {
	var list []api.Campaign
	for info, err := range campaigns {
		if err != nil {
			return nil, err
		}
		list = append(list, info)
	}
	at := func(c api.Campaign) time.Time {
		if c.AcceptedAt == nil {
			return time.Time{}
		}
		return *c.AcceptedAt
	}
	slices.SortStableFunc(list, func(a, b api.Campaign) int { return at(b).Compare(at(a)) })
	return list, nil
}

const listedName = 24 // places of a terminal for a name in the list

func printCampaigns(w io.Writer, list []api.Campaign) error {
	short := shortest(list)
	t := newTable("ID", "ACCEPTED", "STATE", "NAME", "RECIPIENTS", "DELIVERED", "FAILED", "UNKNOWN", "PENDING", "WAITING")
	for _, i := range list {
		accepted := ""
		if i.AcceptedAt != nil {
			accepted = i.AcceptedAt.Local().Format("2006-01-02 15:04")
		}
		t.row(i.ID[:min(short, len(i.ID))], accepted, i.State, shorten(i.Name, listedName), i.Accepted, i.Delivered, i.Failed, i.Unknown, i.Pending, i.Waiting)
	}
	return t.print(w)
}

// shortest is how many characters tell the ids of a list apart, 8 or more.
func shortest(list []api.Campaign) int {
	ids := make([]string, len(list))
	for i, info := range list {
		ids[i] = info.ID
	}
	slices.Sort(ids)
	n := client.LeastPrefix
	for i := 1; i < len(ids); i++ {
		for n < len(ids[i]) && n < len(ids[i-1]) && ids[i][:n] == ids[i-1][:n] {
			n++
		}
	}
	return n
}

func newCampaignWatch(r *remote) *cobra.Command {
	cmd := &cobra.Command{
		Use: "watch ID", Short: "Follow a campaign until it ends", Args: exactly("ID"),
		Long: "Follow a campaign until it ends. Exit 0: finished without failed or unknown recipients; " +
			"1: it ended otherwise; 2: refused, or\nno answer from the daemon.",
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.onCampaign(cmd.Context(), args[0], func(c *client.Client, id string) error {
			info, err := c.Follow(cmd.Context(), id, followPatience, func(info api.Campaign) {
				if *asJSON {
					_ = printJSON(r.terminal.Out, info)
					return
				}
				fmt.Fprintln(r.terminal.Out, summary(info))
			})
			switch {
			case cmd.Context().Err() != nil:
				return letGo(id)
			case err != nil:
				return err
			}
			return ended(info)
		})
	}
	return cmd
}

// ended is the exit code of a command that has waited for a campaign.
func ended(info api.Campaign) error {
	if info.State != string(actors.StateFinished) || info.Failed > 0 || info.Unknown > 0 {
		return failed(nil)
	}
	return nil
}

// letGo is the end of a command that was interrupted while it followed a campaign.
func letGo(id string) error {
	return failure{code: exitInterrupted, err: errors.New("interrupted: the campaign goes on; follow it with hayauma campaign watch " + id)}
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
	if i.Waiting != "" {
		text.WriteString("; it waits: " + i.Waiting)
	}
	return text.String()
}

func newCampaignExport(r *remote) *cobra.Command {
	var state, output string
	cmd := &cobra.Command{Use: "export ID", Short: "Write a campaign's recipients as NDJSON", Args: exactly("ID")}
	cmd.Flags().StringVar(&state, "state", "", "only recipients in this state")
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write (default stdout)")
	cmd.Flags().Bool("json", true, "NDJSON, the only form")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.onCampaign(cmd.Context(), args[0], func(c *client.Client, id string) error {
			body, err := c.Recipients(cmd.Context(), id, state)
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
