package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hayauma.example/actors"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

func newChannel(t Terminal) *cobra.Command {
	r := &remote{terminal: t}
	cmd := &cobra.Command{Use: "channel", Short: "Add, list, show, remove and resume channels (LINE Official Accounts), and their figures by month"}
	r.flags(cmd)
	cmd.AddCommand(newChannelAdd(r), newChannelList(r), newChannelShow(r), newChannelRemove(r), newChannelResume(r), newChannelStats(r), newChannelUsage(r))
	group(cmd, t)
	return cmd
}

func newChannelAdd(r *remote) *cobra.Command {
	n := api.NewChannel{}
	var limits string
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Add or change a channel", Args: exactly("NAME"),
		Example: "  hayauma channel add shop --provider line --endpoint https://api.line.me --token-env SHOP_TOKEN",
	}
	cmd.Flags().StringVar(&n.Provider, "provider", "line", "who delivers: line")
	cmd.Flags().StringVar(&n.Endpoint, "endpoint", "", "base URL without /v2/bot")
	cmd.Flags().StringVar(&n.TokenEnv, "token-env", "", "variable in the daemon's environment that holds the channel access token")
	cmd.Flags().StringVar(&limits, "limits", "line", "line, off, or push=N,multicast=N in calls a second")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		n.Name = args[0]
		if err := errors.Join(given("endpoint", n.Endpoint), given("token-env", n.TokenEnv)); err != nil {
			return err
		}
		if n.Provider != "line" {
			return fmt.Errorf("--provider %q is unknown: line is the only one", n.Provider)
		}
		if n.Limits, err = parseLimits(limits); err != nil {
			return err
		}
		return r.call(cmd.Context(), func(c *client.Client) error {
			ch, err := c.AddChannel(cmd.Context(), n)
			if err != nil {
				return err
			}
			return r.showChannel(ch, *asJSON)
		})
	}
	return cmd
}

func given(flag, value string) error {
	if value == "" {
		return fmt.Errorf("--%s is missing", flag)
	}
	return nil
}

// parseLimits reads line (nil: the daemon's default), off, or push=N,multicast=N; an endpoint that is left out keeps LINE's limit.
func parseLimits(text string) (*api.Limits, error) {
	switch text {
	case "line":
		return nil, nil
	case "off":
		return &api.Limits{}, nil
	}
	limits := api.Limits(actors.LINELimits)
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("--limits %q: %q is not push=N or multicast=N with N calls a second; line and off are possible too", text, part)
		}
		switch name {
		case "push":
			limits.Push = n
		case "multicast":
			limits.Multicast = n
		default:
			return nil, fmt.Errorf("--limits %q: %q is no endpoint: push, multicast", text, name)
		}
	}
	return &limits, nil
}

func (r *remote) showChannel(ch api.Channel, asJSON bool) error {
	if ch.Warning != "" {
		fmt.Fprintln(r.terminal.Err, "warning: "+ch.Warning)
	}
	if asJSON {
		return printJSON(r.terminal.Out, ch)
	}
	if err := printChannels(r.terminal.Out, ch); err != nil {
		return err
	}
	return printMore(r.terminal.Out, ch)
}

// printMore shows what a list has no room for.
func printMore(w io.Writer, ch api.Channel) error {
	for _, line := range []string{quotaLine(ch.Quota), breakerLine(ch.Breaker)} {
		if line == "" {
			continue
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

func quotaLine(q *api.Quota) string {
	if q == nil {
		return ""
	}
	line := "quota: not known"
	switch {
	case q.ReadAt != nil && q.Limited:
		line = fmt.Sprintf("quota: limit %d, used %d, reserved %d", q.Limit, q.Used, q.Reserved)
	case q.ReadAt != nil:
		line = fmt.Sprintf("quota: no limit, used %d, reserved %d", q.Used, q.Reserved)
	}
	if q.ReadAt != nil {
		line += ", read " + q.ReadAt.Local().Format(time.DateTime)
	}
	if q.Warning != "" {
		line += " (" + q.Warning + ")"
	}
	return line
}

func breakerLine(b api.Breaker) string {
	line := "breaker: " + b.State
	if b.Since != nil {
		line += " since " + b.Since.Local().Format(time.DateTime)
	}
	return line
}

func printChannels(w io.Writer, channels ...api.Channel) error {
	t := newTable("NAME", "PROVIDER", "ENDPOINT", "TOKEN", "PUSH/S", "MULTICAST/S", "STATE")
	for _, ch := range channels {
		t.row(ch.Name, ch.Provider, ch.Endpoint, ch.TokenEnv, rate(ch.Limits.Push), rate(ch.Limits.Multicast), channelState(ch))
	}
	return t.print(w)
}

// channelState is whether a channel sends, and what keeps it from sending or will.
func channelState(ch api.Channel) string {
	state := ch.State
	if ch.Warning != "" && ch.Reason == "" {
		state = "can't send"
	}
	if why := cmp.Or(ch.Reason, ch.Warning); why != "" {
		state += " (" + why + ")"
	}
	return state
}

func rate(n int) string {
	if n == 0 {
		return "off"
	}
	return strconv.Itoa(n)
}

func newChannelList(r *remote) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List channels", Args: exactly()}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return r.call(cmd.Context(), func(c *client.Client) error {
			channels, err := c.Channels(cmd.Context())
			switch {
			case err != nil:
				return err
			case !*asJSON:
				return printChannels(r.terminal.Out, channels...)
			}
			for _, ch := range channels {
				if err := printJSON(r.terminal.Out, ch); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return cmd
}

// oneChannel is a command that ends with one channel shown.
func (r *remote) oneChannel(use, short string, do func(ctx context.Context, c *client.Client, name string) (api.Channel, error)) *cobra.Command {
	cmd := &cobra.Command{Use: use + " NAME", Short: short, Args: exactly("NAME")}
	return answers(r, cmd, r.showChannel, func(ctx context.Context, c *client.Client, args []string) (api.Channel, error) {
		return do(ctx, c, args[0])
	})
}

func newChannelShow(r *remote) *cobra.Command {
	return r.oneChannel("show", "Show a channel", func(ctx context.Context, c *client.Client, name string) (api.Channel, error) {
		return c.Channel(ctx, name)
	})
}

func newChannelResume(r *remote) *cobra.Command {
	return r.oneChannel("resume", "End a channel's pause", func(ctx context.Context, c *client.Client, name string) (api.Channel, error) {
		return c.ResumeChannel(ctx, name)
	})
}

func newChannelRemove(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove a channel that no unfinished campaign uses", Args: exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.call(cmd.Context(), func(c *client.Client) error { return c.RemoveChannel(cmd.Context(), args[0]) })
		},
	}
}

// plural is "1 recipient", "2 recipients".
func plural[N ~int | ~uint32 | ~uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// orDash shows that a field is empty.
func orDash(s string) string { return cmp.Or(s, "-") }
