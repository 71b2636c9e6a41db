package console

import (
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

func newWebhook(t Terminal) *cobra.Command {
	r := &remote{terminal: t}
	cmd := &cobra.Command{Use: "webhook", Short: "Add, list, show, remove and test webhooks: endpoints that are told what happens to campaigns"}
	r.flags(cmd)
	cmd.AddCommand(newWebhookAdd(r), newWebhookList(r), newWebhookShow(r), newWebhookRemove(r), newWebhookTest(r))
	group(cmd, t)
	return cmd
}

func newWebhookAdd(r *remote) *cobra.Command {
	n := api.NewWebhook{}
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Add or change a webhook; adding ends a pause", Args: exactly("NAME"),
		Example: "  hayauma webhook add crm --url https://crm.example/hayauma --secret-env CRM_SECRET --events campaign.finished,recipients.failed",
	}
	cmd.Flags().StringVar(&n.URL, "url", "", "where deliveries are posted to")
	cmd.Flags().StringSliceVar(&n.Events, "events", nil, "what it is told, joined by commas (default all)")
	cmd.Flags().StringVar(&n.Channel, "channel", "", "only campaigns of this channel (default all)")
	cmd.Flags().StringVar(&n.SecretEnv, "secret-env", "", "variable in the daemon's environment that holds the signing secret")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		n.Name = args[0]
		if err := errors.Join(given("url", n.URL), given("secret-env", n.SecretEnv)); err != nil {
			return err
		}
		return r.call(cmd.Context(), func(c *client.Client) error {
			w, err := c.AddWebhook(cmd.Context(), n)
			if err != nil {
				return err
			}
			return r.showWebhook(w, *asJSON)
		})
	}
	return cmd
}

func (r *remote) showWebhook(w api.Webhook, asJSON bool) error {
	if w.Warning != "" {
		fmt.Fprintln(r.terminal.Err, "warning: "+w.Warning)
	}
	if asJSON {
		return printJSON(r.terminal.Out, w)
	}
	return printWebhooks(r.terminal.Out, w)
}

func printWebhooks(out io.Writer, webhooks ...api.Webhook) error {
	t := newTable("NAME", "URL", "EVENTS", "CHANNEL", "SECRET", "DELIVERED", "GIVEN UP", "OLDEST", "STATE")
	for _, w := range webhooks {
		events := strings.Join(w.Events, ",")
		if events == "" {
			events = "all"
		}
		oldest := ""
		if w.Oldest != nil {
			oldest = w.Oldest.Format(time.RFC3339)
		}
		t.row(w.Name, w.URL, events, w.Channel, w.SecretEnv, w.Delivered, w.GivenUp, oldest, webhookState(w))
	}
	return t.print(out)
}

// webhookState is whether a webhook delivers, since when it doesn't, and why.
func webhookState(w api.Webhook) string {
	state := w.State
	if w.Reason == "" {
		return state
	}
	if w.Since != nil {
		state += " since " + w.Since.Format(time.RFC3339)
	}
	return state + " (" + w.Reason + ")"
}

func newWebhookList(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List webhooks", Args: exactly()}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return r.call(cmd.Context(), func(c *client.Client) error {
			webhooks, err := c.Webhooks(cmd.Context())
			switch {
			case err != nil:
				return err
			case !*asJSON:
				return printWebhooks(r.terminal.Out, webhooks...)
			}
			for _, w := range webhooks {
				if err := printJSON(r.terminal.Out, w); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return cmd
}

func newWebhookShow(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "show NAME", Short: "Show a webhook", Args: exactly("NAME")}
	return answers(r, cmd, r.showWebhook, func(ctx context.Context, c *client.Client, args []string) (api.Webhook, error) {
		return c.Webhook(ctx, args[0])
	})
}

func newWebhookRemove(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove a webhook, with what was not delivered", Args: exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.call(cmd.Context(), func(c *client.Client) error { return c.RemoveWebhook(cmd.Context(), args[0]) })
		},
	}
}

func newWebhookTest(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "test NAME", Short: "Make a test delivery; exit code 1 where it fails", Args: exactly("NAME")}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.call(cmd.Context(), func(c *client.Client) error {
			t, err := c.TestWebhook(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if *asJSON {
				err = printJSON(r.terminal.Out, t)
			} else if t.Delivered {
				fmt.Fprintf(r.terminal.Out, "delivered in %d ms: the endpoint answered %d\n", t.Took, t.Status)
			}
			if err == nil && !t.Delivered {
				err = failed(errors.New("not delivered: " + t.Error))
			}
			return err
		})
	}
	return cmd
}
