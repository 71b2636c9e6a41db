package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSignIn(t *testing.T) {
	d := newDesk(t, secret)
	for _, path := range allPages {
		r := d.get(path)
		d.want(http.StatusSeeOther, r)
		if to := r.Header.Get("Location"); path != "/" && to != "/login?next="+url.QueryEscape(path) || strings.Contains(r.body, "spring") {
			t.Errorf("%s leads to %s: %s", path, to, r.body)
		}
	}
	d.want(401, d.get("/live/cluster"))
	d.want(401, d.do(http.MethodPost, "/campaigns/"+theID+"/recipient", url.Values{"user": {"U1"}}), "Sign in first")
	if asked := d.api.requests(); len(asked) > 0 {
		t.Errorf("a stranger has the API asked %v", asked)
	}

	d.want(200, d.get("/login"), "API token")
	wrong := d.do(http.MethodPost, "/login", url.Values{"token": {"another"}, "next": {"/actors"}})
	d.want(401, wrong, "not the daemon", `value="/actors"`)
	if len(wrong.Cookies()) > 0 {
		t.Error("a wrong token gets a cookie")
	}
	d.want(403, d.do(http.MethodPost, "/login", url.Values{"token": {secret}}, "Sec-Fetch-Site", "cross-site"))
	right := d.do(http.MethodPost, "/login", url.Values{"token": {secret}, "next": {"/actors?kind=poster"}})
	d.want(http.StatusSeeOther, right)
	if to := right.Header.Get("Location"); to != "/actors?kind=poster" {
		t.Errorf("signed in, and led to %s", to)
	}
	c := right.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Secure || strings.Contains(c.Value, secret) {
		t.Errorf("the cookie is %v", c)
	}
	for _, path := range allPages {
		d.want(200, d.get(path), "Sign out")
	}
	d.want(401, d.get("/v1/cluster"), "wrong or missing API token") // a cookie is no token
	d.want(http.StatusSeeOther, d.get("/login"))

	d.want(http.StatusSeeOther, d.do(http.MethodPost, "/logout", url.Values{}))
	d.want(http.StatusSeeOther, d.get("/"))
}

func TestSecureCookieBehindTLS(t *testing.T) {
	d := newDesk(t, secret)
	r := d.do(http.MethodPost, "/login", url.Values{"token": {secret}}, "X-Forwarded-Proto", "https")
	if !r.Cookies()[0].Secure {
		t.Error("a cookie that was given over TLS would go over plain HTTP")
	}
}

func TestNobodySignsInWithoutAToken(t *testing.T) {
	d := newDesk(t, "")
	r := d.get("/")
	d.want(200, r)
	if strings.Contains(r.body, "Sign out") {
		t.Error("there is nothing to sign out of")
	}
	d.want(http.StatusSeeOther, d.get("/login"))
}

func TestSessions(t *testing.T) {
	s := newSessions(secret, []byte("of the cluster"))
	request := func(value string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: cookieName, Value: value})
		return r
	}
	good := s.seal(time.Now().Add(time.Hour))
	if _, ok := newSessions(secret, []byte("of the cluster")).of(request(good)); !ok {
		t.Error("another node doesn't take the session")
	}
	mac := good[strings.Index(good, "."):]
	bad := map[string]string{
		"over": s.seal(time.Now().Add(-time.Second)), "stretched": "9999999999" + mac, "of another token": newSessions("other", []byte("of the cluster")).seal(time.Now().Add(time.Hour)),
		"of another cluster": newSessions(secret, []byte("another")).seal(time.Now().Add(time.Hour)), "empty": "", "no number": "x" + mac, "cut": good[:len(good)-1], "a point": ".",
	}
	for what, value := range bad {
		if _, ok := s.of(request(value)); ok {
			t.Errorf("a session that is %s is taken", what)
		}
	}
	if _, ok := s.of(httptest.NewRequest(http.MethodGet, "/", nil)); ok {
		t.Error("no session is taken for one")
	}
}

func TestOnlyLocalPlacesFollowASignIn(t *testing.T) {
	for _, good := range []string{"/", "/campaigns?state=running", "/campaigns/" + theID} {
		if local(good) != good {
			t.Errorf("%s becomes %s", good, local(good))
		}
	}
	for _, bad := range []string{"", "//evil.example", "///evil.example", `/\evil.example`, "https://evil.example/", "javascript:alert(1)", "campaigns", "/a\nb", "/%zz"} {
		if got := local(bad); got != "/" {
			t.Errorf("%q becomes %s", bad, got)
		}
	}
	if !slices.Contains([]string{"/login"}, loginPath("/")) {
		t.Error("the beginning needs no name")
	}
}
