package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	cookieName  = "hayauma_session"
	sessionLong = 12 * time.Hour
)

var errSessionOver = errors.New("web: the session is over")

// sessions tells who has known the token.
type sessions struct {
	token string
	key   []byte
}

func newSessions(token string, secret []byte) sessions {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("hayauma console " + token))
	return sessions{token: token, key: mac.Sum(nil)}
}

// knows compares in a time that tells nothing.
func (s sessions) knows(token string) bool {
	want, got := sha256.Sum256([]byte(s.token)), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// seal is the cookie's value of a session that ends at a time.
func (s sessions) seal(end time.Time) string {
	text := strconv.FormatInt(end.Unix(), 10)
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(text))
	return text + "." + hex.EncodeToString(mac.Sum(nil))
}

// of tells until when a request's session lasts; zero: for ever, where no token is asked for.
func (s sessions) of(r *http.Request) (end time.Time, ok bool) {
	if s.token == "" {
		return time.Time{}, true
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return time.Time{}, false
	}
	text, _, _ := strings.Cut(cookie.Value, ".")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	end = time.Unix(seconds, 0)
	if subtle.ConstantTimeCompare([]byte(s.seal(end)), []byte(cookie.Value)) != 1 || !time.Now().Before(end) {
		return time.Time{}, false
	}
	return end, true
}

// cookie is a session's; with an empty value it ends one.
func (s sessions) cookie(r *http.Request, value string) *http.Cookie {
	c := &http.Cookie{
		Name: cookieName, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https", MaxAge: int(sessionLong.Seconds()),
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

// login is what the page to sign in shows.
type login struct{ Next, Wrong string }

func loginPath(next string) string {
	if next == "/" {
		return "/login"
	}
	return "/login?next=" + url.QueryEscape(next)
}

// local is a place of the console; whatever is none is its beginning.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsFunc(next, func(r rune) bool { return r == '\\' || r < ' ' }) {
		return "/"
	}
	return next
}

func (s *server) signIn(w http.ResponseWriter, r *http.Request) {
	next := local(r.FormValue("next"))
	if _, ok := s.session.of(r); ok {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	s.write(w, &page{Title: "Sign in", template: "login", Fixed: login{Next: next}})
}

func (s *server) signedIn(w http.ResponseWriter, r *http.Request) {
	next := local(r.PostFormValue("next"))
	if !s.session.knows(r.PostFormValue("token")) {
		s.Log.Warn("a sign-in to the console was refused", "remote", r.RemoteAddr)
		s.write(w, &page{Title: "Sign in", template: "login", status: http.StatusUnauthorized, Fixed: login{next, "That is not the daemon's API token."}})
		return
	}
	http.SetCookie(w, s.session.cookie(r, s.session.seal(time.Now().Add(sessionLong))))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (s *server) signOut(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, s.session.cookie(r, ""))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}
