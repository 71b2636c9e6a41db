package live

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hayauma.example/grafana/board"
	"hayauma.example/grafana/draw"
)

// The proof ends within this; a real-time run of the alerts alone would take hours.
const most = 6 * time.Minute

// Each alert has so long to fire and to clear: its own time at the scale is under half of it.
const patience = 60 * time.Second

// stage is a fault and the alerts that are its own.
type stage struct {
	what   string
	begin  func()
	end    func()
	alerts []expected
}

type expected struct {
	name   string
	labels map[string]string
}

// TestProof: under load and faults every panel has data; each alert fires under its own fault and clears after it.
func TestProof(t *testing.T) {
	if os.Getenv("HAYAUMA_PROOF") == "" {
		t.Skip("HAYAUMA_PROOF is not set: the full gate sets it")
	}
	if _, err := exec.LookPath("prometheus"); err != nil {
		t.Skip("prometheus is not installed (Debian package prometheus)")
	}
	w := newWorld(t)
	began := time.Now()
	p := prometheus(t, w.dir, w.listens[:])
	load(w)
	await(t, patience, "posters work", func() bool { return p.value(t, `sum(hayauma_actor_messages_handled_total{kind="poster"})`) > 500 })
	seen := map[string]bool{}
	for _, s := range stages(w) {
		if !s.run(t, p) {
			w.tell()
		}
		for _, a := range s.alerts {
			seen[a.name] = true
		}
	}
	for _, a := range board.Alerts() {
		if !seen[a.Name] {
			t.Errorf("no fault is made for %s", a.Name)
		}
	}
	span := draw.Span{From: began, To: time.Now()}
	for _, d := range board.Dashboards() {
		if err := everyPanelHasData(p, d, span); err != "" {
			t.Errorf("%s:%s", d.UID, err)
		}
	}
	pictures(t, p, span)
	if took := time.Since(began); took > most {
		t.Errorf("it took %v, over %v", took, most)
	} else if !t.Failed() {
		t.Logf("figure: every panel of 4 dashboards has data, %d alerts fire and clear, in %.0f s", len(seen), took.Seconds())
	}
}

// load is everything that figures come of: campaigns by push and by multicast, a series, a webhook, an opted-out recipient.
func load(w *world) {
	w.channel("shop", "push=100,multicast=20")
	w.channel("crm", "push=50")
	w.cli("webhook", "add", "hook", "--url", w.hook.URL, "--secret-env", "HOOK_SECRET", "--events", "campaign.started,campaign.progress,campaign.finished")
	w.cli("recipient", "set", "shop", user(1), "--opt-out")
	w.submit("equal", "shop", "Good morning.", 1, 2000, "")
	w.submit("personal", "shop", "Good morning, {{ name }}.", 1, 25_000, "")
	w.cli("message", "send", "shop", user(2), "--text", "Your table is ready.")
	w.cli("message", "send", "shop", user(1), "--text", "He doesn't want it.")
	soon := time.Now().Add(5 * time.Second).UTC().Format(time.RFC3339)
	w.submit("series", "shop", "Every minute, {{ name }}.", 1, 8000, "schedule: {at: "+soon+", cron: '* * * * *', overlap: skip}")
}

func stages(w *world) []stage {
	node := func(i int) map[string]string { return map[string]string{"instance": w.listens[i]} }
	shop := map[string]string{"channel": "shop"}
	return []stage{
		{
			what:  "an actor that is stuck, one with a backlog, many with one",
			begin: func() { w.drill(0, "stuck"); w.drill(1, "backlog"); w.drill(2, "many") },
			end:   func() { w.drill(0, ""); w.drill(1, ""); w.drill(2, "") },
			alerts: []expected{
				{"MailboxStuck", node(0)}, {"MailboxBacklog", node(1)}, {"TopKSaturated", node(2)},
			},
		},
		{
			what:   "an actor whose backlog grows, messages to one that is gone, a provider that throttles, recipients that it refuses",
			begin:  func() { w.drill(0, "grow"); w.drill(1, "dead"); w.order("/_sim/faults", "429=0.5"); w.refuse() },
			end:    func() { w.drill(0, ""); w.drill(1, ""); w.order("/_sim/faults", "latency=20ms"); w.strangers("active") },
			alerts: []expected{{"BacklogGrowing", node(0)}, {"DeadLetters", nil}, {"ProviderThrottled", shop}, {"SendErrorRatio", map[string]string{"channel": "crm"}}},
		},
		{
			what:   "a provider that doesn't answer",
			begin:  func() { w.sim.signal(syscall.SIGSTOP) },
			end:    func() { w.sim.signal(syscall.SIGCONT) },
			alerts: []expected{{"CampaignStalled", nil}, {"DeliveryUnconfirmed", shop}},
		},
		{
			what:   "two of three nodes hang",
			begin:  func() { w.freeze(1, 2) },
			end:    func() { w.thaw(1, 2); w.ready() },
			alerts: []expected{{"RemoteQueue", node(0)}, {"JournalErrors", node(0)}, {"ScrapeMissing", node(1)}},
		},
		{
			what:   "a node is killed",
			begin:  func() { w.nodes[1].kill() },
			end:    func() { w.serve(1); w.ready() },
			alerts: []expected{{"MemberDown", nil}},
		},
		{
			what:   "all nodes hang while campaigns are due",
			begin:  func() { w.late() },
			end:    func() {},
			alerts: []expected{{"CampaignStartLate", nil}},
		},
	}
}

