package ingress_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"hayauma.example/cluster/natsnode"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/ingress"
)

// server is a NATS server that takes clients.
func server(t *testing.T) *natsnode.Node {
	t.Helper()
	n, err := natsnode.Open(t.Context(), natsnode.Config{DataDir: t.TempDir(),
		Clients: natsnode.Clients{Listen: "127.0.0.1:0", Requests: []string{ingress.Prefix + ">"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return n
}

func client(t *testing.T, n *natsnode.Node) *nats.Conn {
	t.Helper()
	c, err := nats.Connect("nats://" + n.ClientAddress())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

var operations = []api.Operation{
	{ID: "pause-thing", Method: "POST", Path: "/v1/things/{id}/pause"},
	{ID: "submit-thing", Method: "POST", Path: "/v1/things", Form: true},
	{ID: "list-things", Method: "GET", Path: "/v1/things"},
}

func serve(t *testing.T, n *natsnode.Node, h http.HandlerFunc, timeout time.Duration) *ingress.Ingress {
	t.Helper()
	return servePatiently(t, n, h, timeout, 0)
}

func servePatiently(t *testing.T, n *natsnode.Node, h http.HandlerFunc, timeout, patience time.Duration) *ingress.Ingress {
	t.Helper()
	conn, err := n.Dial("ingress")
	if err != nil {
		t.Fatal(err)
	}
	in, err := ingress.Start(t.Context(), ingress.Config{Conn: conn, Handler: h, Operations: operations, Version: "dev", Node: "n0",
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Timeout: timeout, Patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, in) })
	return in
}

func stop(t *testing.T, in *ingress.Ingress) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := in.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func ask(t *testing.T, c *nats.Conn, operation, body string, header nats.Header) *nats.Msg {
	t.Helper()
	m, err := c.RequestMsg(&nats.Msg{Subject: ingress.Prefix + operation, Header: header, Data: []byte(body)}, 20*time.Second)
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return m
}

// echo shows what a request is.
func echo(w http.ResponseWriter, r *http.Request) {
	if r.ParseMultipartForm(1<<20) == nil {
		for _, name := range []string{"campaign", "audience"} {
			for _, f := range r.MultipartForm.File[name] {
				part, _ := f.Open()
				text, _ := io.ReadAll(part)
				fmt.Fprintf(w, "%s %s %s\n", name, f.Header.Get("Content-Type"), text)
			}
		}
		return
	}
	body, _ := io.ReadAll(r.Body)
	rc := http.NewResponseController(w)
	if rc.SetReadDeadline(time.Now()) != nil || rc.SetWriteDeadline(time.Now()) != nil || rc.Flush() != nil {
		panic("an answer takes no deadlines")
	}
	w.Header().Set("X-Answer", "yes")
	w.WriteHeader(http.StatusTeapot)
	fmt.Fprintf(w, "%s %s %s %s %s %s", r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), body)
}

func TestRequestsAreThoseOfHTTP(t *testing.T) {
	n := server(t)
	serve(t, n, echo, 0)
	c := client(t, n)
	m := ask(t, c, "pause-thing", `{"a":1}`, nats.Header{"authorization": {"Bearer t"}, "params": {"id=a%2Fb+c&limit=3"}, "Nats-X": {"no"}})
	if s := string(m.Data); s != `POST /v1/things/a%2Fb%20c/pause limit=3 Bearer t application/json {"a":1}` {
		t.Errorf("asked: %s", s)
	}
	if m.Header.Get(ingress.HeaderStatus) != "418" || m.Header.Get("X-Answer") != "yes" || m.Header.Get(micro.ErrorCodeHeader) != "418" {
		t.Errorf("answered with %v", m.Header)
	}
	if s := string(ask(t, c, "list-things", "", nil).Data); s != "GET /v1/things    " {
		t.Errorf("asked: %s", s)
	}
	for body, want := range map[string]string{
		`{"campaign": {"name": "n"}, "audience": [{"user_id": "U1"}, {"user_id":"U2"}]}`: "campaign application/json {\"name\": \"n\"}\n" +
			"audience application/x-ndjson {\"user_id\":\"U1\"}\n{\"user_id\":\"U2\"}\n\n",
		`{"campaign": {}, "audience": "user_id\nU1"}`: "campaign application/json {}\naudience text/csv user_id\nU1\n",
	} {
		if m := ask(t, c, "submit-thing", body, nil); string(m.Data) != want || m.Header.Get(ingress.HeaderStatus) != "200" {
			t.Errorf("%s: %v %q", body, m.Header, m.Data)
		}
	}
}

func TestBadRequests(t *testing.T) {
	n := server(t)
	serve(t, n, func(http.ResponseWriter, *http.Request) { t.Error("asked") }, 0)
	c := client(t, n)
	for _, tc := range []struct {
		operation, body string
		header          nats.Header
		status, want    string
	}{
		{"pause-thing", "", nil, "400", "the parameter id is missing"},
		{"pause-thing", "", nats.Header{"Params": {"id=%zz"}}, "400", "not encoded as a query"},
		{"list-things", "", nats.Header{"X": {strings.Repeat("x", 17<<10)}}, "431", "headers have"},
		{"submit-thing", "", nats.Header{"Content-Type": {"application/json"}}, "400", "EOF"},
		{"submit-thing", "[]", nil, "400", "JSON object with the members"},
		{"submit-thing", `{"campaign":{}}`, nil, "400", "one of them is missing"},
		{"submit-thing", `{"campaign":{},"audience":7}`, nil, "400", "neither an array"},
		{"submit-thing", `{"campaign":{},"audience":[],"more":1}`, nil, "400", "unknown field"},
		{"submit-thing", `{"campaign":{},"audience":[]} {}`, nil, "400", "something follows"},
	} {
		m := ask(t, c, tc.operation, tc.body, tc.header)
		var p struct {
			Status int
			Detail string
		}
		err := json.Unmarshal(m.Data, &p)
		if err != nil || m.Header.Get("Content-Type") != "application/problem+json" || m.Header.Get(ingress.HeaderStatus) != tc.status || fmt.Sprint(p.Status) != tc.status ||
			!strings.Contains(p.Detail, tc.want) {
			t.Errorf("%s %s: %v %s", tc.operation, tc.body, m.Header, m.Data)
		}
	}
	if _, err := c.Request(ingress.Prefix+"submit-thing", make([]byte, c.MaxPayload()+1), time.Second); !errors.Is(err, nats.ErrMaxPayload) {
		t.Errorf("too large: %v", err)
	}
	if _, err := c.Request(ingress.Prefix+"no-thing", nil, time.Second); !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("no operation: %v", err)
	}
}

// What a handler does wrong is its own: too much of an answer, no end, a panic.
func TestHandlersAreBounded(t *testing.T) {
	n := server(t)
	freed := make(chan struct{})
	serve(t, n, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("do") {
		case "much":
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					break
				}
			}
			<-r.Context().Done()
		case "hang":
			<-freed
		case "late":
			<-r.Context().Done()
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, "late")
		case "panic":
			fmt.Fprint(w, "half an answ")
			panic(http.ErrAbortHandler)
		}
	}, 300*time.Millisecond)
	defer close(freed)
	c := client(t, n)
	for do, want := range map[string]string{
		"much": "413 larger than a NATS message", "hang": "504 may have had its effect", "late": "503 late", "panic": "500 broken off", "": "200 ",
	} {
		status, text, _ := strings.Cut(want, " ")
		m := ask(t, c, "list-things", "", nats.Header{"Params": {"do=" + do}})
		if m.Header.Get(ingress.HeaderStatus) != status || !strings.Contains(string(m.Data), text) {
			t.Errorf("%q: %v %s", do, m.Header, m.Data)
		}
	}
}

