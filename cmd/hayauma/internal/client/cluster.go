package client

import (
	"context"
	"net/http"

	"hayauma.example/cmd/hayauma/internal/api"
)

// Cluster shows the fleet as the daemon sees it.
func (c *Client) Cluster(ctx context.Context) (s api.ClusterStatus, err error) {
	return s, c.get(ctx, "/v1/cluster", &s)
}

// Drain has a node hand over what it owns and leave.
func (c *Client) Drain(ctx context.Context, node string) (d api.Drained, err error) {
	return d, c.call(ctx, order{http.MethodPost, "/v1/cluster/drain", api.DrainOrder{Node: node}}, &d)
}
