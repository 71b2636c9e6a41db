package client

import (
	"context"
	"net/url"
	"strconv"

	"hayauma.example/cmd/hayauma/internal/api"
)

// ActorQuery narrows a list of actors. The zero value is the 20 with the deepest mailboxes.
type ActorQuery struct {
	Kind  string
	Sort  string // depth or age
	Limit int
}

// Actors lists actors in memory, on all nodes.
func (c *Client) Actors(ctx context.Context, q ActorQuery) (l api.ActorList, err error) {
	query := url.Values{}
	if q.Kind != "" {
		query.Set("kind", q.Kind)
	}
	if q.Sort != "" {
		query.Set("sort", q.Sort)
	}
	if q.Limit != 0 {
		query.Set("limit", strconv.Itoa(q.Limit))
	}
	return l, c.get(ctx, "/v1/actors?"+query.Encode(), &l)
}

// Actor shows one that is in memory, on one node or, while it moves, on two.
func (c *Client) Actor(ctx context.Context, kind, id string) (l api.ActorList, err error) {
	return l, c.get(ctx, "/v1/actors/"+url.PathEscape(kind)+"/"+url.PathEscape(id), &l)
}