// Never more than a few at once are in handlers; who comes when too many are here is told so.
func TestAtOnce(t *testing.T) {
	n := server(t)
	var now, most atomic.Int64
	open := make(chan struct{})
	servePatiently(t, n, func(http.ResponseWriter, *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		<-open
		now.Add(-1)
	}, 0, 20*time.Second)
	c := client(t, n)
	const many = 700
	got := make(chan string, many)
	var all sync.WaitGroup
	for range many {
		all.Go(func() {
			m, err := c.Request(ingress.Prefix+"list-things", nil, 20*time.Second)
			if err != nil {
				got <- err.Error()
				return
			}
			got <- m.Header.Get(ingress.HeaderStatus)
		})
	}
	counts := map[string]int{}
	for range many - 512 {
		counts[<-got]++
	}
	if counts["503"] != many-512 {
		t.Errorf("refused %v", counts)
	}
	close(open)
	all.Wait()
	for range 512 {
		counts[<-got]++
	}
	if counts["200"] != 512 || most.Load() > 16 {
		t.Errorf("answers %v, %d at once", counts, most.Load())
	}
	if m, err := c.Request("$SRV.STATS.hayauma", nil, 5*time.Second); err != nil || !strings.Contains(string(m.Data), `"answered":512`) {
		t.Errorf("statistics %s, %v", m.Data, err)
	}
}

