package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/cmd/hayauma/internal/config"
)

const programToken = "of the programs"

// program is another program, which has nothing but a NATS client.
type program struct {
	*testing.T
	conn *nats.Conn
	key  string
}

func newProgram(t *testing.T, url string) *program {
	t.Helper()
	conn, err := nats.Connect(url, nats.UserInfo("client", programToken), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return &program{T: t, conn: conn, key: t.Name()}
}

// ask asks with the token; params and body may be empty.
func (p *program) ask(operation, params, body string) (status string, answer string, err error) {
	m := nats.NewMsg("hayauma.v1." + operation)
	m.Header = nats.Header{"Authorization": {"Bearer " + programToken}, "Params": {params}, "Idempotency-Key": {p.key}}
	m.Data = []byte(body)
	a, err := p.conn.RequestMsg(m, 30*time.Second)
	if err != nil {
		return "", "", err
	}
	return a.Header.Get("Hayauma-Status"), string(a.Data), nil
}

func (p *program) must(status, operation, params, body string) string {
	p.Helper()
	got, answer, err := p.ask(operation, params, body)
	if err != nil || got != status {
		p.Fatalf("%s %s: %s %s %v, want %s", operation, params, got, answer, err, status)
	}
	return answer
}

// submission is a small campaign in one message.
func submission(n int) string {
	rows := make([]map[string]string, n)
	for i := range rows {
		rows[i] = map[string]string{"user_id": fmt.Sprintf("U%032x", i), "name": fmt.Sprint("friend ", i)}
	}
	body, _ := json.Marshal(map[string]any{"audience": rows, "campaign": map[string]any{
		"name": "n", "channel": "shop", "messages": []map[string]string{{"type": "text", "text": "hi {{ name }}"}}}})
	return string(body)
}

func (p *program) submit(key string, n int) (id string) {
	p.Helper()
	p.key = key
	status, answer, err := p.ask("submit-campaign", "", submission(n))
	for late := time.Now().Add(40 * time.Second); err == nil && status == "503" && time.Now().Before(late); { // as it is told
		status, answer, err = p.ask("submit-campaign", "", submission(n))
	}
	var s struct{ ID string }
	if err != nil || status != "202" || json.Unmarshal([]byte(answer), &s) != nil || s.ID == "" {
		p.Fatalf("submitted: %s %s %v", status, answer, err)
	}
	return s.ID
}

// told is what is published, as it is kept: it begins with the first.
type told struct {
	*testing.T
	ctx      jetstream.ConsumeContext
	mu       sync.Mutex
	last     map[string]uint64 // number by kind and grain; guarded by mu
	words    []string          // types and grains; guarded by mu
	campaign map[string]string // of a run; guarded by mu
}

// listen follows the stream as any program would. A gap in a grain's numbers, or a user's id, is an error.
func (p *program) listen() *told {
	p.Helper()
	js, err := jetstream.New(p.conn)
	if err != nil {
		p.Fatal(err)
	}
	c, err := js.OrderedConsumer(p.Context(), "PUB", jetstream.OrderedConsumerConfig{FilterSubjects: []string{"pub.>"}})
	if err != nil {
		p.Fatal(err)
	}
	l := &told{T: p.T, last: map[string]uint64{}, campaign: map[string]string{}}
	if l.ctx, err = c.Consume(l.take); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(l.ctx.Stop)
	return l
}

func (l *told) take(m jetstream.Msg) {
	var e struct {
		ID, Type, Kind, Grain, Campaign string
		Number                          uint64
	}
	if err := json.Unmarshal(m.Data(), &e); err != nil || m.Headers().Get(jetstream.MsgIDHeader) != e.ID {
		l.Errorf("%v: %s", err, m.Data())
	}
	if strings.Contains(string(m.Data()), "U0000") {
		l.Errorf("a user is named: %s", m.Data())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	grain := e.Kind + "/" + e.Grain
	if last := l.last[grain]; e.Number != last+1 && last != 0 || last == 0 && e.Kind != "channel" && e.Number != 1 {
		l.Errorf("%s %s has number %d after %d", e.Type, grain, e.Number, last)
	}
	l.last[grain] = e.Number
	l.campaign[e.Grain] = e.Campaign
	l.words = append(l.words, e.Type+" "+e.Grain)
}

// await waits until all of these were told.
func (l *told) await(words ...string) {
	l.Helper()
	for deadline := time.Now().Add(40 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		l.mu.Lock()
		all := strings.Join(l.words, "\n")
		l.mu.Unlock()
		missing := ""
		for _, w := range words {
			if !strings.Contains(all, w) {
				missing = w
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			l.Fatalf("%s was not told:\n%s", missing, all)
		}
	}
}

// A program gives orders and hears what comes of them over the embedded server, and over a restart of the daemon.
func TestProgramsOverTheEmbeddedServer(t *testing.T) {
	_, sim := simulator(t, "")
	t.Setenv("APP_TEST_TOKEN", "secret")
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.MemoryLimit, cfg.Token = t.TempDir(), "127.0.0.1:0", 0, programToken
	cfg.NATS.Listen, cfg.NATS.API, cfg.PublishEvents = freeAddress(t), true, true
	a, _ := start(t, cfg, logTo(t, "alone"))
	p := newProgram(t, "nats://"+cfg.NATS.Listen)
	p.must("200", "add-channel", "", `{"name":"shop","provider":"line","endpoint":"`+sim+`","token_env":"APP_TEST_TOKEN"}`)
	p.must("200", "set-recipient-settings", "name=shop&user="+fmt.Sprintf("U%032x", 1), `{"opt_out":true}`)
	heard := p.listen()
	first := p.submit("one", 5)
	if again := p.submit("one", 5); again != first {
		t.Errorf("the same key makes %s and %s", first, again)
	}
	p.must("422", "submit-campaign", "", submission(6))
	p.must("422", "submit-campaign", "", `{"campaign":{"name":"n"},"audience":[]}`)
	p.must("404", "show-campaign", "id=00000000-0000-0000-0000-000000000000", "")
	m, err := p.conn.Request("hayauma.v1.list-campaigns", nil, 10*time.Second)
	if err != nil || m.Header.Get("Hayauma-Status") != "401" || !strings.Contains(string(m.Data), "wrong or missing API token") {
		t.Errorf("without a token: %v, %v", m, err)
	}
	heard.await("campaign.accepted "+first, "campaign.run_started "+first, "campaign.planned "+first, "campaign.window_opened "+first, "checker.settled ",
		"campaign.finished "+first)
	if s := p.must("200", "show-campaign", "id="+first, ""); !strings.Contains(s, `"delivered":`) {
		t.Errorf("shown as %s", s)
	}

	stop(t, a)
	if _, err := p.conn.Request("hayauma.v1.list-campaigns", nil, 200*time.Millisecond); err == nil {
		t.Error("a stopped daemon answers")
	}
	a, _ = start(t, cfg, logTo(t, "again"))
	defer stop(t, a)
	for deadline := time.Now().Add(20 * time.Second); !p.conn.IsConnected() && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	second := p.submit("two", 3)
	p.must("200", "pause-campaign", "id="+second, "")
	heard.await("campaign.finished "+first, "campaign.accepted "+second)
	heard.mu.Lock()
	defer heard.mu.Unlock()
	for grain, campaign := range heard.campaign {
		if campaign != "" && campaign != first && campaign != second {
			t.Errorf("%s belongs to %s", grain, campaign)
		}
	}
}

// Two nodes on one server answer for each other. One is drained, on another's word: every request meanwhile is answered, and nothing of
// what happens is left out though the publisher moves.
func TestProgramsOverADrain(t *testing.T) {
	if testing.Short() {
		t.Skip("two daemons")
	}
	url := sharedNATS(t)
	_, sim := simulator(t, "")
	t.Setenv("APP_TEST_TOKEN", "secret")
	p := newProgram(t, url)
	for i := range 2 {
		cfg := node(t, fmt.Sprint("n", i), url)
		cfg.Token, cfg.NATS.API, cfg.PublishEvents = programToken, true, true
		a, c := start(t, cfg, logTo(t, cfg.Node))
		defer stop(t, a)
		if i == 1 {
			settled(t, c, 2)
		}
	}
	p.must("200", "add-channel", "", `{"name":"shop","provider":"line","endpoint":"`+sim+`","token_env":"APP_TEST_TOKEN"}`)
	heard := p.listen()
	ids := []string{p.submit("before", 50)}
	heard.await("campaign.finished " + ids[0])

	ctx, cancel := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	asked := 0
	asking.Go(func() {
		other := &program{T: t, conn: p.conn, key: "x"}
		for ; ctx.Err() == nil; asked++ {
			if status, answer, err := other.ask("list-channels", "", ""); err != nil || status != "200" && status != "503" {
				t.Errorf("during the drain: %s %s %v", status, answer, err)
				return
			}
		}
	})
	p.must("202", "drain-node", "", `{"node":"n0"}`)
	for i := range 5 {
		ids = append(ids, p.submit(fmt.Sprint("during", i), 20))
	}
	for _, id := range ids {
		heard.await("campaign.finished " + id)
	}
	cancel()
	asking.Wait()
	for range 50 {
		p.must("200", "list-channels", "", "") // who has left is not asked
	}
	t.Logf("%d requests", asked)
	js, err := jetstream.New(p.conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "PUB")
	if err != nil {
		t.Fatal(err)
	}
	kept := stream.CachedInfo().State
	t.Logf("figure: %d campaigns, %d events published, %d bytes kept for each", len(ids), kept.Msgs, kept.Bytes/kept.Msgs)
}
