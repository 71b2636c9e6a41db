package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"hayauma.example/cmd/hayauma/internal/api"
)

func settingsPath(channel, user string) string {
	return "/v1/channels/" + url.PathEscape(channel) + "/recipients/" + url.PathEscape(user)
}

// RecipientSettings shows how a user of a channel wants to be written to.
func (c *Client) RecipientSettings(ctx context.Context, channel, user string) (s api.RecipientSettings, err error) {
	return s, c.get(ctx, settingsPath(channel, user), &s)
}

// SetRecipientSettings gives a user these settings and no others; a suppression stays.
func (c *Client) SetRecipientSettings(ctx context.Context, channel, user string, n api.NewRecipientSettings) (s api.RecipientSettings, err error) {
	return s, c.call(ctx, order{http.MethodPut, settingsPath(channel, user), n}, &s)
}

// ResetRecipientSettings sets a user back to the defaults; a suppression ends.
func (c *Client) ResetRecipientSettings(ctx context.Context, channel, user string) error {
	return c.call(ctx, order{http.MethodDelete, settingsPath(channel, user), nil}, nil)
}

// ImportRecipientSettings sends a file of settings, and returns how many rows are in force.
func (c *Client) ImportRecipientSettings(ctx context.Context, channel string, file Audience) (rows int, err error) {
	header := http.Header{"Content-Type": {file.Type}}
	if file.Gzip {
		header.Set("Content-Encoding", "gzip")
	}
	path := "/v1/channels/" + url.PathEscape(channel) + "/recipients"
	resp, err := c.send(ctx, request{http.MethodPost, path, io.NopCloser(file.Data), header})
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var out api.Imported
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return 0, Unreachable{Server: c.base, Err: fmt.Errorf("unreadable answer to the import: %w", err)}
	}
	return out.Rows, nil
}

// ExportRecipientSettings streams the settings of all users of a channel who have any, as NDJSON. The caller closes it. An export that
// breaks off ends with an error from Read.
func (c *Client) ExportRecipientSettings(ctx context.Context, channel string) (io.ReadCloser, error) {
	resp, err := c.send(ctx, request{method: http.MethodGet, path: "/v1/channels/" + url.PathEscape(channel) + "/recipients"})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
