package webhook_test

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/webhook"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

const secret = "a secret"

// follows is the store of a system whose grains are all in one shard, of one role.
type follows struct {
	*journal.Memory
	read *atomic.Int64  // bytes that followers were given
	deaf *time.Duration // how long a follower doesn't hear that its context has ended
}

func (f follows) Follow(ctx context.Context, _, kind string, after uint64) iter.Seq2[journal.Sight, error] {
	return func(yield func(journal.Sight, error) bool) {
		defer func() { time.Sleep(*f.deaf) }()
		for s, err := range f.Memory.Follow(ctx, "all", kind, after) {
			f.read.Add(int64(len(s.Record.Data)))
			if !yield(s, err) {
				return
			}
		}
	}
}

// world is webhooks over campaigns and checkers that record what a test says.
type world struct {
	figures webhook.Figures
	*testing.T
	store    *journal.Memory
	sys      *engine.System
	receiver *receiver
	secret   atomic.Pointer[string]
	log      *lines
	jitter   float64
	read     atomic.Int64 // as in follows
	deaf     time.Duration
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, store: enginetest.NewStore(), receiver: &receiver{T: t}, log: &lines{}}
	w.setSecret(secret)
	w.start()
	return w
}

func (w *world) setSecret(s string) { w.secret.Store(&s) }

func (w *world) getenv(name string) string {
	if name != "SECRET" {
		return ""
	}
	return *w.secret.Load()
}

func registry(more ...func(*codec.Registry)) *codec.Registry {
	r := codec.NewRegistry()
	campaign.Register(r)
	checker.Register(r)
	webhook.Register(r)
	for _, f := range more {
		f(r)
	}
	return r
}

func (w *world) start() {
	w.sys = enginetest.NewSystem(w.T, enginetest.Options{Store: w.store, Log: slog.New(slog.NewTextHandler(w.log, nil)),
		Messages: registry(func(r *codec.Registry) { codec.Register[ofTomorrow](r, "campaign.of_tomorrow") })})
	engine.ServeDurable(w.sys, actors.Campaigns, func(id string) engine.Durable[actors.CampaignMsg, campaign.Event] { return &fakeCampaign{id: id} })
	engine.ServeDurable(w.sys, actors.Checkers, func(string) engine.Durable[actors.CheckerMsg, checker.Event] { return &fakeChecker{} })
	webhook.Serve(w.sys, webhook.Deps{
		Store: follows{w.store, &w.read, &w.deaf}, Objects: w.store, Messages: registry(), Cluster: w.store.ClusterID(), HTTP: w.receiver,
		Getenv: w.getenv, Jitter: func() float64 { return w.jitter }, Figures: &w.figures,
	})
}

// kill ends the process without a word, and starts another.
func (w *world) kill() {
	w.sys.Kill()
	w.start()
}

// lines is a log that a test reads.
type lines struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

// ofTomorrow is an event of a later version.
type ofTomorrow struct {
	campaign.Event `msgpack:"-"`
	X              int
}

type recordCampaign struct {
	actors.CampaignMsg
	events []campaign.Event
}

// fakeCampaign records what it is told to, and shows it.
type fakeCampaign struct {
	id     string
	glance campaign.Glance
	table  plan.Table
	chunks string
}

func (f *fakeCampaign) Apply(e campaign.Event) {
	if _, later := e.(ofTomorrow); later {
		return
	}
	f.glance.Apply(e)
	if p, ok := e.(campaign.Planned); ok {
		f.table, f.chunks = p.Table, p.Chunks
	}
}

func (f *fakeCampaign) Handle(c *engine.Context[actors.CampaignMsg], m actors.CampaignMsg) {
	info := f.glance.Info(f.id, c.Now())
	switch m := m.(type) {
	case recordCampaign:
		engine.Persist(c, m.events, func() { c.Respond(true) })
	case actors.Show:
		c.Respond(info)
	case actors.Layout:
		c.Respond(actors.RunLayout{Run: info.Run, Chunks: f.chunks, Table: f.table})
	}
}

type recordChecker struct {
	actors.CheckerMsg
	events []checker.Event
}

type fakeChecker struct{ campaign string }

func (f *fakeChecker) Apply(e checker.Event) {
	if o, ok := e.(checker.Opened); ok {
		f.campaign = o.Campaign
	}
}

func (f *fakeChecker) Handle(c *engine.Context[actors.CheckerMsg], m actors.CheckerMsg) {
	switch m := m.(type) {
	case recordChecker:
		engine.Persist(c, m.events, func() { c.Respond(true) })
	case actors.Origin:
		if f.campaign == "" {
			c.Respond(actors.Problem{Status: 404, Title: "no such run"})
			return
		}
		c.Respond(actors.RunOrigin{Campaign: f.campaign})
	}
}

