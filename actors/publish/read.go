package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/follow"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// sources are the kinds that hold no user's id.
var sources = []follow.Source{
	{Role: actors.RoleComposer, Kind: actors.Campaigns.Name()},
	{Role: actors.RoleChecker, Kind: actors.Checkers.Name()},
	{Role: actors.RolePoster, Kind: actors.Channels.Name()},
}

const (
	askTimeout  = 10 * time.Second
	originsMost = 4096 // runs of which the campaign is remembered
)

// reader publishes the records of one kind until its context ends. It is owned by its goroutine, but for at.
type reader struct {
	follow.Source
	deps Deps
	sys  *engine.System

	at      atomic.Uint64     // all records up to it are published
	origins map[string]string // campaign by run
}

// tell publishes the events of a record, one after the other: none overtakes one that fails.
func (r *reader) tell(ctx context.Context, rec journal.Record) error {
	for x, err := range engine.Stored(rec, r.deps.Messages) {
		if err != nil {
			r.Log.Warn("a record is not published", "source", r.Kind, "grain", rec.Grain.ID, "position", rec.Position, "error", err)
			break
		}
		p, err := r.publication(ctx, rec, x)
		if err != nil {
			return err
		}
		if err := r.deps.Out.Publish(ctx, p); err != nil {
			return err
		}
	}
	r.at.Store(rec.Position)
	return nil
}

func (r *reader) publication(ctx context.Context, rec journal.Record, x engine.Recorded) (journal.Publication, error) {
	name, ok := r.deps.Messages.Name(x.Event)
	if !ok {
		return journal.Publication{}, fmt.Errorf("publish: event %d of %s %s has no name", x.Number, r.Kind, rec.Grain.ID) // it was just decoded by its name
	}
	m := message{ID: idOf(r.deps.Cluster, rec.Grain, x.Number), Type: name, Kind: r.Kind, Grain: rec.Grain.ID, Number: x.Number, Time: x.At}
	if r.Kind == actors.Checkers.Name() {
		var err error
		if m.Campaign, err = r.origin(ctx, rec.Grain.ID, x.Event); err != nil {
			return journal.Publication{}, err
		}
	}
	body, err := m.render(x.Event)
	return journal.Publication{ID: m.ID, Grain: rec.Grain, Number: x.Number, Position: rec.Position, Type: name, Body: body}, err
}

// idOf is the id of an event, and of its copies and repeats.
func idOf(cluster uuid.UUID, g journal.Grain, number uint64) string {
	return uuid.NewSHA1(cluster, fmt.Appendf(nil, "event|%s|%s|%d", g.Kind, g.ID, number)).String()
}

// origin is the campaign of a run; empty where the run is no longer stored.
func (r *reader) origin(ctx context.Context, run string, event any) (string, error) {
	id, known := r.origins[run]
	if opened, ok := event.(checker.Opened); ok {
		id, known = opened.Campaign, true
	}
	if !known {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		o, err := engine.Ask[actors.RunOrigin](ctx, actors.Checkers.Ref(r.sys, run), actors.CheckerMsg(actors.Origin{}))
		if problem, refused := errors.AsType[actors.Problem](err); refused && problem.Status == http.StatusNotFound {
			err = nil
		}
		if err != nil {
			return "", fmt.Errorf("publish: whose run %s is: %w", run, err)
		}
		id = o.Campaign
	}
	if len(r.origins) >= originsMost {
		clear(r.origins)
	}
	r.origins[run] = id
	return id, nil
}
