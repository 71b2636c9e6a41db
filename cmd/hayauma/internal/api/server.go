package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/catalog"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/recipient"
	"hayauma.example/cmd/hayauma/internal/census"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// Deps are what the API stands on. All are required, but for Token.
type Deps struct {
	System   *engine.System
	Store    journal.Store
	List     *catalog.Catalog // running
	Objects  journal.Objects
	Token    string   // bearer token; empty: none is asked for
	Temp     *os.Root // for an upload's temporary files
	Version  string
	Metrics  http.Handler
	Ready    func() error // nil error: the daemon does its work
	Cluster  Cluster
	Census   *census.Census
	Provider func(actors.Settings) (provider.Provider, error) // a channel's client, on this node
	Room     func(bytes uint64) error                         // refuses temporary files that the disk has no room for
	Stopping <-chan struct{}                                  // closed when the daemon begins to stop: streams end
	Log      *slog.Logger

	Recipients *recipient.Addresses // where users' settings are
	Traffic    *Traffic             // nil: nobody asks what it has counted
	// Settings are those of a channel's users, as this node has them; nil: nobody has any.
	Settings func(ctx context.Context, channel string) (campaign.Settings, error)
}

// Limits of requests.
const (
	askTimeout   = 10 * time.Second // one question to a grain
	stallTimeout = 60 * time.Second // a client that neither sends nor reads
	stallFor     = time.Second      // a request waits as long for a store that gives no answers
	stallLook    = 50 * time.Millisecond
)

type server struct {
	Deps
	places      *places
	explains    *places
	validations validations
	api         huma.API
}

// New makes the API's handler.
func New(d Deps) *API {
	s, mux := newServer(d)
	mux.Handle("GET /metrics", d.Metrics)
	mux.HandleFunc("/", elsewhere(mux))
	return &API{Handler: s.guard(mux), doc: s.api.OpenAPI()}
}

// Document is the OpenAPI document that a daemon of this build serves, as 3.1; its Downgrade is the form 3.0.
func Document(version string) *huma.OpenAPI {
	s, _ := newServer(Deps{Version: version}) // what an operation stands on is asked for when it is called
	return s.api.OpenAPI()
}

// newServer has everything that the document tells of.
func newServer(d Deps) (*server, *http.ServeMux) {
	if d.Traffic == nil {
		d.Traffic = &Traffic{}
	}
	s := &server{Deps: d, places: newPlaces(maxUploads), explains: newPlaces(maxExplains)}
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Hayauma", d.Version)
	config.Info.Description = "Durable delivery of bulk and scheduled messages. `delivered` means that the provider accepted a message: LINE gives no receipt."
	config.RejectUnknownQueryParameters = true // a mistyped filter must not export everything
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	config.Security = []map[string][]string{{"token": {}}}
	s.api = humago.New(mux, config)
	s.registerChannels()
	s.registerWebhooks()
	s.registerFigures()
	s.registerExperiments()
	s.registerCampaigns()
	s.registerRecipients()
	s.registerWindows()
	s.registerSettings(mux)
	s.registerMessages(mux)
	s.registerEvents()
	s.registerCluster()
	s.registerActors()
	s.registerHealth()
	s.registerSubmit(mux)
	s.registerExplain(mux)
	return s, mux
}

// elsewhere answers what no route takes: a known path with the methods that it has, any other with 404.
func elsewhere(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodPatch, http.MethodPost, http.MethodPut} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != "/" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			writeProblem(w, huma.NewError(http.StatusNotFound, "no such resource: "+excerpt(r.Method)+" "+excerpt(r.URL.Path)+"; see /openapi.json"))
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		writeProblem(w, huma.NewError(http.StatusMethodNotAllowed, excerpt(r.Method)+" is not possible on "+excerpt(r.URL.Path)+", but "+strings.Join(allowed, ", ")))
	}
}

// tokenID names whose Idempotency-Keys are told apart. There is one API token, so there is one name, and it is not made of the secret:
// a request that is repeated after the token was changed, or was first set, must not become a second campaign.
const tokenID = "default"

