package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"hayauma.example/actors"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

// actorsPage is what waits, and where.
type actorsPage struct {
	Deepest api.ActorList
	Stuck   []api.Actor
}

type actorsFilter struct {
	Kind  string
	Kinds []string
}

// stuckAfter is how old a waiting message is before its actor is called stuck.
const stuckAfter = 5 * time.Second

const shownActors = 20

// kinds are suggested; others may be asked for. The last are the actors that are no grains.
var kinds = append(actors.AllKinds(), "cell")

func (s *server) actors(ctx context.Context, r *http.Request) (*page, error) {
	kind := r.URL.Query().Get("kind")
	var deepest, oldest got[api.ActorList]
	var err error
	var asking sync.WaitGroup
	asking.Go(func() {
		var l api.ActorList
		l, err = s.actorsBy(ctx, client.ActorQuery{Kind: kind, Sort: "depth", Limit: shownActors})
		deepest = got[api.ActorList]{V: l}
	})
	asking.Go(func() { oldest = get(s.actorsBy(ctx, client.ActorQuery{Kind: kind, Sort: "age", Limit: shownActors})) })
	asking.Wait()
	if err != nil {
		return nil, err
	}
	p := actorsPage{Deepest: deepest.V}
	for _, a := range oldest.V.Actors {
		if a.OldestMS >= stuckAfter.Milliseconds() {
			p.Stuck = append(p.Stuck, a)
		}
	}
	return &page{Title: "Actors", Section: "actors", template: "actors", Fixed: actorsFilter{kind, kinds}, Live: p,
		Say: plural(len(p.Stuck), "actor is stuck", "actors are stuck")}, nil
}

// censusAge is how long a look at all actors is good.
const censusAge = 2 * time.Second

func (s *server) actorsBy(ctx context.Context, q client.ActorQuery) (api.ActorList, error) {
	return s.census.get(fmt.Sprintf("%s %d %s", q.Sort, q.Limit, q.Kind), censusAge, func() (api.ActorList, error) { return s.api.Actors(ctx, q) })
}

// clusterPage is the fleet as this node sees it.
type clusterPage struct {
	api.ClusterStatus
	Maps   []*shardMap
	Owners []ownerKey
	Moving []api.ClusterShard
}

// ownerKey tells which pattern is whose.
type ownerKey struct{ Node, Class string }

func (s *server) cluster(ctx context.Context, _ *http.Request) (*page, error) {
	status, err := s.api.Cluster(ctx)
	if err != nil {
		return nil, err
	}
	p := clusterPage{ClusterStatus: status}
	var owners []string
	p.Maps, owners = shardMaps(status)
	for i, node := range owners {
		p.Owners = append(p.Owners, ownerKey{node, fmt.Sprintf("owner%d", i%ownerClasses)})
	}
	for _, sh := range status.Shards {
		if moving(sh) {
			p.Moving = append(p.Moving, sh)
		}
	}
	active := 0
	for _, m := range status.Members {
		if m.Condition == "active" {
			active++
		}
	}
	return &page{Title: "Cluster", Section: "cluster", template: "cluster", Live: p,
		Say: fmt.Sprintf("View %d: %d of %s active, %s under way", status.Epoch, active, plural(len(status.Members), "member", "members"),
			plural(len(p.Moving), "hand-off", "hand-offs"))}, nil
}

// schedulePage is what is due next.
type schedulePage struct {
	Entries []dueEntry
	Total   int
	Line    *timeline
	More    bool
}

// dueEntry is one thing that will be due.
type dueEntry struct {
	Due       time.Time
	Name, ID  string
	Channel   string
	What      string
	State     string
	Reason    string
	Accepted  uint64
	Recurring bool
}

// dueOf is what of campaigns is due, the next first: what is scheduled, and the next occurrence of each series.
func dueOf(list []api.Campaign) (due []dueEntry) {
	for _, c := range list {
		e := dueEntry{Name: c.Name, ID: c.ID, Channel: c.Channel, State: c.State, Reason: c.Reason, Accepted: c.Accepted, What: "once"}
		switch {
		case c.Recurrence != nil && c.Recurrence.Next != nil && c.FinishedAt == nil:
			e.Due, e.What, e.Recurring = *c.Recurrence.Next, fmt.Sprintf("occurrence %d", c.Recurrence.Begun+c.Recurrence.Skipped+1), true
		case c.Recurrence == nil && c.State == "scheduled" && c.Due != nil:
			if e.Due = *c.Due; c.Series != "" {
				e.What = "of a series"
			}
		default:
			continue
		}
		due = append(due, e)
	}
	slices.SortStableFunc(due, func(a, b dueEntry) int { return a.Due.Compare(b.Due) })
	return due
}

func (s *server) schedule(ctx context.Context, _ *http.Request) (*page, error) {
	list, err := s.list.all(ctx, s.api)
	if err != nil {
		return nil, err
	}
	due := dueOf(list.Campaigns)
	p := schedulePage{Entries: due[:min(len(due), maxShown)], Total: len(due), Line: timelineOf(due, time.Now()), More: list.More}
	say := "Nothing is due"
	if len(due) > 0 {
		say = plural(len(due), "entry", "entries") + ", next " + due[0].Name
	}
	return &page{Title: "Schedule", Section: "schedule", template: "schedule", Live: p, Say: say}, nil
}
