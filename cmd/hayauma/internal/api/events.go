package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"hayauma.example/actors"
)

// How often a campaign is looked at for its watchers, and how often a silent stream shows that it lives.
const (
	eventsEvery    = 250 * time.Millisecond
	eventsKeepLive = 15 * time.Second
)

func (s *server) registerEvents() {
	schema := s.api.OpenAPI().Components.Schemas.Schema(campaignType, true, "")
	huma.Register(s.api, huma.Operation{
		OperationID: "watch-campaign", Method: http.MethodGet, Path: "/v1/campaigns/{id}/events", Tags: []string{"campaigns"},
		Summary:     "Follow a campaign",
		Description: "Server-sent events `campaign`, each with the campaign's state: at once, at every change, and last when it is final.",
		Errors:      []int{401, 404, 503},
		Responses: map[string]*huma.Response{"200": {
			Description: "One event for each change.",
			Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: schema}},
		}},
	}, s.watch)
}

func (s *server) watch(ctx context.Context, in *campaignPath) (*huma.StreamResponse, error) {
	first, err := s.askCampaign(ctx, in.ID, actors.Show{})
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		out := newStream(w)
		defer out.end()
		s.follow(r.Context(), out, s.shown(first))
	}}, nil
}

// follow ends with the campaign, the client, or the daemon. A client that sees it end early asks again.
func (s *server) follow(ctx context.Context, out stream, shown Campaign) {
	tick := time.NewTicker(eventsEvery)
	defer tick.Stop()
	if out.event(shown) != nil {
		return
	}
	written := time.Now()
	for !shown.Final() {
		select {
		case <-ctx.Done():
			return
		case <-s.Stopping:
			return
		case <-tick.C:
		}
		info, err := s.askCampaign(ctx, shown.ID, actors.Show{})
		if err != nil {
			return
		}
		switch now := s.shown(info); {
		case !same(now, shown):
			shown, written, err = now, time.Now(), out.event(now)
		case time.Since(written) > eventsKeepLive:
			written, err = time.Now(), out.write([]byte(": still here\n\n"))
		}
		if err != nil {
			return
		}
	}
}

// same compares what a watcher sees; times are pointers, so they are compared as text.
func same(a, b Campaign) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// stream writes to a client, each write bounded in time.
type stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func newStream(w http.ResponseWriter) stream { return stream{w: w, rc: http.NewResponseController(w)} }

// end takes the deadline off the connection, which may carry other requests yet.
func (s stream) end() { _ = s.rc.SetWriteDeadline(time.Time{}) } // a connection that is gone needs none

func (s stream) event(c Campaign) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return s.write(fmt.Appendf(nil, "event: campaign\ndata: %s\n\n", data))
}

func (s stream) write(p []byte) error {
	if err := s.rc.SetWriteDeadline(time.Now().Add(stallTimeout)); err != nil {
		return err
	}
	if _, err := s.w.Write(p); err != nil {
		return err
	}
	return s.rc.Flush()
}
