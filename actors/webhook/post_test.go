package webhook

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The vector is that of the Standard Webhooks libraries.
func TestSignature(t *testing.T) {
	at, body := time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`)
	got, err := sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
	if err != nil || got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("%s, %v", got, err)
	}
	plain, err := sign("not base64!", "i", at, body)
	if other, _ := sign("not base64?", "i", at, body); err != nil || plain == other {
		t.Errorf("a plain secret signs as %s, another as %s: %v", plain, other, err)
	}
	for _, bad := range []string{"whsec_", "whsec_not base64!"} {
		if _, err := sign(bad, "i", at, body); err == nil || strings.Contains(err.Error(), "not base64!") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// counted counts what is read of a body.
type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func (counted) Close() error { return nil }

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAnswersAreReadInPart(t *testing.T) {
	var n atomic.Int64
	client := newClient(trip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: counted{bytes.NewReader(make([]byte, 1<<20)), &n}}, nil
	}))
	if status, err := post(t.Context(), client, letter{id: "i", url: "http://h/", secret: "s"}); status != 200 || err != nil {
		t.Errorf("%d, %v", status, err)
	}
	if n.Load() != maxAnswer {
		t.Errorf("%d bytes were read", n.Load())
	}
}

func TestAnswers(t *testing.T) {
	var others atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		case "/elsewhere":
			others.Add(1)
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/slow":
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		case "/ok":
			if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
				w.WriteHeader(http.StatusBadRequest)
			}
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	defer server.Close()
	transport := newTransport().(*http.Transport)
	defer transport.CloseIdleConnections()
	for path, want := range map[string]struct {
		status int
		err    string
	}{
		"/ok": {204, ""}, "/gone": {410, "410 Gone"}, "/moved": {307, "307 Temporary Redirect"}, "/slow?key=hidden": {0, "no answer in time"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if strings.HasPrefix(path, "/slow") {
			ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
		}
		status, err := post(ctx, newClient(transport), letter{id: "i", url: server.URL + path, secret: "s", body: []byte("{}")})
		cancel()
		if status != want.status || (err == nil) != (want.err == "") || err != nil && !strings.Contains(err.Error(), want.err) {
			t.Errorf("%s: %d, %v", path, status, err)
		}
	}
	if others.Load() != 0 {
		t.Error("a redirect was followed")
	}
	server.Close()
	_, err := post(t.Context(), newClient(transport), letter{id: "i", url: server.URL + "/?key=hidden", secret: "s"})
	if err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("nobody listens: %v", err)
	}
}
