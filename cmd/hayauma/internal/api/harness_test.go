package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/catalog"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/message"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/recipient"
	"hayauma.example/actors/tally"
	"hayauma.example/actors/webhook"
	"hayauma.example/cluster"
	"hayauma.example/cluster/clustertest"
	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/census"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// desk is the API over the real campaigns and channels and a store in memory. Nothing is sent: there are no posters.
type desk struct {
	*testing.T
	store *journal.Memory
	sys   *engine.System
	url   string
	token string
	fleet *fakeFleet
	line  *fakeLine
	temp  *os.Root
	seen  *answered // nil: nobody asks for it

	traffic *api.Traffic
}

func newDesk(t *testing.T, token string) *desk {
	store := journal.NewMemory(uuid.New())
	member, err := clustertest.Alone(cluster.MemberConfig{
		Self: roster.Member{Roles: actors.AllRoles()}, Objects: objects.NewMemory(store).Client("desk"), Journal: store,
	})
	if err != nil {
		t.Fatal(err)
	}
	registry := codec.NewRegistry()
	campaign.Register(registry)
	channel.Register(registry)
	checker.Register(registry)
	tally.Register(registry)
	recipient.Register(registry)
	message.Register(registry)
	webhook.Register(registry)
	sys, err := engine.New(engine.Config{
		Log: slog.New(slog.DiscardHandler), Incarnation: member.Status().Incarnation, Messages: registry, Journal: member, Directory: member,
	})
	if err != nil {
		t.Fatal(err)
	}
	temp, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	freezer := campaign.Freezer{Objects: store, Dir: temp, Check: line.CheckMessages}
	campaign.Serve(sys, campaign.Deps{Objects: store, Plan: freezer.Freeze})
	channel.Serve(sys, channel.Deps{Getenv: func(string) string { return "token" }})
	checker.Serve(sys, checker.Deps{History: history(sys)})
	tally.Serve(sys, actors.Statistics)
	tally.Serve(sys, actors.Usages)
	tally.Serve(sys, actors.Experiments)
	recipient.Serve(sys, recipient.NewAddresses(shardNumber))
	message.Serve(sys, message.Deps{})
	webhook.Serve(sys, webhook.Deps{
		Store: store, Objects: store, Messages: registry, Cluster: store.ClusterID(), Getenv: func(string) string { return "secret" },
	})
	if err := member.Start(t.Context(), sys); err != nil {
		t.Fatal(err)
	}
	list := catalog.New(catalog.Config{Store: store, Messages: registry})
	listing, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { list.Run(listing) })
	fleet, account, traffic := &fakeFleet{}, &fakeLine{}, &api.Traffic{}
	people, err := census.New(sys, func() []census.Member { return []census.Member{{Node: "one", Incarnation: sys.Incarnation()}} })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(api.New(api.Deps{
		Cluster: fleet, Census: people, Traffic: traffic,
		System: sys, Store: store, List: list, Objects: store, Recipients: recipient.NewAddresses(shardNumber), Token: token, Temp: temp, Version: "test",
		Provider: func(actors.Settings) (provider.Provider, error) { return account, nil }, Room: account.checkRoom,
		Metrics: http.NotFoundHandler(), Ready: fleet.ready, Log: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(func() {
		server.Close()
		stop()
		running.Wait()
		sys.Kill()
		member.Kill()
		temp.Close()
	})
	d := &desk{T: t, store: store, sys: sys, url: server.URL, token: token, fleet: fleet, line: account, temp: temp, traffic: traffic}
	d.want(200, d.do(http.MethodPost, "/v1/channels", `{"name":"shop","provider":"line","endpoint":"http://127.0.0.1:1","token_env":"T"}`))
	return d
}

func shardNumber(role, key string) int { return cluster.ShardOf(role, key).Number }

// fakeLine answers what an explanation asks. The zero value finds everything fine.
type fakeLine struct {
	mu        sync.Mutex
	quota     provider.Quota
	quotaErr  error
	judge     func(ctx context.Context, messages string) provider.Answer // nil: all are accepted
	room      func(bytes uint64) error                                   // nil: there is room
	validated []time.Time                                                // when
	endpoints []provider.Endpoint
}

// Send implements [provider.Provider]: nothing is ever sent.
func (f *fakeLine) Send(context.Context, provider.Call) provider.Answer {
	panic("an explanation sends")
}

// Validate implements [provider.Provider].
func (f *fakeLine) Validate(ctx context.Context, e provider.Endpoint, messages json.RawMessage) provider.Answer {
	f.mu.Lock()
	f.validated, f.endpoints = append(f.validated, time.Now()), append(f.endpoints, e)
	judge := f.judge
	f.mu.Unlock()
	if judge == nil {
		return provider.Answer{Verdict: provider.Accepted, Status: 200}
	}
	return judge(ctx, string(messages))
}

// Quota implements [provider.Provider].
func (f *fakeLine) Quota(context.Context) (provider.Quota, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.quota, f.quotaErr
}

func (f *fakeLine) checkRoom(bytes uint64) error {
	f.mu.Lock()
	room := f.room
	f.mu.Unlock()
	if room == nil {
		return nil
	}
	return room(bytes)
}

// history reads what a run's checker has recorded.
func history(sys *engine.System) checker.History {
	return func(ctx context.Context, run string) iter.Seq2[checker.Recorded, error] {
		return func(yield func(checker.Recorded, error) bool) {
			for r, err := range engine.History(ctx, sys, actors.Checkers, run) {
				event, _ := r.Event.(checker.Event)
				if !yield(checker.Recorded{At: r.At, Event: event}, err) {
					return
				}
			}
		}
	}
}

// answer is a response that was read.
type answer struct {
	status int
	body   string
	header http.Header
}

func (d *desk) do(method, path, body string) answer {
	d.Helper()
	req, err := http.NewRequestWithContext(d.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return d.send(req)
}

func (d *desk) send(req *http.Request) answer {
	d.Helper()
	if d.token != "" && req.Header.Get("Authorization") == "" {
		req.Header.Set("Authorization", "Bearer "+d.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		d.Fatal(err)
	}
	a := answer{resp.StatusCode, string(raw), resp.Header}
	d.conforms(req, a)
	return a
}

func (d *desk) want(status int, a answer, parts ...string) {
	d.Helper()
	if a.status != status {
		d.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if status >= 400 && a.header.Get("Content-Type") != "application/problem+json" {
		d.Errorf("a problem of the type %q: %s", a.header.Get("Content-Type"), a.body)
	}
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			d.Errorf("the answer lacks %q: %s", part, a.body)
		}
	}
}

// later is a schedule that keeps a campaign from being planned during a test.
const later = `"schedule":{"at":"2035-01-01T00:00:00Z"}`

// file is a campaign file that is good but for what a test changes.
func file(messages string) string {
	return `{"name":"n","channel":"shop","messages":` + messages + `,` + later + `}`
}

const (
	text  = `[{"type":"text","text":"hi {{ name }}"}]`
	userA = "U0000000000000000000000000000000a"
	userB = "U0000000000000000000000000000000b"
	rows  = "user_id,name\n" + userA + ",Ann\n" + userB + ",Bob\n"
)

// form is a submission.
type form struct {
	key, campaign  string
	audience       string
	kind, encoding string
}

func (f form) body() (*bytes.Buffer, string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part := func(name, kind, encoding, content string) {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", `form-data; name="`+name+`"`)
		h.Set("Content-Type", kind)
		if encoding != "" {
			h.Set("Content-Encoding", encoding)
		}
		p, _ := w.CreatePart(h)
		_, _ = io.WriteString(p, content)
	}
	if f.kind == "" {
		f.kind = "text/csv"
	}
	part("campaign", "application/json", "", f.campaign)
	part("audience", f.kind, f.encoding, f.audience)
	_ = w.Close()
	return &b, w.FormDataContentType()
}

// explain asks what a campaign would become.
func (d *desk) explain(f form, query string) answer {
	d.Helper()
	body, kind := f.body()
	req, err := http.NewRequestWithContext(d.Context(), http.MethodPost, d.url+"/v1/campaigns/explain"+query, body)
	if err != nil {
		d.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	return d.send(req)
}

// nothingOnDisk waits until no temporary file is left.
func (d *desk) nothingOnDisk() {
	d.Helper()
	d.eventually("no temporary file is left", func() bool {
		left, err := fs.ReadDir(d.temp.FS(), ".")
		return err == nil && len(left) == 0
	})
}

func (d *desk) submit(f form) answer {
	d.Helper()
	body, kind := f.body()
	return d.post(d.Context(), f.key, kind, body)
}

func (d *desk) post(ctx context.Context, key, kind string, body io.Reader) answer {
	d.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/v1/campaigns", body)
	if err != nil {
		d.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return d.send(req)
}

func (a answer) id(t *testing.T) string {
	t.Helper()
	var s api.Submitted
	if err := json.Unmarshal([]byte(a.body), &s); err != nil || s.ID == "" {
		t.Fatalf("no id in %q: %v", a.body, err)
	}
	return s.ID
}

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.String()
}

// eventually waits for what happens off the request.
func (d *desk) eventually(what string, ok func() bool) {
	d.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			d.Fatalf("not within 5 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// nothingStored waits until no audience part is left.
func (d *desk) nothingStored() {
	d.Helper()
	d.eventually("the store holds no parts", func() bool {
		stats, err := d.store.Stats(d.Context())
		return err == nil && stats.Objects == 0
	})
}
