package client

import (
	"context"
	"net/url"

	"hayauma.example/cmd/hayauma/internal/api"
)

// Statistics shows a channel's statistics of a month as YYYY-MM; empty: the current one, of UTC.
func (c *Client) Statistics(ctx context.Context, name, month string) (s api.Statistics, err error) {
	return s, c.get(ctx, figuresPath(name, "statistics", month), &s)
}

// Usage shows what a channel's messages of a month cost; empty: the current one, of UTC+9.
func (c *Client) Usage(ctx context.Context, name, month string) (u api.Usage, err error) {
	return u, c.get(ctx, figuresPath(name, "usage", month), &u)
}

// Experiment shows what has come of an experiment's variants.
func (c *Client) Experiment(ctx context.Context, channel, name string) (x api.Experiment, err error) {
	return x, c.get(ctx, "/v1/channels/"+url.PathEscape(channel)+"/experiments/"+url.PathEscape(name), &x)
}

func figuresPath(name, what, month string) string {
	path := "/v1/channels/" + url.PathEscape(name) + "/" + what
	if month != "" {
		path += "?month=" + url.QueryEscape(month)
	}
	return path
}
