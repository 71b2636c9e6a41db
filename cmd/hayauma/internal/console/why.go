package console

import (
	"cmp"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

func newCampaignWhy(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "why ID USER", Short: "Tell what became of one recipient", Args: exactly("ID", "USER")}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.onCampaign(cmd.Context(), args[0], func(c *client.Client, id string) error {
			w, err := c.Why(cmd.Context(), id, args[1])
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

// eventWords are the recorded facts in plain words.
var eventWords = map[string]string{
	"planned":  "planned",
	"settled":  "settled",
	"split":    "request split in two",
	"returned": "given back untried",
	"redriven": "sent again with the same key",
	"directed": "decided by the campaign",
}

func printWhy(w io.Writer, why api.Why) error {
	fmt.Fprintf(w, "%s is %s\n", why.UserID, why.State)
	if len(why.Entries) == 0 {
		_, err := fmt.Fprintln(w, "nothing is recorded about it yet")
		return err
	}
	t := newTable("TIME", "WHAT", "STATE", "WINDOW", "RECIPIENTS", "REASON", "PROVIDER'S REQUEST ID")
	for _, e := range why.Entries {
		window := ""
		if e.Window > 0 {
			window = fmt.Sprint(e.Window)
		}
		t.row(e.At, cmp.Or(eventWords[e.Event], e.Event), e.State, window, e.Path, e.Reason, e.Request)
	}
	return t.print(w)
}
