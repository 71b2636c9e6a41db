package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
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
	cmd.AddCommand(newSubmit(r), newCampaignList(r), newCampaignShow(r), newCampaignWatch(r), newCampaignExport(r), newCampaignWhy(r), newExplain(r),
		r.order("pause", "Start no more provider calls for a campaign"),
		newCampaignResume(r), newCampaignSet(r),
		r.order("cancel", "Send nothing more; what is in flight becomes unknown"), newCampaignRedrive(r))
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
	return r.ordered(command, short, func(ctx context.Context, c *client.Client, id string) (api.Campaign, error) {
		return c.Order(ctx, id, command)
	})
}

// ordered is a command that gives a campaign an order and tells what it has done.
func (r *remote) ordered(command, short string, give func(ctx context.Context, c *client.Client, id string) (api.Campaign, error)) *cobra.Command {
	cmd := &cobra.Command{Use: command + " ID", Short: short, Args: exactly("ID")}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.onCampaign(cmd.Context(), args[0], func(c *client.Client, id string) error {
			info, err := give(cmd.Context(), c, id)
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

func newCampaignResume(r *remote) *cobra.Command {
	var quota string
	cmd := r.ordered("resume", "Go on where the pause stopped it, or look again whether the month's quota suffices",
		func(ctx context.Context, c *client.Client, id string) (api.Campaign, error) {
			if quota != "" && quota != api.QuotaIgnore {
				return api.Campaign{}, fmt.Errorf("--quota %q is unknown: %s is the only word", quota, api.QuotaIgnore)
			}
			return c.ResumeCampaign(ctx, id, quota)
		})
	cmd.Flags().StringVar(&quota, "quota", "", "ignore: send as far as the month's quota goes, though it does not suffice for all recipients")
	return cmd
}

func newCampaignSet(r *remote) *cobra.Command {
	var (
		rank api.Rank
		cmd  *cobra.Command
	)
	cmd = r.ordered("set", "Change a campaign's priority and weight beside others of its channel",
		func(ctx context.Context, c *client.Client, id string) (api.Campaign, error) {
			switch {
			case rank == api.Rank{} && !cmd.Flags().Changed("weight"):
				return api.Campaign{}, errors.New("nothing to set: give --priority, --weight or both")
			case !actors.Priority(rank.Priority).Known():
				return api.Campaign{}, fmt.Errorf("--priority %q is none: high, normal or low", rank.Priority)
			case cmd.Flags().Changed("weight") && (rank.Weight < 1 || rank.Weight > actors.MaxWeight):
				return api.Campaign{}, fmt.Errorf("--weight %d is not from 1 to %d", rank.Weight, actors.MaxWeight)
			}
			return c.RankCampaign(ctx, id, rank)
		})
	cmd.Example = "  hayauma campaign set 0190a2b4 --priority high --weight 20"
	cmd.Flags().StringVar(&rank.Priority, "priority", "", "high, normal or low: while calls of a higher one wait, none of a lower one start")
	cmd.Flags().IntVar(&rank.Weight, "weight", 0, fmt.Sprintf("1 to %d: campaigns of one priority share the channel's limits in proportion", actors.MaxWeight))
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
	case command == "set":
		return fmt.Sprintf("priority %s, weight %d; see: %s", info.Priority, info.Weight, next("show"))
	case command == "pause":
		return "paused: no more provider calls start; go on with: " + next("resume")
	case info.State == string(actors.StatePaused) && strings.HasPrefix(info.Reason, "channel paused"):
		return "resumed, but still paused: " + info.Reason + "; it looks each minute whether that is over, and at: hayauma channel resume " + info.Channel
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
	if info.Series != "" {
		line("series", info.Series)
	}
	if info.Recurrence == nil {
		line("mode", orDash(info.Mode))
		if info.Plan != nil {
			line("plan", planned(*info.Plan))
		}
		line("generation", info.Generation)
	}
	line("priority", fmt.Sprintf("%s, weight %d", info.Priority, info.Weight))
	line("audience", fmt.Sprintf("%s, %s dropped", plural(info.Rows, "row"), plural(info.Duplicates, "duplicate")))
	line("accepted", info.Accepted)
	line("  delivered", fmt.Sprintf("%d (accepted by the provider)", info.Delivered))
	line("  failed", info.Failed)
	line("  unknown", info.Unknown)
	line("  suppressed", info.Suppressed)
	line("  expired", info.Expired)
	line("  cancelled", info.Cancelled)
	line("  pending", info.Pending)
	printVariants(line, info)
	if info.Topic != "" {
		line("topic", info.Topic)
	}
	if info.Schedule != nil {
		line("schedule", scheduled(*info.Schedule))
	}
	for _, at := range []struct {
		name string
		t    *time.Time
	}{{"accepted at", info.AcceptedAt}, {"due", info.Due}, {"started at", info.StartedAt}, {"finished at", info.FinishedAt},
		{"forgotten at", info.ForgottenAt}} {
		if at.t != nil {
			line(at.name, at.t.Format(time.RFC3339Nano))
		}
	}
	if info.Recurrence != nil {
		printRecurrence(line, info.Recurrence)
	}
	return table.Flush()
}

// scheduled is a schedule in a line, as a campaign file has it.
func scheduled(s api.Schedule) string {
	var members []string
	for _, m := range []struct{ name, value string }{
		{"at", s.At}, {"cron", s.Cron}, {"until", s.Until}, {"overlap", s.Overlap}, {"hours", s.Hours}, {"zone", s.Zone}, {"after", s.After},
		{"expire_after", s.ExpireAfter}, {"zone_column", s.ZoneColumn},
	} {
		if m.value != "" {
			members = append(members, m.name+": "+m.value)
		}
	}
	if s.LocalTime {
		members = append(members, "local_time: true")
	}
	return strings.Join(members, ", ")
}

func printVariants(line func(string, any), info api.Campaign) {
	if info.Experiment != "" {
		line("experiment", info.Experiment)
	}
	for _, v := range info.Variants {
		var text strings.Builder
		fmt.Fprintf(&text, "weight %d: delivered %d of %d, failed %d, unknown %d", v.Weight, v.Delivered, v.Recipients, v.Failed, v.Unknown)
		for _, other := range []struct {
			name string
			n    uint64
		}{{"suppressed", v.Suppressed}, {"expired", v.Expired}, {"cancelled", v.Cancelled}, {"pending", v.Pending}} {
			if other.n > 0 {
				fmt.Fprintf(&text, ", %s %d", other.name, other.n)
			}
		}
		line("variant "+v.Name, text.String())
	}
}

// shownOccurrences are listed of a series; the list with --series has all.
const shownOccurrences = 10

func printRecurrence(line func(string, any), r *api.Recurrence) {
	line("occurrences", fmt.Sprintf("%d begun, %d over, %d left out", r.Begun, r.Over, r.Skipped))
	if r.Next != nil {
		line("next", r.Next.Format(time.RFC3339))
	}
	for _, o := range r.Occurrences[:min(len(r.Occurrences), shownOccurrences)] {
		due := ""
		if o.Due != nil {
			due = o.Due.Format(time.RFC3339)
		}
		line("  "+due, fmt.Sprintf("%s  %s: delivered %d of %d, failed %d, unknown %d", o.Campaign, o.State, o.Delivered, o.Accepted, o.Failed, o.Unknown))
	}
}

// planned is a plan in a line.
func planned(p api.CampaignPlan) string {
	text := calls(p.Pushes, p.Multicasts, p.MulticastRecipients)
	if p.SecondsAtLeast != nil {
		text += ", at least " + seconds(*p.SecondsAtLeast)
	}
	if p.LastDue != nil {
		text += ", the last due at " + p.LastDue.Format(time.RFC3339)
	}
	return text + fmt.Sprintf(", %d of the quota", p.QuotaNeeded)
}

func newCampaignList(r *remote) *cobra.Command {
	var f client.Filter
	cmd := &cobra.Command{Use: "list", Short: "List campaigns, the newest first", Args: exactly()}
	cmd.Flags().StringVar(&f.State, "state", "", "only campaigns in this state: "+strings.Join(campaignStates(), ", "))
	cmd.Flags().StringVar(&f.Channel, "channel", "", "only campaigns of this channel")
	cmd.Flags().StringVar(&f.Series, "series", "", "only occurrences of this campaign")
	all := cmd.Flags().Bool("all", false, "also the occurrences of campaigns that recur, and the steps of sequences")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if f.State != "" && !slices.Contains(campaignStates(), f.State) {
			return fmt.Errorf("--state %q is none of a campaign's: %s", f.State, strings.Join(campaignStates(), ", "))
		}
		return r.call(cmd.Context(), func(c *client.Client) error {
			if f.Series != "" {
				id, err := c.CampaignID(cmd.Context(), f.Series)
				if err != nil {
					return err
				}
				f.Series = id
			}
			list, err := newestFirst(c.Campaigns(cmd.Context(), f))
			if !*all && f.Series == "" {
				list = slices.DeleteFunc(list, func(i api.Campaign) bool { return i.Series != "" })
			}
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
	t := newTable("ID", "ACCEPTED", "STATE", "NAME", "RECIPIENTS", "DELIVERED", "FAILED", "UNKNOWN", "PENDING", "WAITING", "TOPIC", "SCHEDULE")
	for _, i := range list {
		accepted := ""
		if i.AcceptedAt != nil {
			accepted = i.AcceptedAt.Local().Format("2006-01-02 15:04")
		}
		schedule := ""
		if i.Schedule != nil {
			schedule = scheduled(*i.Schedule)
		}
		t.row(i.ID[:min(short, len(i.ID))], accepted, i.State, shorten(i.Name, listedName), i.Accepted, i.Delivered, i.Failed, i.Unknown, i.Pending,
			i.Waiting, shorten(i.Topic, listedName), schedule)
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
