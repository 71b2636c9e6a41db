package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// startingAgain is when a client may ask a daemon that starts again, in seconds.
const startingAgain = "2"

// Starting answers while a daemon starts: the process lives, and takes nothing yet. reason says what it waits for.
func Starting(reason func() string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"status":"ok"}` + "\n")) // a client that has gone reads nothing
			return
		}
		w.Header().Set("Retry-After", startingAgain)
		writeProblem(w, huma.NewError(http.StatusServiceUnavailable, "the daemon is starting: "+reason()))
	})
}
