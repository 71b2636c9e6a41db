package client

import (
	"context"
	"fmt"

	"hayauma.example/cmd/hayauma/internal/api"
)

// Windows lists the newest windows of a campaign, so many at most.
func (c *Client) Windows(ctx context.Context, id string, limit int) (l api.WindowList, err error) {
	return l, c.get(ctx, campaignPath(id, fmt.Sprintf("/windows?limit=%d", limit)), &l)
}

// Chunks lists the chunks of a campaign from one on, so many at most.
func (c *Client) Chunks(ctx context.Context, id string, from, limit int) (l api.ChunkList, err error) {
	return l, c.get(ctx, campaignPath(id, fmt.Sprintf("/chunks?from=%d&limit=%d", from, limit)), &l)
}
