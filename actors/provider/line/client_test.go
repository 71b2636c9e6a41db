package line_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/provider/providertest"
)

// serve runs a service by one function and returns a client for it.
func serve(t *testing.T, h http.HandlerFunc, c line.Config) *line.Client {
	t.Helper()
	web := httptest.NewServer(h)
	c.Endpoint = web.URL
	client := newClient(t, c)
	t.Cleanup(func() {
		client.CloseIdle()
		web.Close()
	})
	return client
}

func TestNothingListensIsUnsent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	for _, endpoint := range []string{"http://" + address, "http://name.invalid", "https://" + address} {
		answer := newClient(t, line.Config{Endpoint: endpoint}).Send(t.Context(), providertest.Push(1, "x"))
		if answer.Verdict != provider.Unsent || answer.Reason == "" {
			t.Errorf("%s: got %+v", endpoint, answer)
		}
	}
}

// A TLS handshake that fails comes before the request.
func TestFailedHandshakeIsUnsent(t *testing.T) {
	var hits atomic.Int32
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	web.Config.ErrorLog = quiet()
	web.StartTLS()
	defer web.Close()
	answer := newClient(t, line.Config{Endpoint: web.URL}).Send(t.Context(), providertest.Push(1, "x"))
	if answer.Verdict != provider.Unsent || hits.Load() != 0 {
		t.Errorf("got %+v after %d requests", answer, hits.Load())
	}
}

// While one call holds the only connection, another's time runs out: that one never left.
func TestWaitingForAConnectionIsUnsent(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		io.WriteString(w, "{}")
	}, line.Config{MaxInFlight: 1})
	first := make(chan provider.Answer)
	go func() { first <- client.Send(t.Context(), providertest.Push(1, "first")) }()
	<-arrived
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if answer := client.Send(ctx, providertest.Push(2, "second")); answer.Verdict != provider.Unsent {
		t.Errorf("got %+v", answer)
	}
	close(release)
	if answer := <-first; answer.Verdict != provider.Accepted {
		t.Errorf("the first got %+v", answer)
	}
}

// Whatever breaks once the body has left is doubtful, and net/http doesn't repeat it, not even on a kept connection that was closed.
func TestBrokenConnectionsAreDoubtfulAndNotRepeated(t *testing.T) {
	breaks := map[string]func(w http.ResponseWriter, c net.Conn){
		"no answer":     func(_ http.ResponseWriter, c net.Conn) {},
		"half a status": func(_ http.ResponseWriter, c net.Conn) { io.WriteString(c, "HTTP/1.1 2") },
		"half a header": func(_ http.ResponseWriter, c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Le") },
		"half a body": func(_ http.ResponseWriter, c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}")
		},
		"not HTTP": func(_ http.ResponseWriter, c net.Conn) { io.WriteString(c, "220 mail.example ready\r\n") },
		"an endless body": func(_ http.ResponseWriter, c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n{"+strings.Repeat(" ", 1<<20))
		},
	}
	for name, breaks := range breaks {
		t.Run(name, func(t *testing.T) {
			var hits atomic.Int32
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if hits.Add(1) == 1 {
					io.WriteString(w, "{}") // the connection is kept, and the next request comes on it
					return
				}
				conn, _, err := w.(http.Hijacker).Hijack()
				if err == nil {
					breaks(w, conn)
					conn.Close()
				}
			}, line.Config{})
			if answer := client.Send(t.Context(), providertest.Push(1, "x")); answer.Verdict != provider.Accepted {
				t.Fatalf("got %+v", answer)
			}
			answer := client.Send(t.Context(), providertest.Push(2, "y"))
			if answer.Verdict != provider.Doubtful || hits.Load() != 2 {
				t.Errorf("got %+v after %d requests, want a doubtful one after 2", answer, hits.Load())
			}
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var hits atomic.Int32
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}, line.Config{})
	if answer := client.Send(t.Context(), providertest.Push(1, "x")); answer.Verdict != provider.Doubtful || hits.Load() != 1 {
		t.Errorf("got %+v after %d requests", answer, hits.Load())
	}
}