func must[R any](w *world, r R, err error) R {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (w *world) campaign(id string, events ...campaign.Event) {
	w.Helper()
	ok, err := engine.Ask[bool](w.Context(), actors.Campaigns.Ref(w.sys, id), actors.CampaignMsg(recordCampaign{events: events}))
	must(w, ok, err)
}

func (w *world) checker(run string, events ...checker.Event) {
	w.Helper()
	ok, err := engine.Ask[bool](w.Context(), actors.Checkers.Ref(w.sys, run), actors.CheckerMsg(recordChecker{events: events}))
	must(w, ok, err)
}

func accepted(channel string) campaign.Accepted {
	now := time.Now()
	return campaign.Accepted{Definition: actors.Definition{Name: "spring sale", Channel: channel}, Audience: actors.Audience{Rows: 4}, At: now, Due: now}
}

func finished(delivered, unknown uint32) campaign.Finished {
	return campaign.Finished{State: actors.StateFinished, Totals: actors.Totals{actors.Delivered: delivered, actors.Unknown: unknown}, At: time.Now()}
}

// table is the plan of every run: three pushes, and one whose message could not be made.
var table = plan.Table{Recipients: 4, Chunks: []plan.Entry{{First: 0, Count: 3, Mode: plan.Push}, {First: 3, Count: 1, Mode: plan.Failed}}}

// frozen are its chunks, with U0 to U3, as package plan stores them.
func frozen() [][]byte {
	push := []byte{'C', 1, byte(plan.Push), 0, 3, 0}
	for i := range 3 {
		push = append(audience.AppendUser(push, fmt.Sprint("U", i)), make([]byte, len(plan.Hash{}))...)
	}
	failed := audience.AppendText(audience.AppendUser([]byte{'C', 1, byte(plan.Failed), 3, 1}, "U3"), "too long")
	return [][]byte{push, failed}
}

// run records a campaign with a planned run, run-ID, and its ledger.
func (w *world) run(id, channel string) {
	w.Helper()
	run, chunks := "run-"+id, "run.run-"+id
	for n, data := range frozen() {
		if err := w.store.Put(w.Context(), campaign.ChunkName(chunks, uint32(n)), data); err != nil {
			w.Fatal(err)
		}
	}
	w.campaign(id, accepted(channel), campaign.RunStarted{Run: run}, campaign.Planned{Chunks: chunks, Table: table})
	w.checker(run, checker.Opened{Campaign: id, Run: run, Table: table})
}

func (w *world) ask(name string, m actors.WebhookMsg) (actors.WebhookInfo, error) {
	return engine.Ask[actors.WebhookInfo](w.Context(), actors.Webhooks.Ref(w.sys, name), m)
}

func settings(name string) actors.WebhookSettings {
	return actors.WebhookSettings{Name: name, URL: "https://" + name + ".example/hook", SecretEnv: "SECRET"}
}

func (w *world) add(s actors.WebhookSettings) {
	w.Helper()
	info, err := w.ask(s.Name, actors.AddWebhook{Settings: s})
	must(w, info, err)
}

func (w *world) info(name string) actors.WebhookInfo {
	w.Helper()
	info, err := w.ask(name, actors.DescribeWebhook{})
	return must(w, info, err)
}

// delivery is a request as the receiver saw it.
type delivery struct {
	host string
	at   time.Time
	body string

	ID       string
	Type     string
	At       time.Time
	Campaign struct{ ID, Name, Channel, State, Run string }
	Data     struct {
		State      string
		Totals     struct{ Accepted, Delivered, Failed, Unknown, Pending uint32 }
		FinishedAt time.Time `json:"finished_at"`
		Recipients []struct {
			UserID string `json:"user_id"`
			Index  uint32
			State  string
			Reason string
		}
	}
}

// receiver is all endpoints. It verifies what it gets.
type receiver struct {
	*testing.T

	mu     sync.Mutex                               // guards what follows
	answer func(d delivery) (status int, err error) // nil: 200; a status below 0: none ever
	got    []delivery                               // what was answered or not
}

// answers says how it answers from now on.
func (r *receiver) answers(f func(d delivery) (status int, err error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// take is its answer to a delivery.
func (r *receiver) take(d delivery) (status int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, d)
	if r.answer == nil {
		return http.StatusOK, nil
	}
	return r.answer(d)
}

// RoundTrip implements [http.RoundTripper].
func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	raw, _ := io.ReadAll(req.Body)
	d := delivery{host: req.URL.Host, at: time.Now(), body: string(raw)}
	if err := json.Unmarshal(raw, &d); err != nil {
		r.Errorf("the body is %s: %v", raw, err)
	}
	id, seconds := req.Header.Get("Webhook-Id"), req.Header.Get("Webhook-Timestamp")
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s.%s.%s", id, seconds, raw)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); req.Header.Get("Webhook-Signature") != want || id != d.ID {
		r.Errorf("signed as %v, want %s", req.Header, want)
	}
	if seconds != strconv.FormatInt(time.Now().Unix(), 10) {
		r.Errorf("signed at %s", seconds)
	}
	status, err := r.take(d)
	if err != nil {
		return nil, err
	}
	if status < 0 {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	return &http.Response{StatusCode: status, Body: http.NoBody}, nil
}

// all is everything that came, and forgets it.
func (r *receiver) all() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// types are the types of what came, with the campaigns.
func types(got []delivery) string {
	var words []string
	for _, d := range got {
		words = append(words, strings.TrimPrefix(d.Type, "campaign.")+":"+cmp.Or(d.Campaign.ID, "-"))
	}
	return strings.Join(words, " ")
}
