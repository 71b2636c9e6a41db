package console

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/certs"
	"hayauma.example/cmd/hayauma/internal/client"
	"hayauma.example/cmd/hayauma/internal/config"
)

func newCluster(t Terminal) *cobra.Command {
	r := &remote{terminal: t}
	cmd := &cobra.Command{Use: "cluster", Short: "Show and change the fleet, and make certificates for its nodes"}
	r.flags(cmd)
	cmd.AddCommand(
		r.clusterShow("members", "List the nodes of the fleet", printMembers),
		r.clusterShow("shards", "List who owns what", printShards),
		r.clusterShow("view", "Show the fleet as the asked node sees it", printView),
		newClusterDrain(r), newClusterCerts(t),
	)
	group(cmd, t)
	return cmd
}

// clusterShow is a command that prints a part of the fleet's status.
func (r *remote) clusterShow(use, short string, show func(io.Writer, api.ClusterStatus, bool) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: exactly()}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return r.call(cmd.Context(), func(c *client.Client) error {
			s, err := c.Cluster(cmd.Context())
			if err != nil {
				return err
			}
			r.warn(s.Warnings())
			return show(r.terminal.Out, s, *asJSON)
		})
	}
	return cmd
}

func (r *remote) warn(warnings []string) {
	for _, w := range warnings {
		fmt.Fprintln(r.terminal.Err, "warning: "+w)
	}
}

func printMembers(w io.Writer, s api.ClusterStatus, asJSON bool) error {
	t := newTable("NODE", "CONDITION", "ROLES", "WEIGHT", "SHARDS", "SILENT", "ADDRESS", "INCARNATION")
	for _, m := range s.Members {
		if asJSON {
			if err := printJSON(w, m); err != nil {
				return err
			}
			continue
		}
		t.row(m.Node, m.Condition, strings.Join(m.Roles, ","), m.Weight, m.Shards, silence(m), m.Address, m.Incarnation)
	}
	if asJSON {
		return nil
	}
	return t.print(w)
}

// silence is shown where it is longer than healthy members are silent.
func silence(m api.ClusterMember) string {
	const usual = 1000
	if m.SilentMS < usual {
		return ""
	}
	return (time.Duration(m.SilentMS) * time.Millisecond).Round(100 * time.Millisecond).String()
}

func printShards(w io.Writer, s api.ClusterStatus, asJSON bool) error {
	t := newTable("ROLE", "SHARD", "OWNER", "PHASE")
	for _, sh := range s.Shards {
		if asJSON {
			if err := printJSON(w, sh); err != nil {
				return err
			}
			continue
		}
		t.row(sh.Role, sh.Shard, orDash(sh.Owner), orDash(sh.Phase))
	}
	if asJSON {
		return nil
	}
	return t.print(w)
}

func printView(w io.Writer, s api.ClusterStatus, asJSON bool) error {
	if asJSON {
		return printJSON(w, s)
	}
	fmt.Fprintf(w, "epoch %d, as %s sees it, which is %s\n", s.Epoch, s.Node, s.Condition+waits(s))
	t := newTable("ROLE", "NODES", "SHARDS", "OWNED BY "+strings.ToUpper(s.Node))
	for _, r := range s.Roles {
		all, owned := 0, 0
		for _, sh := range s.Shards {
			if sh.Role == r.Role {
				all++
				if sh.Phase == "owned" {
					owned++
				}
			}
		}
		t.row(r.Role, orDash(strings.Join(r.Nodes, ",")), all, owned)
	}
	return t.print(w)
}

func waits(s api.ClusterStatus) string {
	if s.Waits == "" {
		return ""
	}
	return " and waits for " + s.Waits
}

func newClusterDrain(r *remote) *cobra.Command {
	cmd := &cobra.Command{
		Use: "drain NODE", Short: "Have a node hand over what it owns, leave and end", Args: exactly("NODE"),
		Long: "Have a node hand over what it owns, leave the fleet and end its process. Any node can be asked.",
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.call(cmd.Context(), func(c *client.Client) error { return r.drain(cmd.Context(), c, args[0], *asJSON) })
	}
	return cmd
}

func (r *remote) drain(ctx context.Context, c *client.Client, node string, asJSON bool) error {
	d, err := c.Drain(ctx, node)
	if err != nil {
		return err
	}
	r.warn(d.Warnings)
	if asJSON {
		return printJSON(r.terminal.Out, d)
	}
	fmt.Fprintf(r.terminal.Out, "%s is draining; see: hayauma cluster members\n", d.Node)
	return nil
}

func newClusterCerts(t Terminal) *cobra.Command {
	var node string
	var hosts []string
	cmd := &cobra.Command{
		Use: "certs DIR", Short: "Make certificates for development: an authority, and one for a node", Args: exactly("DIR"),
		Long: "Make DIR/ca.pem and DIR/ca-key.pem where they are missing, and DIR/NAME.pem and DIR/NAME-key.pem for one node.\n" +
			"They are for development: the keys lie in plain files, nothing can be revoked, and all ends after a year.",
		Example: "  hayauma cluster certs ./certs --node node1 --host 10.0.0.1 --host node1.internal",
	}
	cmd.Flags().StringVar(&node, "node", "", "name of the node (default: this host's)")
	cmd.Flags().StringArrayVar(&hosts, "host", nil, "name or address at which others reach the node, beside its name and loopback; may be repeated")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		made, err := certs.Make(certs.Request{Dir: args[0], Node: cmp.Or(node, config.Default().Node), Hosts: hosts, Now: time.Now()})
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Out, "--cluster-ca %s --cluster-cert %s --cluster-key %s\n", made.CA, made.Cert, made.Key)
		fmt.Fprintf(t.Err, "valid until %s, for development only\n", made.Until.Format(time.DateOnly))
		return nil
	}
	return cmd
}