func TestTokenIsReadAtEachUse(t *testing.T) {
	var seen atomic.Value
	seen.Store("")
	const name = "HAYAUMA_TEST_LINE_TOKEN"
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Header.Get("Authorization"))
		io.WriteString(w, "{}")
	}, line.Config{Token: line.TokenFromEnv(name, "tokyo-1")})
	for _, token := range []string{"one", "two"} {
		t.Setenv(name, token)
		if answer := client.Send(t.Context(), providertest.Push(1, "x")); answer.Verdict != provider.Accepted || seen.Load() != "Bearer "+token {
			t.Errorf("got %+v with %q", answer, seen.Load())
		}
	}
	seen.Store("nothing")
	for _, token := range []string{"", " ", "two\x01words", "a b"} {
		t.Setenv(name, token)
		answer := client.Send(t.Context(), providertest.Push(1, "x"))
		if answer.Verdict != provider.Unauthorized || seen.Load() != "nothing" {
			t.Errorf("token %q: got %+v, sent %q", token, answer, seen.Load())
		}
		if strings.TrimSpace(token) == "" && !strings.Contains(answer.Reason, name+" is not set on node tokyo-1") {
			t.Errorf("the reason doesn't name the variable and the node: %s", answer.Reason)
		}
	}
	var refused *line.AnswerError
	if _, err := client.Quota(t.Context()); !errors.As(err, &refused) || refused.Answer.Verdict != provider.Unauthorized {
		t.Errorf("quota: got %v", err)
	}
}

func TestQuotaThatCannotBeRead(t *testing.T) {
	for _, body := range []string{`{}`, `{"type":"some"}`, `[`, `{"type":"limited","value":"x"}`} {
		client := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }, line.Config{})
		var unreadable *line.AnswerError
		if q, err := client.Quota(t.Context()); !errors.As(err, &unreadable) || unreadable.Answer.Verdict != provider.Doubtful {
			t.Errorf("%s: got %+v, %v", body, q, err)
		}
	}
}

func TestConfigurationErrorsTellTheFix(t *testing.T) {
	token := func() (string, error) { return "t", nil }
	for want, c := range map[string]line.Config{
		"Config.Token is missing":  {},
		"leave out /v2/bot":        {Token: token, Endpoint: "https://api.line.me/v2/bot/"},
		"give http:// or https://": {Token: token, Endpoint: "api.line.me"},
		"must not be negative":     {Token: token, MaxInFlight: -1},
		"is not a URL":             {Token: token, Endpoint: "http://[::1"},
	} {
		if _, err := line.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// broken fails without a word of connections.
type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

// A transport that doesn't tell whether the request had a connection may have sent it.
func TestAnotherTransportsFailuresAreDoubtful(t *testing.T) {
	client := newClient(t, line.Config{})
	client.Over(broken{})
	if answer := client.Send(t.Context(), providertest.Push(1, "x")); answer.Verdict != provider.Doubtful {
		t.Errorf("got %+v", answer)
	}
}

// Channels that share connections don't hold some each.
func TestClientsShareAPool(t *testing.T) {
	var opened atomic.Int32
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") }))
	web.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	web.Start()
	defer web.Close()
	pool := line.NewPool(8)
	for i := range 20 {
		client := newClient(t, line.Config{Endpoint: web.URL, Pool: pool})
		if answer := client.Send(t.Context(), providertest.Push(i, "x")); answer.Verdict != provider.Accepted {
			t.Fatalf("got %+v", answer)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("20 clients that call in turn opened %d connections, want 1", n)
	}
}

// counted counts what is written to a connection.
type counted struct {
	net.Conn
	writes *atomic.Int32
}

func (c counted) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// A push costs one packet, not one for the header and one for the body.
func TestHeaderAndBodyAreWrittenAtOnce(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") }))
	defer web.Close()
	var writes atomic.Int32
	pool := line.NewPool(1)
	pool.Dialed(func(c net.Conn) net.Conn { return counted{c, &writes} })
	client := newClient(t, line.Config{Endpoint: web.URL, Pool: pool})
	for i := range 3 {
		if answer := client.Send(t.Context(), providertest.Push(i, "Hello, Ada.")); answer.Verdict != provider.Accepted {
			t.Fatalf("got %+v", answer)
		}
	}
	if n := writes.Load(); n != 3 {
		t.Errorf("3 pushes were written in %d pieces", n)
	}
}

// canned answers at once, so that what is left is the client's own cost.
type canned struct{}

func (canned) RoundTrip(r *http.Request) (*http.Response, error) {
	io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{}`))}, nil
}

func TestSendAllocatesLittle(t *testing.T) {
	client := newClient(t, line.Config{})
	client.Over(canned{})
	call := providertest.Push(1, "Hello, Ada. Your code is 12345.")
	const limit = 18 // 17 measured, some of them in this test's transport
	if n := testing.AllocsPerRun(200, func() { client.Send(t.Context(), call) }); n > limit {
		t.Errorf("%v allocations for a push without net/http, at most %d are allowed", n, limit)
	}
}
