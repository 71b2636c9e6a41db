package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
)

// startsName is the file that names the starts which used this data directory: whoever holds its lock knows that they have ended, and
// needn't wait until the others think so.
const startsName = "starts"

// ancestry tells which incarnations were earlier starts on this data directory, and adds this one. The embedded server's store, and one
// in memory, is this process's alone: whoever is named there has ended.
func (a *App) ancestry(incarnation string) (func(string) bool, error) {
	if a.alone() {
		return func(string) bool { return true }, nil
	}
	a.starts = filepath.Join(a.cfg.Data, startsName)
	text, err := os.ReadFile(a.starts)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	earlier := strings.Fields(string(text))
	if err := overwrite(a.starts, []byte(string(text)+incarnation+"\n")); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	return func(other string) bool { return slices.Contains(earlier, other) }, nil
}

// settleAncestry forgets the earlier starts, once the view names none of them any more.
func (a *App) settleAncestry() error {
	if a.starts == "" {
		return nil
	}
	if err := overwrite(a.starts, []byte(a.sys.Incarnation()+"\n")); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	return nil
}

// alone tells whether no other process can reach the store.
func (a *App) alone() bool { return !a.cfg.NATS.Shared() }

// agree sees to it that this node and those in the view can talk to each other, and that it is the only one of its name.
func (a *App) agree(ctx context.Context, self roster.Member, earlier func(string) bool) error {
	if a.alone() {
		return a.clearView(ctx, self.Node)
	}
	v, err := a.view(ctx)
	if err != nil {
		return err
	}
	strange := map[string]string{} // nodes by incarnation
	for _, m := range v.View.Members {
		if m.Node != self.Node && (m.Address == noAddress || self.Address == noAddress) {
			strange[m.Incarnation] = m.Node
		}
	}
	if len(strange) > 0 {
		if node := a.alive(ctx, strange); node != "" {
			return fmt.Errorf("node %s uses this store too, and the two can't talk to each other: "+
				"set cluster-listen on every node that shares a store, or give each a store of its own", node)
		}
	}
	if m, taken := v.View.Node(self.Node); taken && !earlier(m.Incarnation) && a.alive(ctx, map[string]string{m.Incarnation: m.Node}) != "" {
		return fmt.Errorf("another live node is called %s: give each node a name of its own (--node)", self.Node)
	}
	return nil // a silent one of our name is evicted, by the others or by the member that joins
}

// pass waits.
func pass(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// clearView takes out of the view of a store that is this process's alone whoever had another node's name: a host was renamed.
func (a *App) clearView(ctx context.Context, node string) error {
	for {
		v, err := a.view(ctx)
		if err != nil {
			return err
		}
		next := v.View
		for _, m := range v.View.Members {
			if m.Node == node {
				continue
			}
			if next, _, err = next.Evict(m.Incarnation); err != nil {
				return err
			}
		}
		if next.Epoch == v.View.Epoch {
			return nil
		}
		_, err = a.shared.PutView(ctx, next, v.Revision)
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
}

const viewAgain = 50 * time.Millisecond

// view is asked for until ctx ends: a store that begins may be busy.
func (a *App) view(ctx context.Context) (v objects.Viewed, err error) {
	for {
		if v, err = a.shared.View(ctx); err == nil {
			return v, nil
		}
		if pass(ctx, viewAgain) != nil {
			return v, fmt.Errorf("the fleet's view can't be read: %w", err)
		}
	}
}

// listenFor is longer than several renewals of whoever lives.
const listenFor = 2 * time.Second

// alive is the first of some members that renews its lease, as its node is called; empty: none does.
func (a *App) alive(ctx context.Context, nodes map[string]string) string {
	ctx, cancel := context.WithTimeout(ctx, listenFor)
	defer cancel()
	first := map[string]uint64{}
	for s := range a.shared.WatchRecords(ctx) {
		node, known := nodes[s.Key]
		if s.Event != objects.Stored || !known || s.Value.State != roster.Live {
			continue
		}
		if was, seen := first[s.Key]; seen && s.Revision > was {
			return node
		}
		first[s.Key] = s.Revision
	}
	return ""
}
