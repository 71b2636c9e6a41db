package console

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"hayauma.example/actors"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

func newCampaignRedrive(r *remote) *cobra.Command {
	var what api.Redrive
	cmd := &cobra.Command{
		Use: "redrive ID", Short: "Send again to recipients who failed or are unknown", Args: exactly("ID"),
		Long: "Send again to recipients who failed or are unknown, in a new generation; a finished campaign runs again. Recipients whose\n" +
			"message can't be rendered are left out. Unknown recipients may have received the message already, and may receive it twice.",
	}
	cmd.Flags().StringVar(&what.State, "state", "", "who is sent to again: failed or unknown")
	cmd.Flags().BoolVar(&what.Acknowledge, "acknowledge-duplicates", false, "unknown recipients may receive the message twice")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := redrivable(what); err != nil {
			return err
		}
		return r.onCampaign(cmd.Context(), args[0], func(c *client.Client, id string) error {
			done, err := c.Redrive(cmd.Context(), id, what)
			switch {
			case err != nil:
				return err
			case *asJSON:
				return printJSON(r.terminal.Out, done)
			}
			_, err = fmt.Fprintln(r.terminal.Out, redriven(what, done))
			return err
		})
	}
	return cmd
}

func redrivable(what api.Redrive) error {
	switch {
	case what.State != actors.Failed.String() && what.State != actors.Unknown.String():
		return fmt.Errorf("--state %q can't be redriven: give failed or unknown", what.State)
	case what.State == actors.Unknown.String() && !what.Acknowledge:
		return errors.New("unknown recipients may have received the message already, and may receive it twice: " +
			"if they may, add --acknowledge-duplicates")
	}
	return nil
}

// redriven says what came of the order and what to do next.
func redriven(what api.Redrive, done api.Redriven) string {
	left := ""
	if done.LeftOut > 0 {
		left = fmt.Sprintf("; %s left out: the message can't be rendered", plural(done.LeftOut, "recipient"))
	}
	info := done.Campaign
	switch {
	case done.Recipients == 0:
		return "nobody is " + what.State + " who could be sent to again" + left
	case info.State == string(actors.StatePaused):
		return fmt.Sprintf("%s again%s; but it is paused: %s", plural(done.Recipients, "recipient"), left, info.Reason)
	}
	return fmt.Sprintf("%s again, generation %d%s; follow it with: hayauma campaign watch %s",
		plural(done.Recipients, "recipient"), info.Generation, left, info.ID)
}
