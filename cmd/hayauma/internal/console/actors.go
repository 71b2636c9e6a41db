package console

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

func newActors(t Terminal) *cobra.Command {
	r := &remote{terminal: t}
	cmd := &cobra.Command{Use: "actors", Short: "List and show the actors in memory: what waits in their mailboxes, and for how long"}
	r.flags(cmd)
	cmd.AddCommand(newActorsList(r), newActorsShow(r))
	group(cmd, t)
	return cmd
}

func newActorsList(r *remote) *cobra.Command {
	var q client.ActorQuery
	cmd := &cobra.Command{
		Use: "list", Short: "List actors of all nodes, those with the deepest mailboxes first", Args: exactly(),
		Example: "  hayauma actors list --sort age --kind poster",
	}
	cmd.Flags().StringVar(&q.Kind, "kind", "", "only of this kind, such as campaign, channel, poster; cell: the daemon's own (default all)")
	cmd.Flags().StringVar(&q.Sort, "sort", "depth", "depth: the deepest mailboxes first; age: the longest waits first")
	cmd.Flags().IntVar(&q.Limit, "limit", 20, "how many, 1 to 1000")
	return answers(r, cmd, r.showActors, func(ctx context.Context, c *client.Client, _ []string) (api.ActorList, error) {
		return c.Actors(ctx, q)
	})
}

func newActorsShow(r *remote) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show KIND ID", Short: "Show an actor that is in memory", Args: exactly("KIND", "ID"),
		Example: "  hayauma actors show channel shop",
	}
	return answers(r, cmd, r.showActors, func(ctx context.Context, c *client.Client, args []string) (api.ActorList, error) {
		return c.Actor(ctx, args[0], args[1])
	})
}

func (r *remote) showActors(l api.ActorList, asJSON bool) error {
	r.warn(l.Warnings)
	if !asJSON {
		return printActors(r.terminal.Out, l.Actors)
	}
	for _, a := range l.Actors {
		if err := printJSON(r.terminal.Out, a); err != nil {
			return err
		}
	}
	return nil
}

func printActors(w io.Writer, actors []api.Actor) error {
	t := newTable("KIND", "ID", "DEPTH", "OLDEST", "STATE", "NODE")
	for _, a := range actors {
		oldest := ""
		if a.Depth > 0 {
			oldest = (time.Duration(a.OldestMS) * time.Millisecond).String()
		}
		t.row(a.Kind, a.ID, a.Depth, oldest, a.State, a.Node)
	}
	return t.print(w)
}
