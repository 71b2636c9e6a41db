package console

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

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
	"reopened": "redriven by the operator",
	"settled":  "settled",
	"split":    "request split in two",
	"returned": "given back untried",
	"redriven": "sent again with the same key",
	"directed": "decided by the campaign",
	"deferred": "waits for the end of quiet hours",
}

func printWhy(w io.Writer, why api.Why) error {
	fmt.Fprintf(w, "%s is %s\n", why.UserID, why.State)
	if why.TraceID != "" {
		fmt.Fprintln(w, "trace of the campaign: "+why.TraceID)
	}
	if why.Variant != "" {
		fmt.Fprintf(w, "it gets the variant %s\n", why.Variant)
	}
	if why.Due != nil {
		fmt.Fprintf(w, "its time comes at %s\n", why.Due.Format(time.RFC3339))
	}
	if len(why.Entries) == 0 {
		_, err := fmt.Fprintln(w, "nothing is recorded about it yet")
		return err
	}
	redriven := slices.ContainsFunc(why.Entries, func(e api.WhyEntry) bool { return e.Generation > 0 })
	t := newTable("TIME", "WHAT", "STATE", "GENERATION", "WINDOW", "RECIPIENTS", "REASON", "PROVIDER'S REQUEST ID")
	for _, e := range why.Entries {
		if e.Until != nil {
			e.At, e.Reason = "now", "deferred until "+e.Until.Format(time.RFC3339)
		}
		window, generation := "", ""
		if redriven {
			generation = fmt.Sprint(e.Generation)
		}
		if e.Window > 0 {
			window = fmt.Sprint(e.Window)
		}
		t.row(e.At, cmp.Or(eventWords[e.Event], e.Event), e.State, generation, window, e.Path, e.Reason, e.Request)
	}
	return t.print(w)
}
