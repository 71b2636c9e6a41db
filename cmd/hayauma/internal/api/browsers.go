package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Browsers refuses what a page of another site makes a browser send, which reaches a daemon on its user's own machine: orders, and, where no
// token keeps strangers out, whatever comes for a name that is not this machine's. Any site can give its name our address after its page is
// loaded (DNS rebinding); what it then asks for and reads is of the same origin.
func Browsers(token string, next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, huma.Error403Forbidden("a page of another site sent this: orders are given by programs, or from the daemon's own address"))
	}))
	next = origin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token == "" && !ownName(r.Host) {
			writeProblem(w, huma.NewError(http.StatusMisdirectedRequest,
				"a daemon without a token answers to localhost and to addresses, not to the name "+excerpt(r.Host)+": set HAYAUMA_TOKEN, or use 127.0.0.1"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownName tells whether nobody else can have a Host's name: it is localhost, or no name but an address. Without one it is no browser's.
func ownName(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}
