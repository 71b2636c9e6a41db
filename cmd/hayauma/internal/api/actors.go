package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/actors"
	"hayauma.example/cmd/hayauma/internal/census"
)

// ActorList is actors in memory, the first in an order.
type ActorList struct {
	Actors   []Actor     `json:"actors" nullable:"false"`
	Nodes    []ActorNode `json:"nodes" nullable:"false" doc:"The nodes that have answered."`
	Warnings []string    `json:"warnings,omitempty" doc:"Nodes that haven't, and why."`
}

// ActorNode is a node that has answered.
type ActorNode struct {
	Node   string `json:"node"`
	Actors int    `json:"actors" doc:"How many it has in memory, of the kind that was asked for."`
}

// Actor is one that is in memory.
type Actor struct {
	Node     string `json:"node" doc:"Where it is in memory."`
	Kind     string `json:"kind" doc:"cell: one of the daemon's own."`
	ID       string `json:"id"`
	Role     string `json:"role,omitempty" doc:"Nodes that carry it have actors of this kind."`
	Depth    int    `json:"depth" doc:"Messages that it has accepted and not yet handled."`
	OldestMS int64  `json:"oldest_ms" doc:"Age of the oldest of them, to 100 ms."`
	State    string `json:"state" enum:"idle,working,suspended" doc:"Suspended: it waits for its journal, or until it begins anew after a failure."`
	Private  bool   `json:"private,omitempty" doc:"Its id is personal data: logs and metrics don't show it."`
}

type (
	actorsInput struct {
		Kind  string `query:"kind" maxLength:"64" doc:"Only of this kind, such as campaign or poster; cell: the daemon's own."`
		Sort  string `query:"sort" enum:"depth,age" default:"depth" doc:"Those with the deepest mailbox first, or those whose oldest message has waited longest."`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"20"`
	}
	actorsOutput struct{ Body ActorList }
	actorInput   struct {
		Kind string `path:"kind" maxLength:"64"`
		ID   string `path:"id" maxLength:"1000" doc:"A slash in it is written %2F."`
	}
)

func (s *server) registerActors() {
	operation := func(id, path, summary, text string, errs ...int) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Description: text,
			Errors: append(errs, 401, 422), Tags: []string{"actors"}}
	}
	huma.Register(s.api, operation("list-actors", "/v1/actors", "List the actors in memory, on all nodes",
		"It looks at every actor: metrics tell the same of those that matter at no cost."), s.listActors)
	huma.Register(s.api, operation("show-actor", "/v1/actors/{kind}/{id}", "Show an actor that is in memory", "", 404), s.showActor)
}

func (s *server) listActors(ctx context.Context, in *actorsInput) (*actorsOutput, error) {
	if in.Kind != "" && in.Kind != "cell" && actors.RoleOf(in.Kind) == "" { // mistyped, it would show that nothing waits
		return nil, huma.Error422UnprocessableEntity(fmt.Sprintf("no actors are of the kind %s: kinds are %s, and cell, the daemon's own",
			excerpt(in.Kind), strings.Join(actors.AllKinds(), ", ")))
	}
	q := census.List{Kind: in.Kind, Sort: census.Order(in.Sort), Limit: in.Limit}
	answers := s.Census.Ask(ctx, q)
	return &actorsOutput{actorList(answers, census.Merge(answers, q))}, nil
}

func (s *server) showActor(ctx context.Context, in *actorInput) (*actorsOutput, error) {
	answers := s.Census.Ask(ctx, census.Find{Kind: in.Kind, ID: in.ID})
	found := census.Merge(answers, census.List{Limit: census.MaxLimit})
	list := actorList(answers, found)
	switch {
	case len(found) > 0:
		return &actorsOutput{list}, nil
	case len(list.Warnings) > 0:
		return nil, huma.Error404NotFound(fmt.Sprintf("no %s %s in memory on the nodes that answered; %s", excerpt(in.Kind), excerpt(in.ID), list.Warnings[0]))
	}
	return nil, huma.Error404NotFound(fmt.Sprintf("no %s %s in memory: an actor is there while it has something to do, and for a while after; see: "+
		"hayauma actors list", excerpt(in.Kind), excerpt(in.ID)))
}

func actorList(answers []census.Answer, found []census.Placed) ActorList {
	out := ActorList{Actors: []Actor{}, Nodes: []ActorNode{}}
	for _, a := range answers {
		if a.Err != nil {
			out.Warnings = append(out.Warnings, fmt.Sprintf("node %s gave no answer: %s", a.Node, excerpt(a.Err.Error())))
			continue
		}
		out.Nodes = append(out.Nodes, ActorNode{a.Node, a.Total})
	}
	for _, x := range found {
		out.Actors = append(out.Actors, Actor{
			Node: x.Node, Kind: x.Kind, ID: x.ID, Role: actors.RoleName(actors.RoleOf(x.Kind)), Depth: x.Depth, OldestMS: x.Oldest.Milliseconds(),
			State: x.State, Private: x.Private,
		})
	}
	return out
}
