package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"os"
	"strings"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

// Config is what the listener shows. Token may be empty, Flight nil; the functions are called at each request.
type Config struct {
	Token   string // empty: none is asked for
	Level   *slog.LevelVar
	Flight  *Flight // nil: off
	Log     *slog.Logger
	Version string
	Node    string
	Metrics func() http.Handler      // nil: there are none yet
	Cluster func() any               // the view, to be written as JSON; nil: there is none yet
	Temp    func() (*os.File, error) // an empty file that is gone when it is closed
}

// Level is the body of /debug/log-level.
type Level struct {
	Level string `json:"level"`
}

type server struct{ Config }

// New makes the listener's handler.
func New(cfg Config) http.Handler {
	s := &server{cfg}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/log-level", s.showLevel)
	mux.HandleFunc("POST /debug/log-level", s.setLevel)
	mux.HandleFunc("POST /debug/flight", s.flight)
	mux.HandleFunc("GET /debug/dump", s.dump)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "no such resource here: this is the admin listener; there are /debug/pprof/, /debug/log-level, /debug/flight and /debug/dump")
	})
	return s.guard(api.Browsers(s.Token, mux))
}

func (s *server) guard(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(s.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		sum := sha256.Sum256([]byte(given))
		if s.Token != "" && (!ok || subtle.ConstantTimeCompare(sum[:], want[:]) != 1) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="hayauma"`)
			refuse(w, http.StatusUnauthorized, "wrong or missing API token: set HAYAUMA_TOKEN to the daemon's, or send it as Authorization: Bearer TOKEN")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(api.Problem{Status: status, Title: http.StatusText(status), Detail: why}) // a client that has gone reads nothing
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that has gone reads nothing
}

func (s *server) showLevel(w http.ResponseWriter, _ *http.Request) {
	answer(w, Level{nameOf(s.Level.Level())})
}

// maxOrder bounds the body of an order, in bytes.
const maxOrder = 1 << 10

func (s *server) setLevel(w http.ResponseWriter, r *http.Request) {
	var order Level
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrder))
	in.DisallowUnknownFields()
	if err := in.Decode(&order); err != nil {
		refuse(w, http.StatusUnprocessableEntity, `the body is not {"level":"debug"}: `+err.Error())
		return
	}
	level, err := ParseLevel(order.Level)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	was := nameOf(s.Level.Level())
	s.Level.Set(min(level, slog.LevelInfo)) // so that the change itself can be read
	s.Log.Info("log level changed by an operator's word", "was", was, "level", order.Level)
	s.Level.Set(level)
	answer(w, order)
}

// levels are those that can be set.
var levels = []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

// ParseLevel reads a level's name.
func ParseLevel(name string) (slog.Level, error) {
	for _, l := range levels {
		if nameOf(l) == name {
			return l, nil
		}
	}
	return 0, fmt.Errorf("level %q is none of debug, info, warn, error", name)
}

func nameOf(l slog.Level) string { return strings.ToLower(l.String()) }

func (s *server) flight(w http.ResponseWriter, _ *http.Request) {
	k, err := s.Flight.Keep(time.Now())
	switch {
	case errors.Is(err, ErrNoFlight), errors.Is(err, ErrNoData):
		refuse(w, http.StatusConflict, err.Error())
	case err != nil:
		s.Log.Error("flight record not kept", "error", err)
		refuse(w, http.StatusInternalServerError, err.Error())
	default:
		s.Log.Info("flight record kept by an operator's word", "file", k.File, "bytes", k.Bytes)
		answer(w, k)
	}
}

// dump answers with everything in one file.
func (s *server) dump(w http.ResponseWriter, _ *http.Request) {
	room, err := s.Temp()
	if err != nil {
		refuse(w, http.StatusInsufficientStorage, "a dump needs a temporary file: "+err.Error())
		return
	}
	defer func() { _ = room.Close() }() // it is gone then, and was only read
	began := time.Now().UTC()
	w.Header().Set("Content-Type", "application/gzip")
	w.Header().Set("Content-Disposition", `attachment; filename="hayauma-dump-`+began.Format("20060102T150405Z")+`.tar.gz"`)
	if err := writeDump(w, room, s.parts(), began); err != nil {
		s.Log.Error("dump broke off", "error", err)
		panic(http.ErrAbortHandler) // the client must not take a part for the whole
	}
}

// part is one file of a dump.
type part struct {
	name  string
	write func(w io.Writer) error
}
