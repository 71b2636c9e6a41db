package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/client"
	"hayauma.example/cmd/hayauma/internal/redisqueue"
)

func newImport(t Terminal) *cobra.Command {
	r := &remote{terminal: t}
	cmd := &cobra.Command{Use: "import", Short: "Import what waits in another system"}
	r.flags(cmd)
	cmd.AddCommand(newImportRedis(r))
	group(cmd, t)
	return cmd
}

// redisImport is what the command line says about one import.
type redisImport struct {
	address      redisqueue.Address
	lists, zsets []string
	unit         string
	mapping      redisqueue.Mapping
	dryRun       bool
	remove       bool
	asJSON       *bool
	terminal     Terminal
	alone        bool // the daemon gave no answer to a dry run; owned by channel
}

func newImportRedis(r *remote) *cobra.Command {
	i := &redisImport{mapping: redisqueue.Mapping{Fields: redisqueue.DefaultFields}, terminal: r.terminal}
	cmd := &cobra.Command{
		Use: "redis", Short: "Import a queue of a Redis list and a sorted set of delayed jobs", Args: exactly(),
		Long: "Schedule what waits in a Redis list (sent at once) and a sorted set (sent when its score is due) as single messages. Jobs are JSON objects:\n\n" +
			`  {"id": "order-1001", "channel": "shop", "to": "U0123…", "messages": [{"type": "text", "text": "…"}]}` + "\n\n" +
			"to may be a list of users; messages may be one message object, or a text. Without an id, equal jobs are one message.\n" +
			"Stop the queue's workers first, and look at --dry-run. To import again what was accepted does no harm as long as the daemon\n" +
			"remembers keys: a day after a message's end. Redis is only read, unless --remove is given: then what was accepted is taken out.\n" +
			"Where Redis asks for a password it is taken from REDIS_PASSWORD. Exit 1: some jobs could not be imported, and were left.",
		Example: "  hayauma import redis --addr 127.0.0.1:6379 --list jobs --zset jobs:delayed --dry-run\n" +
			"  hayauma import redis --addr rediss://cache.example:6380/2 --list jobs --zset jobs:delayed --channel shop --field-to user.line_id --remove",
	}
	f := cmd.Flags()
	f.StringVar(&i.address.Addr, "addr", "127.0.0.1:6379", "HOST:PORT of Redis, the path of its socket, or a URL: redis://, rediss:// for TLS")
	f.StringVar(&i.address.User, "user", "", "user of Redis (default: none)")
	f.IntVar(&i.address.DB, "db", 0, "number of the database")
	f.StringArrayVar(&i.lists, "list", nil, "key of a list of jobs that are ready; may be repeated (default "+redisqueue.DefaultList+", where no --zset is given either)")
	f.StringArrayVar(&i.zsets, "zset", nil, "key of a sorted set of delayed jobs; may be repeated (default "+redisqueue.DefaultSortedSet+", where no --list is given either)")
	f.StringVar(&i.unit, "score", string(redisqueue.Auto), "what scores count since 1970: s, ms, or auto, which takes ms from 100 billion on")
	fields := &i.mapping.Fields
	for name, field := range map[string]*string{"to": &fields.To, "messages": &fields.Messages, "channel": &fields.Channel, "key": &fields.Key} {
		f.StringVar(field, "field-"+name, *field, "member of a job that is the "+fieldMeaning[name]+"; dots lead into objects")
	}
	f.StringVar(&i.mapping.Channel, "channel", "", "channel of jobs that name none")
	f.StringToStringVar(&i.mapping.Renamed, "rename-channel", nil, "OLD=NEW: what jobs call a channel, and its name here; may be repeated")
	f.BoolVar(&i.dryRun, "dry-run", false, "show what would be scheduled, and change nothing")
	f.BoolVar(&i.remove, "remove", false, "take out of Redis what was accepted")
	i.asJSON = jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := i.check(); err != nil {
			return err
		}
		return r.call(cmd.Context(), func(c *client.Client) error { return i.run(cmd.Context(), c) })
	}
	return cmd
}

var fieldMeaning = map[string]string{"to": "user's id, or a list of them", "messages": "messages", "channel": "channel", "key": "job's id"}

func (i *redisImport) check() error {
	f := i.mapping.Fields
	switch {
	case i.dryRun && i.remove:
		return errors.New("--dry-run changes nothing, --remove does: leave one of them out")
	case f.To == "" || f.Messages == "" || f.Channel == "" || f.Key == "":
		return errors.New("a --field-… is empty: give the name of a member")
	}
	if err := redisqueue.Unit(i.unit).Validate(); err != nil {
		return fmt.Errorf("--score: %w", err)
	}
	return nil
}

