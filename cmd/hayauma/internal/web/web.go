package web

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"sync/atomic"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

// Config is what the console stands on. API and Log are needed.
type Config struct {
	API      http.Handler    // answers everything else, and what the console asks
	Token    string          // the API's; empty: nobody signs in
	Secret   []byte          // known to all nodes of the cluster: a session is good on each
	Version  string          // of the daemon
	Stopping <-chan struct{} // closed when the daemon begins to stop: streams end
	Log      *slog.Logger
	Every    time.Duration // how often a page is looked at for its watchers; 0: as the page says
}

// viewFor is how long the making of a page may take.
const viewFor = 20 * time.Second

//go:embed assets templates
var files embed.FS

// server is the console.
type server struct {
	Config
	api     *client.Client
	session sessions
	list    campaignList
	windows memo[api.WindowList]
	census  memo[api.ActorList]
	streams atomic.Int32
}

// view makes a page of what the API knows.
type view func(ctx context.Context, r *http.Request) (*page, error)

// page is what a template shows.
type page struct {
	Title   string
	Section string // of the navigation
	Say     string // what is read aloud when it changes: few words, seldom others
	Fixed   any    // for the parts that stay
	Live    any    // for the part that is kept up to date

	template string
	status   int // 0: 200
}

// New makes the handler of the console and, behind it, of the API.
func New(cfg Config) http.Handler {
	s := &server{Config: cfg, api: client.Inside(cfg.API, cfg.Token), session: newSessions(cfg.Token, cfg.Secret)}
	mux := http.NewServeMux()
	mux.Handle("/", cfg.API)
	for _, route := range []struct {
		path  string
		view  view
		every time.Duration // 0: it is not kept up to date
	}{
		{"/{$}", s.overview, 2 * time.Second},
		{"/campaigns", s.campaigns, 3 * time.Second},
		{"/campaigns/{id}", s.campaign, time.Second},
		{"/campaigns/{id}/chunks", s.chunks, 0},
		{"/actors", s.actors, 3 * time.Second},
		{"/cluster", s.cluster, time.Second},
		{"/schedule", s.schedule, 5 * time.Second},
	} {
		mux.Handle("GET "+route.path, s.guarded(s.shown(route.view)))
		if route.every > 0 {
			mux.Handle("GET /live"+route.path, s.guarded(s.streamed(route.view, route.every)))
		}
	}
	mux.Handle("POST /campaigns/{id}/recipient", s.guarded(s.posted(s.shown(s.recipient))))
	mux.Handle("GET /login", s.headed(http.HandlerFunc(s.signIn)))
	mux.Handle("POST /login", s.headed(s.posted(http.HandlerFunc(s.signedIn))))
	mux.Handle("POST /logout", s.headed(s.posted(http.HandlerFunc(s.signOut))))
	mux.Handle("GET /assets/{name}", s.headed(http.HandlerFunc(asset)))
	return mux
}

const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'"

// headed gives every answer of the console the headers that keep it to itself.
func (s *server) headed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// guarded asks for a session where there is a token.
func (s *server) guarded(next http.Handler) http.Handler {
	return s.headed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		end, ok := s.session.of(r)
		switch {
		case ok && end.IsZero():
			next.ServeHTTP(w, r)
		case ok:
			ctx, cancel := context.WithDeadlineCause(r.Context(), end, errSessionOver)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		case r.Method == http.MethodGet && !isStream(r):
			http.Redirect(w, r, loginPath(r.URL.RequestURI()), http.StatusSeeOther)
		default:
			s.refuse(w, http.StatusUnauthorized, "Sign in first: the session is over, or the daemon's token has changed.")
		}
	}))
}

// maxForm bounds a form in bytes.
const maxForm = 4 << 10

// posted takes forms of the console's own pages only.
func (s *server) posted(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.refuse(w, http.StatusForbidden, "This form came from another site. Open the console and send it from there.")
	}))
	return origin.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			s.refuse(w, http.StatusBadRequest, "This form can't be read.")
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// shown answers with a page, or with what the API has refused.
func (s *server) shown(v view) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), viewFor)
		defer cancel()
		p, err := v(ctx, r)
		if err != nil {
			p = problemPage(err)
		}
		s.write(w, p)
	})
}

// problemPage is what there is instead of a page.
func problemPage(err error) *page {
	p := &page{Title: "This page can't be shown", template: "problem", status: http.StatusServiceUnavailable, Fixed: words(err)}
	if refused := (client.Error{}); errors.As(err, &refused) && refused.Status >= 400 {
		p.status = refused.Status
	}
	if p.status == http.StatusNotFound {
		p.Title = "Not found"
	}
	return p
}

// words are an error's for people.
func words(err error) string {
	if gone := (client.Unreachable{}); errors.As(err, &gone) {
		return "No answer in time: " + gone.Err.Error()
	}
	return err.Error()
}

func (s *server) refuse(w http.ResponseWriter, status int, text string) {
	s.write(w, &page{Title: http.StatusText(status), template: "problem", status: status, Fixed: text})
}

// frame is a page with what surrounds it.
type frame struct {
	*page
	Version string
	At      time.Time
	SignOut bool
}

// write answers with a page. It is made whole before anything is sent.
func (s *server) write(w http.ResponseWriter, p *page) {
	var b bytes.Buffer
	t := templates[p.template]
	f := frame{page: p, Version: s.Version, At: time.Now(), SignOut: s.Token != "" && p.template != "login"}
	if err := t.ExecuteTemplate(&b, "layout", f); err != nil {
		s.Log.Error("a page can't be made", "page", p.template, "error", err)
		http.Error(w, "internal error: see the daemon's log", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if p.status != 0 {
		w.WriteHeader(p.status)
	}
	_, _ = w.Write(b.Bytes()) // a client that has gone reads nothing
}

var assetTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// asset answers with a file that every page needs. It holds no secret, so it needs no session.
func asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	data, err := fs.ReadFile(files, "assets/"+name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", assetTypes[path.Ext(name)])
	w.Header().Set("Cache-Control", "no-cache") // another version of the daemon has another
	_, _ = w.Write(data)                        // a client that has gone reads nothing
}
