package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

func newMessage(t Terminal) *cobra.Command {
	r := &remote{terminal: t}
	cmd := &cobra.Command{Use: "message", Short: "Send, show, cancel, list and import single messages, each to one user"}
	r.flags(cmd)
	cmd.AddCommand(newMessageSend(r), newMessageShow(r), newMessageCancel(r), newMessageList(r), newMessageImport(r))
	group(cmd, t)
	return cmd
}

func newMessageSend(r *remote) *cobra.Command {
	n := api.NewMessage{}
	var text, path string
	cmd := &cobra.Command{
		Use: "send CHANNEL USER", Short: "Send a message to one user, now or later", Args: exactly("CHANNEL", "USER"),
		Long: "Have a message accepted; `message show` says what becomes of it. Messages to one user go in the order of their times.\n" +
			"The same --key with the same content is the same message.",
		Example: "  hayauma message send shop U00000000000000000000000000000001 --text 'Your table is ready'\n" +
			"  hayauma message send shop U00000000000000000000000000000001 --messages reminder.json --at 2026-01-31T09:00 --zone Asia/Tokyo --key visit-17",
	}
	cmd.Flags().StringVar(&text, "text", "", "send this text")
	cmd.Flags().StringVar(&path, "messages", "", "file with a JSON array of 1 to 5 LINE message objects")
	cmd.Flags().StringVar(&n.At, "at", "", "when it goes: RFC 3339, or a local time such as 2026-01-31T09:00 with --zone (default now)")
	cmd.Flags().StringVar(&n.Zone, "zone", "", "IANA name such as Asia/Tokyo")
	cmd.Flags().StringVar(&n.ExpireAfter, "expire-after", "", "don't send it so late, such as 90m")
	cmd.Flags().StringVar(&n.Topic, "topic", "", "don't send it to who has opted out of this topic")
	cmd.Flags().BoolVar(&n.Urgent, "urgent", false, "quiet hours don't hold it")
	cmd.Flags().StringVar(&n.Key, "key", "", "tells it apart from the other messages to this user (default a new one)")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		n.To = args[1]
		if n.Messages, err = messageObjects(text, path); err != nil {
			return err
		}
		if n.Key == "" {
			n.Key = uuid.NewString()
		}
		return r.call(cmd.Context(), func(c *client.Client) error {
			a, err := c.SendMessage(cmd.Context(), args[0], n)
			switch {
			case err != nil:
				return err
			case *asJSON:
				return printJSON(r.terminal.Out, a)
			}
			_, err = fmt.Fprintf(r.terminal.Out, "%s %s\n", a.ID, a.State)
			return err
		})
	}
	return cmd
}

// messageObjects are those of a text or a file.
func messageObjects(text, path string) (json.RawMessage, error) {
	switch {
	case (text == "") == (path == ""):
		return nil, errors.New("give --text or --messages: one of them")
	case text != "":
		return json.Marshal([]map[string]string{{"type": "text", "text": text}})
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	if !json.Valid(raw) {
		return nil, fmt.Errorf("messages: %s is not JSON: write an array of 1 to 5 LINE message objects", path)
	}
	return raw, nil
}

func newMessageShow(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "show CHANNEL ID", Short: "Show what became of a message", Args: exactly("CHANNEL", "ID")}
	return answers(r, cmd, r.showMessage, func(ctx context.Context, c *client.Client, args []string) (api.Message, error) {
		return c.Message(ctx, args[0], args[1])
	})
}

func newMessageCancel(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "cancel CHANNEL ID", Short: "Cancel a message that was not tried", Args: exactly("CHANNEL", "ID")}
	return answers(r, cmd, r.showMessage, func(ctx context.Context, c *client.Client, args []string) (api.Message, error) {
		return c.CancelMessage(ctx, args[0], args[1])
	})
}

func (r *remote) showMessage(m api.Message, asJSON bool) error {
	if asJSON {
		return printJSON(r.terminal.Out, m)
	}
	return printMessages(r.terminal.Out, m)
}

func printMessages(w io.Writer, messages ...api.Message) error {
	t := newTable("ID", "TO", "DUE", "GOES", "STATE", "ATTEMPTS", "REQUEST", "ENDED", "REASON")
	for _, m := range messages {
		t.row(m.ID, m.To, when(m.Due), when(m.At), m.State, m.Attempts, m.Request, when(m.Ended), m.Reason)
	}
	return t.print(w)
}

func when(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

func newMessageList(r *remote) *cobra.Command {
	var state string
	cmd := &cobra.Command{Use: "list CHANNEL", Short: "List messages that have no outcome, or those of a state", Args: exactly("CHANNEL")}
	cmd.Flags().StringVar(&state, "state", "", "scheduled, pending or sending, or an outcome of the last day such as failed (default all that have none)")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.call(cmd.Context(), func(c *client.Client) error {
			var messages []api.Message
			for m, err := range c.Messages(cmd.Context(), args[0], state) {
				if err == nil && *asJSON {
					err = printJSON(r.terminal.Out, m)
				} else if err == nil {
					messages = append(messages, m)
				}
				if err != nil {
					return err
				}
			}
			if *asJSON {
				return nil
			}
			return printMessages(r.terminal.Out, messages...)
		})
	}
	return cmd
}

func newMessageImport(r *remote) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "import CHANNEL", Short: "Have many messages accepted by an NDJSON file", Args: exactly("CHANNEL"),
		Long: "Have the messages in a file accepted, .ndjson, with .gz behind it or not: an object a line with to, messages and key, and any of at, zone,\n" +
			"expire_after, topic and urgent. One bad line refuses the file. To import it again does no harm.",
		Example: "  hayauma message import shop --file reminders.ndjson",
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
		if file.Type != "application/x-ndjson" {
			return fmt.Errorf("%s: messages are imported from .ndjson, with .gz behind it where it is compressed", path)
		}
		return r.call(cmd.Context(), func(c *client.Client) error {
			s, err := c.ImportMessages(cmd.Context(), args[0], file)
			switch {
			case err != nil:
				return err
			case *asJSON:
				return printJSON(r.terminal.Out, s)
			}
			_, err = fmt.Fprintf(r.terminal.Out, "%s accepted, %d of them before\n", plural(s.Accepted+s.Repeated, "message"), s.Repeated)
			return err
		})
	}
	return cmd
}