// guard asks for the token and turns a panic into a 500.
func (s *server) guard(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(s.Token))
	return http.HandlerFunc(func(plain http.ResponseWriter, r *http.Request) {
		w := &begun{ResponseWriter: plain}
		defer w.farewell(r, r.Body)
		defer s.Traffic.count(r, w, time.Now())
		defer s.recovered(w, r)
		if s.Token != "" && !open(r.URL.Path) {
			given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			sum := sha256.Sum256([]byte(given))
			if !ok || subtle.ConstantTimeCompare(sum[:], want[:]) != 1 {
				w.Header().Set("WWW-Authenticate", `Bearer realm="hayauma"`)
				writeProblem(w, huma.NewError(http.StatusUnauthorized,
					"wrong or missing API token: set HAYAUMA_TOKEN to the daemon's, or send it as Authorization: Bearer TOKEN"))
				return
			}
		}
		if why := s.rests(r); why != "" {
			writeProblem(w, stalled(why))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// rests tells why a request would wait in vain: what it asks for is in the store, or has to be known to be up to date. One that comes
// while the store changes its leader waits for a moment.
func (s *server) rests(r *http.Request) (why string) {
	if !strings.HasPrefix(r.URL.Path, "/v1/") || r.URL.Path == "/v1/cluster" || strings.HasPrefix(r.URL.Path, "/v1/actors") {
		return ""
	}
	look := time.NewTicker(stallLook)
	defer look.Stop()
	for end := time.Now().Add(stallFor); ; {
		if why = s.Cluster.Stalled(); why == "" || time.Now().After(end) {
			return why
		}
		select {
		case <-look.C:
		case <-r.Context().Done():
			return why
		}
	}
}

func (s *server) recovered(w *begun, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v) // net/http's own way to end a connection
	}
	s.Log.Error("request panicked", "method", excerpt(r.Method), "route", r.Pattern, "panic", v)
	if w.yes {
		panic(http.ErrAbortHandler) // a second answer behind half of the first would be taken for the rest of it
	}
	writeProblem(w, huma.NewError(http.StatusInternalServerError, "internal error: see the daemon's log"))
}

// begun remembers that an answer has begun.
type begun struct {
	http.ResponseWriter
	yes    bool
	status int // 0: 200, if yes
}

// WriteHeader implements [http.ResponseWriter].
func (b *begun) WriteHeader(status int) {
	if !b.yes {
		b.status = status
	}
	if b.yes = true; status >= http.StatusBadRequest {
		_ = http.NewResponseController(b.ResponseWriter).EnableFullDuplex() // without it net/http reads some of the body before it answers
	}
	b.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (b *begun) Write(p []byte) (int, error) {
	b.yes = true
	return b.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }

func open(path string) bool { return path == "/healthz" || path == "/readyz" }

// health is the answer of both health routes.
type health struct {
	Body struct {
		Status   string   `json:"status" enum:"ok"`
		Warnings []string `json:"warnings,omitempty" doc:"What is amiss in the fleet though this node does its work, such as a role that no node carries."`
	}
}

func (s *server) registerHealth() {
	free := []map[string][]string{{}}
	ok := func() *health {
		h := &health{}
		h.Body.Status = "ok"
		return h
	}
	huma.Register(s.api, huma.Operation{OperationID: "healthz", Method: http.MethodGet, Path: "/healthz", Summary: "The process lives", Security: free},
		func(context.Context, *struct{}) (*health, error) { return ok(), nil })
	huma.Register(s.api, huma.Operation{OperationID: "readyz", Method: http.MethodGet, Path: "/readyz", Summary: "The daemon takes work",
		Security: free, Errors: []int{503}},
		func(context.Context, *struct{}) (*health, error) {
			if err := s.Ready(); err != nil {
				return nil, huma.Error503ServiceUnavailable(err.Error())
			}
			h := ok()
			h.Body.Warnings = s.Cluster.Status().Warnings() // no reason to send requests elsewhere
			return h, nil
		})
}
