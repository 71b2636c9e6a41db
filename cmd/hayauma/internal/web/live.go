package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Bounds of streams.
const (
	maxStreams  = 64
	keepLive    = 15 * time.Second // how often a silent stream shows that it lives
	writeFor    = 30 * time.Second // a client that doesn't read
	comeBack    = 3 * time.Second  // when a browser asks again
	livePrefix  = "/live"
	contentType = "text/event-stream"
)

func isStream(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, livePrefix+"/") }

// change is what an event tells the script.
type change struct {
	HTML    string `json:"html,omitempty"`    // of the part that is kept up to date
	Say     string `json:"say,omitempty"`     // is read aloud when it is another
	At      string `json:"at"`                // when that was so
	Trouble string `json:"trouble,omitempty"` // why the part can't be had
}

// streamed follows a page until the client goes, the session ends, or the daemon stops.
func (s *server) streamed(v view, every time.Duration) http.Handler {
	if s.Every > 0 {
		every = s.Every
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.streams.Add(-1)
		if s.streams.Add(1) > maxStreams {
			s.refuse(w, http.StatusServiceUnavailable, "This node keeps too many pages up to date: close some, or reload this one for its values of now.")
			return
		}
		h := w.Header()
		h.Set("Content-Type", contentType)
		if r.Method == http.MethodHead {
			return
		}
		h.Set("X-Accel-Buffering", "no") // of a proxy that would wait for more
		s.follow(r, events{w, http.NewResponseController(w)}, watched{v, every})
	})
}

// watched is a view with its watchers' patience.
type watched struct {
	view  view
	every time.Duration
}

func (s *server) follow(r *http.Request, out events, what watched) {
	defer out.end()
	tick := time.NewTicker(what.every)
	defer tick.Stop()
	if out.write(fmt.Appendf(nil, "retry: %d\n\n", comeBack.Milliseconds())) != nil {
		return
	}
	var shown change
	for written := time.Now(); ; {
		now := s.look(r, what.view)
		if r.Context().Err() != nil {
			return
		}
		var err error
		switch {
		case now != shown:
			shown, written = now, time.Now()
			now.At = clock(written)
			err = out.event(now)
		case time.Since(written) > keepLive:
			written, err = time.Now(), out.write([]byte(": still here\n\n"))
		}
		if err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-s.Stopping:
			return
		case <-tick.C:
		}
	}
}

// look makes the part of a page that is kept up to date.
func (s *server) look(r *http.Request, v view) change {
	ctx, cancel := context.WithTimeout(r.Context(), viewFor)
	defer cancel()
	p, err := v(ctx, r)
	if err != nil {
		return change{Trouble: words(err)}
	}
	var b bytes.Buffer
	if err := templates[p.template].ExecuteTemplate(&b, "live", p.Live); err != nil {
		s.Log.Error("a page can't be made", "page", p.template, "error", err)
		return change{Trouble: "internal error: see the daemon's log"}
	}
	return change{HTML: b.String(), Say: p.Say}
}

// events writes to a client, each write bounded in time.
type events struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

// end takes the deadline off the connection, which may carry other requests yet.
func (e events) end() { _ = e.rc.SetWriteDeadline(time.Time{}) } // a connection that is gone needs none

func (e events) event(c change) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return e.write(fmt.Appendf(nil, "event: live\ndata: %s\n\n", data))
}

func (e events) write(p []byte) error {
	if err := e.rc.SetWriteDeadline(time.Now().Add(writeFor)); err != nil {
		return err
	}
	if _, err := e.w.Write(p); err != nil {
		return err
	}
	return e.rc.Flush()
}
