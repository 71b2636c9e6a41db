package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"

	"hayauma.example/cmd/hayauma/internal/api"
)

// Sent is how many messages of an import are new, and how many had been accepted before.
type Sent = api.SentMessages

func messagesPath(channel, rest string) string {
	return "/v1/channels/" + url.PathEscape(channel) + "/messages" + rest
}

// SendMessage has one message accepted. The same key and content again are the same message.
func (c *Client) SendMessage(ctx context.Context, channel string, m api.NewMessage) (a api.AcceptedMessage, err error) {
	return a, c.call(ctx, order{http.MethodPost, messagesPath(channel, ""), m}, &a)
}

// SendMessages has many messages accepted, an object a line, each with its key. To send them again does no harm.
func (c *Client) SendMessages(ctx context.Context, channel string, ndjson io.Reader) (Sent, error) {
	return c.ImportMessages(ctx, channel, Audience{Data: ndjson, Type: "application/x-ndjson"})
}

// ImportMessages is SendMessages of a file that may be compressed.
func (c *Client) ImportMessages(ctx context.Context, channel string, file Audience) (s Sent, err error) {
	header := http.Header{"Content-Type": {file.Type}}
	if file.Gzip {
		header.Set("Content-Encoding", "gzip")
	}
	resp, err := c.send(ctx, request{http.MethodPost, messagesPath(channel, ""), io.NopCloser(file.Data), header})
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		return s, Unreachable{Server: c.base, Err: fmt.Errorf("unreadable answer to the import: %w", err)}
	}
	return s, nil
}

// Message shows one message.
func (c *Client) Message(ctx context.Context, channel, id string) (m api.Message, err error) {
	return m, c.get(ctx, messagesPath(channel, "/"+url.PathEscape(id)), &m)
}

// CancelMessage takes one message back that was not tried.
func (c *Client) CancelMessage(ctx context.Context, channel, id string) (m api.Message, err error) {
	return m, c.call(ctx, order{http.MethodDelete, messagesPath(channel, "/"+url.PathEscape(id)), nil}, &m)
}

// Messages yields a channel's messages of a state (empty: all without an outcome), page by page.
func (c *Client) Messages(ctx context.Context, channel, state string) iter.Seq2[api.Message, error] {
	query := url.Values{}
	if state != "" {
		query.Set("state", state)
	}
	return func(yield func(api.Message, error) bool) {
		for cursor := ""; ; {
			var page api.MessagePage
			if cursor != "" {
				query.Set("cursor", cursor)
			}
			if err := c.get(ctx, messagesPath(channel, "?"+query.Encode()), &page); err != nil {
				yield(api.Message{}, err)
				return
			}
			for _, m := range page.Messages {
				if !yield(m, nil) {
					return
				}
			}
			if cursor = page.Next; cursor == "" {
				return
			}
		}
	}
}
