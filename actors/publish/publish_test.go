package publish_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/publish"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// follows is the store of a system whose grains are all in one shard, of one role.
type follows struct{ *journal.Memory }

func (f follows) Follow(ctx context.Context, _, kind string, after uint64) iter.Seq2[journal.Sight, error] {
	return f.Memory.Follow(ctx, "all", kind, after)
}

// outlet keeps what is published.
type outlet struct {
	mu   sync.Mutex
	fail func(journal.Publication) error // nil: nothing fails; guarded by mu
	got  []journal.Publication           // guarded by mu
}

func (o *outlet) Publish(_ context.Context, p journal.Publication) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		if err := o.fail(p); err != nil {
			return err
		}
	}
	o.got = append(o.got, p)
	return nil
}

func (o *outlet) fails(f func(journal.Publication) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail = f
}

// all is everything that came, and forgets it.
func (o *outlet) all() []journal.Publication {
	o.mu.Lock()
	defer o.mu.Unlock()
	got := o.got
	o.got = nil
	return got
}

type world struct {
	*testing.T
	store *journal.Memory
	sys   *engine.System
	out   *outlet
	off   bool // the node is not to publish
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, store: enginetest.NewStore(), out: &outlet{}}
	w.start()
	return w
}

func registry() *codec.Registry {
	r := codec.NewRegistry()
	campaign.Register(r)
	checker.Register(r)
	channel.Register(r)
	publish.Register(r)
	return r
}

func (w *world) start() {
	w.sys = enginetest.NewSystem(w.T, enginetest.Options{Store: w.store, Log: slog.New(slog.NewTextHandler(w.Output(), nil)), Messages: registry()})
	engine.ServeDurable(w.sys, actors.Campaigns, func(string) engine.Durable[actors.CampaignMsg, campaign.Event] {
		return &recorder[actors.CampaignMsg, campaign.Event]{}
	})
	engine.ServeDurable(w.sys, actors.Checkers, func(string) engine.Durable[actors.CheckerMsg, checker.Event] {
		return &recorder[actors.CheckerMsg, checker.Event]{}
	})
	engine.ServeDurable(w.sys, actors.Channels, func(string) engine.Durable[actors.ChannelMsg, channel.Event] {
		return &recorder[actors.ChannelMsg, channel.Event]{}
	})
	d := publish.Deps{Store: follows{w.store}, Messages: registry(), Cluster: w.store.ClusterID(), Node: "here"}
	if !w.off {
		d.Out = w.out
	}
	publish.Serve(w.sys, d)
}

// kill ends the process without a word, and starts another, where reminders have not fired yet.
func (w *world) kill() {
	w.sys.Kill()
	w.start()
}

func (w *world) begin() error {
	_, err := engine.Ask[actors.Done](w.Context(), actors.Publishers.Ref(w.sys, actors.PublisherID), actors.PublisherMsg(actors.StartPublishing{}))
	return err
}

// records is told to any grain.
type records[E any] struct {
	actors.CampaignMsg
	actors.CheckerMsg
	actors.ChannelMsg
	events []E
}

// recorder is a grain that records what it is told to.
type recorder[M, E any] struct{ campaign string }

func (r *recorder[M, E]) Apply(e E) {
	if o, ok := any(e).(checker.Opened); ok {
		r.campaign = o.Campaign
	}
}

func (r *recorder[M, E]) Handle(c *engine.Context[M], m M) {
	switch m := any(m).(type) {
	case records[E]:
		engine.Persist(c, m.events, func() { c.Respond(true) })
	case actors.Origin:
		c.Respond(actors.RunOrigin{Campaign: r.campaign})
	}
}

func record[M, E any](w *world, k *engine.Kind[M], id string, events ...E) {
	w.Helper()
	if _, err := engine.Ask[bool](w.Context(), k.Ref(w.sys, id), any(records[E]{events: events}).(M)); err != nil {
		w.Fatal(err)
	}
}

func (w *world) campaign(id string, events ...campaign.Event) {
	w.Helper()
	record(w, actors.Campaigns, id, events...)
}

func (w *world) checker(run string, events ...checker.Event) {
	w.Helper()
	record(w, actors.Checkers, run, events...)
}

// words are what came, in short.
func words(got []journal.Publication) string {
	var all []string
	for _, p := range got {
		all = append(all, fmt.Sprintf("%s:%s:%d", p.Type, p.Grain.ID, p.Number))
	}
	return strings.Join(all, " ")
}

func (w *world) want(text string) []journal.Publication {
	w.Helper()
	synctest.Wait()
	got := w.out.all()
	if words(got) != text {
		w.Errorf("published %s\n     want %s", words(got), text)
	}
	return got
}

