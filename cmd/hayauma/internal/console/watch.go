package console

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hayauma.example/actors"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

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
		n    uint64
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