func (i *redisImport) run(ctx context.Context, c *client.Client) error {
	i.address.Password = i.terminal.getenv("REDIS_PASSWORD")
	server, err := redisqueue.Connect(ctx, i.address)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }() // what was done is known by its answers
	stages, err := i.stages(ctx, server)
	if err != nil {
		return err
	}
	job := redisqueue.Import{Stages: stages, Mapping: i.mapping, Remove: i.remove, Channel: i.channel(c)}
	if !i.dryRun {
		job.Send = sender(c)
	}
	report, err := job.Run(ctx)
	if err != nil {
		return err
	}
	if err := i.print(report); err != nil {
		return err
	}
	if report.Refused > 0 {
		return failure{code: exitFailed}
	}
	return nil
}

func (i *redisImport) stages(ctx context.Context, server *redisqueue.Server) (all []redisqueue.Stage, err error) {
	if len(i.lists)+len(i.zsets) == 0 {
		i.lists, i.zsets = []string{redisqueue.DefaultList}, []string{redisqueue.DefaultSortedSet}
	}
	for _, key := range i.lists {
		stage, err := server.List(ctx, key)
		if err != nil {
			return nil, err
		}
		all = append(all, stage)
	}
	for _, key := range i.zsets {
		stage, err := server.SortedSet(ctx, key, redisqueue.Unit(i.unit))
		if err != nil {
			return nil, err
		}
		all = append(all, stage)
	}
	return all, nil
}

// channel asks the daemon whether there is a channel. A dry run does without a daemon.
func (i *redisImport) channel(c *client.Client) func(context.Context, string) (string, error) {
	return func(ctx context.Context, name string) (string, error) {
		_, err := c.Channel(ctx, name)
		if refusal, ok := errors.AsType[client.Error](err); ok && refusal.Status == http.StatusNotFound {
			return fmt.Sprintf("channel %q is not configured; see: hayauma channel list", shorten(name, 64)), nil
		}
		if _, away := errors.AsType[client.Unreachable](err); away && i.dryRun {
			if !i.alone {
				fmt.Fprintf(i.terminal.Err, "channels are not looked up: %v\n", err)
			}
			i.alone, err = true, nil
		}
		return "", err
	}
}

func sender(c *client.Client) redisqueue.Send {
	return func(ctx context.Context, channel string, ndjson io.Reader) (redisqueue.Sent, error) {
		sent, err := c.SendMessages(ctx, channel, ndjson)
		return redisqueue.Sent{Accepted: sent.Accepted, Repeated: sent.Repeated}, err
	}
}

func (i *redisImport) print(r redisqueue.Report) error {
	if *i.asJSON {
		return printJSON(i.terminal.Out, r)
	}
	return printImport(i.terminal.Out, r)
}

func printImport(w io.Writer, r redisqueue.Report) error {
	lines := []line{}
	for _, s := range r.Stages {
		value := plural(s.Jobs, "job")
		if s.Removed > 0 {
			value += fmt.Sprintf(", %d removed", s.Removed)
		}
		if s.Gone > 0 {
			value += fmt.Sprintf(", %d gone before they were removed: do workers still run? they may have sent them too", s.Gone)
		}
		lines = append(lines, line{printable(s.Stage), value})
	}
	for _, c := range r.Channels {
		lines = append(lines, line{"channel " + printable(c.Channel), channelCounts(c, r.DryRun)})
	}
	if err := printLines(w, lines); err != nil {
		return err
	}
	if err := printRows(w, r.First); err != nil {
		return err
	}
	return printLeft(w, r)
}

func channelCounts(c redisqueue.ChannelReport, dry bool) string {
	parts := []string{fmt.Sprintf("%d now", c.Now), fmt.Sprintf("%d later", c.Later)}
	if c.First != nil {
		parts[1] += fmt.Sprintf(" (%s to %s)", c.First.Format(time.RFC3339), c.Last.Format(time.RFC3339))
	}
	if !dry {
		parts = append(parts, fmt.Sprintf("%d accepted", c.Accepted))
		if c.Repeated > 0 {
			parts[2] += fmt.Sprintf(" (%d known before)", c.Repeated)
		}
	}
	return plural(c.Now+c.Later, "message") + ": " + strings.Join(parts, ", ")
}

func printRows(w io.Writer, rows []redisqueue.Row) error {
	if len(rows) == 0 {
		return nil
	}
	t := newTable("PLACE", "CHANNEL", "KEY", "TO", "AT", "MESSAGES")
	for _, r := range rows {
		at := "now"
		if r.At != nil {
			at = r.At.Format(time.RFC3339)
		}
		t.row(fmt.Sprintf("%s %d", r.Stage, r.Place), r.Channel, shorten(r.Key, 24), r.To, at, shorten(string(r.Messages), 60))
	}
	return t.print(w)
}

func printLeft(w io.Writer, r redisqueue.Report) error {
	if r.Refused == 0 {
		return nil
	}
	fmt.Fprintf(w, "%s can't be imported, and are left where they are:\n", plural(r.Refused, "job"))
	for _, p := range r.Problems {
		fmt.Fprintf(w, "  %s %d: %s\n", printable(p.Stage), p.Place, printable(p.Reason))
	}
	if more := r.Refused - len(r.Problems); more > 0 {
		_, err := fmt.Fprintf(w, "  and %d more\n", more)
		return err
	}
	return nil
}