var table = plan.Table{Recipients: 4, Chunks: []plan.Entry{{First: 0, Count: 3, Mode: plan.Push}, {First: 3, Count: 1, Mode: plan.Failed}}}

// Everything from the start on is published under its number; what was before is not.
func TestWhatIsPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.campaign("a", campaign.Uploading{Upload: "u"})
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
		w.want("")
		w.campaign("a", campaign.Accepted{Definition: actors.Definition{Name: "n", Channel: "shop"}, At: time.Now(), Due: time.Now()}, campaign.RunStarted{Run: "r"})
		w.want("campaign.accepted:a:2 campaign.run_started:a:3")
		w.checker("r", checker.Opened{Campaign: "a", Run: "r", Table: table})
		w.checker("r", checker.Settled{Entries: []checker.Entry{
			{Path: actors.Span{Lo: 0, Hi: 1}, Outcome: actors.Delivered}, {Path: actors.Span{Lo: 1, Hi: 3}, Outcome: actors.Delivered},
			{Path: actors.Span{Lo: 3, Hi: 4}, Outcome: actors.Unknown, Reason: "U00000000000000000000000000000001 is what the provider said"}}})
		got := w.want("checker.opened:r:1 checker.settled:r:2")
		record[actors.ChannelMsg, channel.Event](w, actors.Channels, "shop", channel.Paused{Kind: channel.PauseQuota, Reason: "text of the provider"})
		got = append(got, w.want("channel.Paused:shop:1")...) // what is another grain's has no order with it
		var settled map[string]any
		if err := json.Unmarshal(got[1].Body, &settled); err != nil {
			t.Fatal(err)
		}
		want := `map[campaign:a data:map[outcomes:map[delivered:3 unknown:1] ` +
			`recipients:[map[from:0 state:delivered to:3] map[from:3 state:unknown to:4]]] grain:r id:` + got[1].ID + ` kind:checker number:2 ` +
			`time:2000-01-01T00:00:00Z type:checker.settled]`
		if s := fmt.Sprint(settled); s != want {
			t.Errorf("told as\n%s, want\n%s", s, want)
		}
		for _, p := range got {
			if s := string(p.Body); strings.Contains(s, "U000") || strings.Contains(s, "provider said") || strings.Contains(s, "text of") {
				t.Errorf("tells too much: %s", s)
			}
		}
	})
}

// A process that dies at any moment repeats what came in the second before, under the same ids, and leaves nothing out.
func TestNoGapOverKills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		seen, ids, repeated := map[uint64]string{}, map[string]bool{}, 0
		const events = 60
		for n := range events {
			w.campaign("a", campaign.Paused{})
			time.Sleep(time.Duration(n) * 11 * time.Millisecond)
			if n%7 == 3 {
				w.kill()
			}
		}
		time.Sleep(time.Minute) // the reminder wakes it
		synctest.Wait()
		last := uint64(0)
		for _, p := range w.out.all() {
			if id, again := seen[p.Number]; again && id == p.ID {
				repeated++
				continue
			} else if again || ids[p.ID] || p.Number != last+1 {
				t.Fatalf("%s %d after %d", p.ID, p.Number, last)
			}
			seen[p.Number], ids[p.ID], last = p.ID, true, p.Number
		}
		if last != events || repeated == 0 || repeated > events {
			t.Errorf("%d of %d events, %d repeated", last, events, repeated)
		}
	})
}

// An outlet that is away holds everything back; nothing overtakes what failed.
func TestOutletAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.out.fails(func(p journal.Publication) error {
			if p.Number == 2 {
				return errors.New("away")
			}
			return nil
		})
		w.campaign("a", campaign.Paused{}, campaign.Resumed{}, campaign.Paused{})
		w.want("campaign.paused:a:1")
		time.Sleep(time.Minute)
		w.out.fails(nil)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		seen := map[uint64]bool{}
		var order []uint64
		for _, p := range w.out.all() {
			if !seen[p.Number] {
				seen[p.Number], order = true, append(order, p.Number)
			}
		}
		if fmt.Sprint(order) != "[1 2 3]" {
			t.Errorf("published in the order %v", order)
		}
	})
}

// On a node that is not to publish it stops, and goes on where it was on one that is.
func TestOffAndOnAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.campaign("a", campaign.Paused{})
		time.Sleep(2 * time.Second)
		w.want("campaign.paused:a:1")
		w.off = true
		w.kill()
		if err := w.begin(); err == nil || !strings.Contains(err.Error(), "node here, where publish-events is off") {
			t.Errorf("started on a node that is not to publish: %v", err)
		}
		w.campaign("a", campaign.Resumed{})
		time.Sleep(2 * time.Minute)
		w.want("")
		w.off = false
		w.kill()
		time.Sleep(2 * time.Minute)
		w.want("") // it has stopped
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
		w.want("campaign.resumed:a:2")
	})
}