const firstStranger, strangers = 1 << 20, 2500

// refuse has the provider know nobody of an audience.
func (w *world) refuse() {
	w.strangers("unknown")
	w.submit("strangers", "crm", "Hello, {{ name }}.", firstStranger, strangers, "")
}

// strangers has the provider know them, or not.
func (w *world) strangers(what string) {
	var lines strings.Builder
	for i := range strangers {
		lines.WriteString(what + " " + user(firstStranger+i) + "\n")
	}
	w.order("/_sim/users", lines.String())
}

// late freezes all nodes over the due time of some campaigns, which it has accepted long before.
func (w *world) late() {
	w.t.Helper()
	due := time.Now().Add(8 * time.Second)
	for _, name := range []string{"late1", "late2", "late3"} {
		w.submit(name, "crm", "Later, {{ name }}.", 1, 20, "schedule: {at: "+due.UTC().Format(time.RFC3339Nano)+"}")
	}
	before := due.Add(-500 * time.Millisecond)
	if over := time.Since(before); over > 0 {
		w.t.Errorf("three campaigns were accepted %v too late to be frozen before they are due", over)
	}
	time.Sleep(time.Until(before))
	w.freeze(0, 1, 2)
	time.Sleep(time.Until(due.Add(4 * time.Second)))
	w.thaw(0, 1, 2)
}

// run makes the fault, waits until its alerts fire, ends it, and waits until they have cleared.
func (s stage) run(t *testing.T, p *server) bool {
	t.Helper()
	ok := s.all(t, p, "quiet before", false)
	s.begin()
	ok = s.all(t, p, "firing under", true) && ok
	s.end()
	return s.all(t, p, "clear after", false) && ok
}

// tell logs what the channels and campaigns are.
func (w *world) tell() {
	w.t.Helper()
	for _, path := range []string{"/v1/channels", "/v1/campaigns"} {
		resp, err := http.Get("http://" + w.listens[0] + path)
		if err != nil {
			w.t.Log(err)
			continue
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		w.t.Logf("%s: %s %v", path, text, err)
	}
}

// all waits until all alerts of the stage fire, or none does. One that doesn't is a failure of the test, and the other stages are run.
func (s stage) all(t *testing.T, p *server, what string, fire bool) bool {
	t.Helper()
	began := time.Now()
	left := s.alerts
	for len(left) > 0 && time.Since(began) < patience {
		var still []expected
		for _, a := range left {
			if p.firing(t, a.name, a.labels) != fire {
				still = append(still, a)
			} else if what != "quiet before" {
				t.Logf("%-20s %s, after %4.1f s: %s", a.name, what, time.Since(began).Seconds(), s.what)
			}
		}
		left = still
		time.Sleep(250 * time.Millisecond)
	}
	for _, a := range left {
		t.Errorf("%s is not %s: %s (%v)", a.name, what, s.what, a.labels)
	}
	return len(left) == 0
}

// everyPanelHasData asks each panel's queries over the span. What stands behind "or vector" is no data.
func everyPanelHasData(p *server, d board.Dashboard, span draw.Span) (missing string) {
	for panel := range d.Panels {
		for _, q := range panel.Queries {
			expr := strings.TrimSuffix(board.Fill(q.Expr, "6s"), " or vector(0)")
			series, err := p.Range(context.Background(), expr, span)
			has := false
			for _, s := range series {
				has = has || s.Last() == s.Last() // a number
			}
			if err != nil || !has {
				missing += "\n\t" + panel.Title + ": no data: " + expr
			}
		}
	}
	return missing
}

// pictures draws the dashboards where HAYAUMA_PICTURES says.
func pictures(t *testing.T, p *server, span draw.Span) {
	dir := os.Getenv("HAYAUMA_PICTURES")
	if dir == "" {
		dir = t.TempDir()
	}
	for _, d := range board.Dashboards() {
		picture, err := draw.PNG(context.Background(), d, p.Source, span, "6s")
		if err != nil {
			t.Error(err)
			continue
		}
		if len(picture) > 200_000 {
			t.Errorf("the picture of %s has %d bytes", d.UID, len(picture))
		}
		if err := os.WriteFile(filepath.Join(dir, d.UID+".png"), picture, 0o644); err != nil {
			t.Error(err)
		}
	}
}
