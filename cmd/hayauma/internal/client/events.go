package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

// Events yields the campaign's state at once and at every change, until it is final or ctx ends.
func (c *Client) Events(ctx context.Context, id string) iter.Seq2[api.Campaign, error] {
	return func(yield func(api.Campaign, error) bool) {
		resp, err := c.send(ctx, request{method: http.MethodGet, path: campaignPath(id, "/events")})
		if err != nil {
			yield(api.Campaign{}, err)
			return
		}
		defer resp.Body.Close()
		last := api.Campaign{}
		for info, err := range readEvents(resp.Body) {
			if err != nil {
				yield(last, Unreachable{Server: c.base, Err: err})
				return
			}
			if last = info; !yield(info, nil) {
				return
			}
		}
		if !last.Final() {
			yield(last, Unreachable{Server: c.base, Err: io.ErrUnexpectedEOF})
		}
	}
}

func readEvents(r io.Reader) iter.Seq2[api.Campaign, error] {
	return func(yield func(api.Campaign, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
			if !ok {
				continue
			}
			var info api.Campaign
			err := json.Unmarshal(data, &info)
			if err != nil {
				err = fmt.Errorf("unreadable event: %w", err)
			}
			if !yield(info, err) || err != nil {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(api.Campaign{}, err)
		}
	}
}

// Follow calls seen with each state that Events yields and returns the final one. A daemon that can't be reached, or whose store gives no
// answers, is tried again until patience has passed without a state, so that neither a restart nor a new leader of the store ends it.
func (c *Client) Follow(ctx context.Context, id string, patience time.Duration, seen func(api.Campaign)) (api.Campaign, error) {
	heard := time.Now()
	for {
		last, err := c.follow(ctx, id, func(info api.Campaign) {
			heard = time.Now()
			seen(info)
		})
		if err == nil || !passing(err) || time.Since(heard) > patience {
			return last, err
		}
		select {
		case <-ctx.Done():
			return last, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// passing tells whether the same request may soon be answered. A role that nobody carries is for an operator to see to.
func passing(err error) bool {
	refusal, refused := errors.AsType[Error](err)
	return errors.As(err, new(Unreachable)) || refused && refusal.Status == http.StatusServiceUnavailable && refusal.Type != api.TypeRoleMissing
}

func (c *Client) follow(ctx context.Context, id string, seen func(api.Campaign)) (last api.Campaign, err error) {
	for info, err := range c.Events(ctx, id) {
		if err != nil {
			return last, err
		}
		last = info
		seen(info)
	}
	return last, ctx.Err()
}