// While all handlers hang, whoever asks is told to try again, long before he gives up; afterwards he is served.
func TestBusyIsSaidSoon(t *testing.T) {
	n := server(t)
	open, entered := make(chan struct{}), make(chan struct{}, 16)
	serve(t, n, func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-open
	}, 0)
	c := client(t, n)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() { ask(t, c, "list-things", "", nil) })
	}
	for range 16 {
		<-entered
	}
	for range 3 {
		all.Go(func() {
			m, err := c.Request(ingress.Prefix+"list-things", nil, 10*time.Second)
			if err != nil {
				t.Error(err)
			} else if m.Header.Get(ingress.HeaderStatus) != "503" || m.Header.Get("Retry-After") != "1" || !strings.Contains(string(m.Data), "try again") {
				t.Errorf("%v %s", m.Header, m.Data)
			}
			entered <- struct{}{}
		})
	}
	for range 3 {
		<-entered
	}
	close(open)
	all.Wait()
	if m := ask(t, c, "list-things", "", nil); m.Header.Get(ingress.HeaderStatus) != "200" {
		t.Errorf("afterwards %v", m.Header)
	}
}

// One node stops: what is there is answered, what comes then goes to the other; when that has stopped too, the client is told at once.
func TestStopLeavesToOthers(t *testing.T) {
	n := server(t)
	entered, open := make(chan struct{}), make(chan struct{})
	first := serve(t, n, func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-open
		fmt.Fprint(w, "first")
	}, 0)
	c := client(t, n)
	answer := make(chan string, 1)
	go func() {
		m, err := c.Request(ingress.Prefix+"list-things", nil, 20*time.Second)
		if err != nil {
			answer <- err.Error()
			return
		}
		answer <- string(m.Data)
	}()
	<-entered
	second := serve(t, n, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "second") }, 0)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop(t, first)
	}()
	deadline := time.Now().Add(10 * time.Second)
	for { // until it has unsubscribed
		m, err := c.Request("$SRV.PING.hayauma", nil, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		var p micro.Ping
		info := second.Info()
		if json.Unmarshal(m.Data, &p) == nil && p.ID == info.ID && pings(t, c) == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("both are there")
		}
	}
	for range 100 {
		if m := ask(t, c, "list-things", "", nil); string(m.Data) != "second" {
			t.Fatalf("answered by %s", m.Data)
		}
	}
	close(open)
	if got := <-answer; got != "first" {
		t.Errorf("what was there is answered with %s", got)
	}
	<-stopped
	stop(t, second)
	if _, err := c.Request(ingress.Prefix+"list-things", nil, 5*time.Second); !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("with nobody there: %v", err)
	}
}

// pings counts the services.
func pings(t *testing.T, c *nats.Conn) (count int) {
	t.Helper()
	inbox := c.NewRespInbox()
	sub, err := c.SubscribeSync(inbox)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := c.PublishRequest("$SRV.PING.hayauma", inbox, nil); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := sub.NextMsg(200 * time.Millisecond); err != nil {
			return count
		}
		count++
	}
}

// A server that is away doesn't hold a stop up, and is no failure of it.
func TestStopWithoutServer(t *testing.T) {
	n, err := natsnode.Open(t.Context(), natsnode.Config{DataDir: t.TempDir(), Clients: natsnode.Clients{Listen: "127.0.0.1:0", Requests: []string{ingress.Prefix + ">"}}})
	if err != nil {
		t.Fatal(err)
	}
	in := serve(t, n, echo, 0)
	if err := n.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := in.Stop(ctx); err != nil || time.Since(began) > 10*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}
