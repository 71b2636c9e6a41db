package linesim

import (
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"hayauma.example/actors/provider"
)

// Server is a simulator behind HTTP: LINE's endpoints below /v2/bot/message, and the administrator's below /_sim.
type Server struct {
	Sim *Sim

	now    func() time.Time
	admin  *http.ServeMux
	calls  inFlight
	once   sync.Once
	closed chan struct{}
}

var _ http.Handler = (*Server)(nil)

// NewServer makes a simulator and its server.
func NewServer(o Options) *Server {
	s := &Server{Sim: New(o), now: o.Now, closed: make(chan struct{})}
	if s.now == nil {
		s.now = time.Now
	}
	s.admin = s.adminRoutes()
	return s
}

// Close ends the requests that a fault holds for ever. Call it before shutting the HTTP server down.
func (s *Server) Close() { s.once.Do(func() { close(s.closed) }) }

const base = "/v2/bot/message/"

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ours := strings.CutPrefix(r.URL.Path, base)
	if !ours {
		w.Header()["X-Line-Request-Id"] = []string{s.Sim.nextID().String()}
		s.admin.ServeHTTP(w, r)
		return
	}
	switch path {
	case "push":
		s.message(w, r, Request{Endpoint: provider.Push})
	case "multicast":
		s.message(w, r, Request{Endpoint: provider.Multicast})
	case "validate/push":
		s.message(w, r, Request{Endpoint: provider.Push, Validate: true})
	case "validate/multicast":
		s.message(w, r, Request{Endpoint: provider.Multicast, Validate: true})
	case "quota", "quota/consumption":
		if r.Method == http.MethodGet {
			s.quota(w, r, path == "quota")
			return
		}
		s.refuse(w, http.StatusMethodNotAllowed, "Method Not Allowed")
	default:
		s.refuse(w, http.StatusNotFound, "Not found")
	}
}

// message answers a request that carries messages.
func (s *Server) message(w http.ResponseWriter, r *http.Request, q Request) {
	if r.Method != http.MethodPost {
		s.refuse(w, http.StatusMethodNotAllowed, "Method Not Allowed")
		return
	}
	s.calls.begin()
	defer s.calls.end()
	q.Token = token(r)
	q.Key = r.Header.Get("X-Line-Retry-Key")
	body, err := readBody(w, r)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		q.broken = &saysTooLarge
	case err != nil:
		cut(w) // the client broke off
		return
	case s.Sim.strict && !isJSON(r.Header.Get("Content-Type")):
		q.broken = &saysMediaType
	default:
		parseBody(&q, body, s.Sim.strict)
	}
	fate := s.Sim.Draw()
	s.pause(fate.Wait)
	d := s.Sim.Decide(&q, fate, s.now())
	s.pause(fate.Latency)
	switch d.Manner {
	case Cut:
		cut(w)
	case Held:
		s.hold(r)
		cut(w)
	default:
		write(w, &d)
	}
}

// readBody reads at most what LINE takes.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limited := http.MaxBytesReader(w, r.Body, maxBody)
	if n := r.ContentLength; n >= 0 && n <= maxBody {
		body := make([]byte, n)
		_, err := io.ReadFull(limited, body)
		return body, err
	}
	return io.ReadAll(limited)
}

func token(r *http.Request) string {
	bearer := r.Header.Get("Authorization")
	if len(bearer) > 7 && strings.EqualFold(bearer[:7], "bearer ") {
		return bearer[7:]
	}
	return ""
}

func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "application/json"
}

// pause lets time pass whether or not the client is still there; only closing the server ends it early.
func (s *Server) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.closed:
	}
}

// hold waits until the client gives up.
func (s *Server) hold(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.closed:
	}
}

// cut ends the connection without an answer, by a reset where that is possible.
func cut(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler) // net/http's way of breaking off; it doesn't log it
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // makes Close send a reset; without it Close ends the connection all the same
	}
	_ = conn.Close() // nobody to tell
}

func write(w http.ResponseWriter, d *Decision) {
	h := w.Header()
	d.header(h)
	body := d.appendBody(make([]byte, 0, 192))
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(d.Status)
	_, _ = w.Write(body) // a client that has left learns nothing
}

// refuse answers what isn't for the core.
func (s *Server) refuse(w http.ResponseWriter, status int, message string) {
	write(w, &Decision{Status: status, RequestID: s.Sim.nextID(), refused: &refusal{message: message}})
}

// quota answers the two questions about the month.
func (s *Server) quota(w http.ResponseWriter, r *http.Request, limit bool) {
	most, used, ok := s.Sim.Quota(token(r), s.now())
	if !ok {
		s.refuse(w, saysUnauthorized.status, saysUnauthorized.message)
		return
	}
	var body string
	switch {
	case !limit:
		body = `{"totalUsage":` + strconv.FormatInt(used, 10) + `}`
	case most == Unlimited:
		body = `{"type":"none"}`
	default:
		body = `{"type":"limited","value":` + strconv.FormatInt(most, 10) + `}`
	}
	h := w.Header()
	h.Set("X-Line-Request-Id", s.Sim.nextID().String())
	h.Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, body) // a client that has left learns nothing
}
