package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

func newRecipient(t Terminal) *cobra.Command {
	r := &remote{terminal: t}
	cmd := &cobra.Command{Use: "recipient", Short: "Show, set, import and export how users want to be written to: opt-outs, time zones, quiet hours"}
	r.flags(cmd)
	cmd.AddCommand(newRecipientShow(r), newRecipientSet(r), newRecipientReset(r), newRecipientImport(r), newRecipientExport(r))
	group(cmd, t)
	return cmd
}

func newRecipientShow(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "show CHANNEL USER", Short: "Show how a user wants to be written to", Args: exactly("CHANNEL", "USER")}
	return answers(r, cmd, r.showSettings, func(ctx context.Context, c *client.Client, args []string) (api.RecipientSettings, error) {
		return c.RecipientSettings(ctx, args[0], args[1])
	})
}

func (r *remote) showSettings(s api.RecipientSettings, asJSON bool) error {
	if asJSON {
		return printJSON(r.terminal.Out, s)
	}
	return printSettings(r.terminal.Out, s)
}

func printSettings(w io.Writer, s api.RecipientSettings) error {
	optOut := "no"
	if s.OptOut {
		optOut = "yes: nothing is sent"
	}
	lines := []line{
		{"user", printable(s.UserID)},
		{"opted out", optOut},
		{"opted out of topics", cmp.Or(printable(strings.Join(s.Topics, ", ")), "none")},
		{"time zone", cmp.Or(printable(s.TimeZone), "the campaign's")},
		{"quiet hours", cmp.Or(printable(s.QuietHours), "none")},
	}
	if s.Suppressed != nil {
		since := ""
		if s.Suppressed.At != nil {
			since = "since " + s.Suppressed.At.Format(time.RFC3339) + ": "
		}
		lines = append(lines, line{"suppressed", since + printable(s.Suppressed.Reason)})
	}
	return printLines(w, lines)
}

func newRecipientSet(r *remote) *cobra.Command {
	n := api.NewRecipientSettings{}
	cmd := &cobra.Command{
		Use: "set CHANNEL USER", Short: "Set how a user wants to be written to", Args: exactly("CHANNEL", "USER"),
		Long: "Give a user these settings and no others: what is not given is the default from now on. A suppression stays.\n" +
			"To change some settings of many users, use import.",
		Example: "  hayauma recipient set shop U00000000000000000000000000000001 --topics news,sale --time-zone Asia/Tokyo --quiet-hours 22:00-07:00",
	}
	cmd.Flags().BoolVar(&n.OptOut, "opt-out", false, "send nothing")
	cmd.Flags().StringSliceVar(&n.Topics, "topics", nil, "send nothing of these topics, joined by commas")
	cmd.Flags().StringVar(&n.TimeZone, "time-zone", "", "IANA name such as Asia/Tokyo")
	cmd.Flags().StringVar(&n.QuietHours, "quiet-hours", "", "hours in which nothing is sent, such as 22:00-07:00")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !n.OptOut && len(n.Topics) == 0 && n.TimeZone == "" && n.QuietHours == "" {
			return errors.New("no setting is given: --opt-out, --topics, --time-zone, --quiet-hours; to set a user back to the defaults use reset")
		}
		return r.call(cmd.Context(), func(c *client.Client) error {
			s, err := c.SetRecipientSettings(cmd.Context(), args[0], args[1], n)
			if err != nil {
				return err
			}
			return r.showSettings(s, *asJSON)
		})
	}
	return cmd
}

func newRecipientReset(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "reset CHANNEL USER", Short: "Set a user back to the defaults; a suppression ends too", Args: exactly("CHANNEL", "USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.call(cmd.Context(), func(c *client.Client) error { return c.ResetRecipientSettings(cmd.Context(), args[0], args[1]) })
		},
	}
}

func newRecipientImport(r *remote) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "import CHANNEL", Short: "Change settings of many users by a CSV or NDJSON file", Args: exactly("CHANNEL"),
		Long: "Change settings of the users in a file, .csv or .ndjson, with .gz behind it or not. It has user_id and any of opt_out (true or false),\n" +
			"topics (joined by |), time_zone and quiet_hours. An empty value is the default; what a row doesn't have stays as it is.\n" +
			"One bad line refuses the file. To import it again does no harm.",
		Example: "  hayauma recipient import shop --file settings.csv",
	}
	cmd.Flags().StringVarP(&path, "file", "f", "", "file to read")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := given("file", path); err != nil {
			return err
		}
		file, closer, err := client.OpenAudience(path)
		if err != nil {
			return err
		}
		defer closer.Close()
		return r.call(cmd.Context(), func(c *client.Client) error {
			rows, err := c.ImportRecipientSettings(cmd.Context(), args[0], file)
			switch {
			case err != nil:
				return err
			case *asJSON:
				return printJSON(r.terminal.Out, api.Imported{Rows: rows})
			}
			_, err = fmt.Fprintf(r.terminal.Out, "%s in force\n", plural(rows, "row"))
			return err
		})
	}
	return cmd
}

func newRecipientExport(r *remote) *cobra.Command {
	var output string
	cmd := &cobra.Command{Use: "export CHANNEL", Short: "Write the settings of all users who have any as NDJSON, which import reads", Args: exactly("CHANNEL")}
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write (default stdout)")
	cmd.Flags().Bool("json", true, "NDJSON, the only form")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.call(cmd.Context(), func(c *client.Client) error {
			body, err := c.ExportRecipientSettings(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer body.Close()
			return export(body, output, r.terminal.Out)
		})
	}
	return cmd
}
