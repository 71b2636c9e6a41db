package metrics_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/message"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/webhook"
	"hayauma.example/cluster"
	"hayauma.example/cluster/remote"
	"hayauma.example/cluster/roster"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/metrics"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
	"hayauma.example/engine/meter"
)

// calls are the gates of a node as a scrape sees them.
type calls struct{ meter.By[gate.Figures] }

func (c *calls) AllFigures() map[string]*gate.Figures { return c.All() }

// answers is an API as a scrape sees it.
type answers map[string]api.Route

func (a answers) Routes() map[string]api.Route { return a }
func (answers) Again() (a, b uint64)           { return 7, 8 }

// shelf is a list of campaigns.
type shelf map[string]actors.State

func (s shelf) Count(mine func(string) bool, _ time.Time) map[actors.State]int {
	out := map[actors.State]int{}
	for id, state := range s {
		if mine(id) {
			out[state]++
		}
	}
	return out
}

// wires are the connections to other members.
type wires map[string]remote.Stats

func (w wires) Stats() (map[string]remote.Stats, remote.Stats) { return w, remote.Stats{Written: 100} }

func reading(values ...float64) meter.Reading {
	var h meter.Histogram
	for _, v := range values {
		h.Observe(v)
	}
	return h.Read()
}

// full is a registry where everything has figures.
func full(t *testing.T) *metrics.Registry {
	t.Helper()
	w := &world{
		stats: []engine.KindStats{{
			Kind: "poster", Active: 1, Passivations: 2, Ended: map[string]uint64{engine.ReasonMoved: 3}, DeadLetters: map[string]uint64{"full": 2},
			Took: map[string]meter.Reading{"Post": reading(0.00001, 0.3)}, Wait: reading(0.002), Found: reading(5), Activation: reading(1), Peak: 50,
		}},
		cells: []engine.CellInfo{{Kind: "poster", ID: "shop/U1", Depth: 3, Oldest: time.Second, Private: true}},
	}
	c := &calls{}
	f := c.Of("shop")
	f.Ended(provider.Answer{Verdict: provider.Accepted, Status: 409}, 500, 20*time.Millisecond)
	f.Ended(provider.Answer{Verdict: provider.Throttled}, 1, time.Millisecond)
	f.Again(provider.Throttled)
	f.Waits.Took(time.Second)
	f.InFlight.Add(2)
	f.Held.Add(11)
	f.Repeated.Add(4)
	judged := &checker.Judged{}
	judged.Repeated.Add(9)
	judged.Channels.Of("shop").Outcomes[actors.Delivered].Add(10)
	figures := &campaign.Figures{}
	figures.Lag.Took(time.Second)
	figures.Begun.Add(1)
	figures.Late.Add(3)
	j := metrics.Measure(journal.NewMemory(uuid.New()))
	if _, err := j.Claim(context.Background(), "owner", []journal.Shard{{Role: "checker"}}); err != nil {
		t.Fatal(err)
	}
	composer := cluster.RoleStatus{Role: actors.RoleComposer, Own: true}
	composer.Shards[1].Phase = roster.Owned
	crew := &crew{status: cluster.Status{Incarnation: "01a", Roles: []cluster.RoleStatus{composer}, Members: []cluster.MemberStatus{
		{Member: roster.Member{Incarnation: "01a", Node: "a"}, Condition: roster.NodeActive},
		{Member: roster.Member{Incarnation: "01b", Node: "b"}, Condition: roster.NodeActive},
		{Member: roster.Member{Incarnation: "02b", Node: "b"}, Condition: roster.NodeActive},
	}}}
	r := metrics.New(metrics.Config{
		System: w, Journal: j, Member: crew, Version: "v", Secret: []byte("s"), Spans: func() uint64 { return 6 },
		Peers: wires{"01b": {Written: 1, Received: 2, SentBytes: 3, QueuedPackets: 4}, "02b": {Written: 10, Resent: 5}, "03c": {Received: 20}},
		Delivery: metrics.Delivery{Gates: c, Channels: &channel.AllFigures{}, Judged: judged, Traffic: answers{
			"GET /v1/channels": {Answers: map[string]uint64{"2xx": 12}, Took: reading(0.1)},
		}},
		Campaigns: metrics.Campaigns{List: shelf{"mine": actors.StateRunning, "other": actors.StateRunning}, Figures: figures, ShardOf: func(id string) int {
			if id == "mine" {
				return 1
			}
			return 2
		}},
		Webhooks: &webhook.Figures{}, Singles: &message.Counted{},
	})
	r.SetSkew(time.Second)
	return r
}

func TestEverythingIsShown(t *testing.T) {
	r := full(t)
	if problems, err := testutil.GatherAndLint(r); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	want := map[string]map[string]float64{
		"actor_passivations_total": {"kind=poster,reason=idle": 2, "kind=poster,reason=moved": 3},
		"messages_sent_total": {
			"channel=shop,outcome=accepted": 500, "channel=shop,outcome=throttled": 1, "channel=shop,outcome=refused": 0, "channel=shop,outcome=doubtful": 0,
			"channel=shop,outcome=unsent": 0, "channel=shop,outcome=over_quota": 0, "channel=shop,outcome=unauthorized": 0,
		},
		"send_retries_total":          {"channel=shop,reason=throttled": 1},
		"provider_throttled_total":    {"channel=shop": 1},
		"inflight_requests":           {"channel=shop": 2},
		"delivery_pending":            {"channel=shop": 11},
		"duplicates_suppressed_total": {"reason=audience": 7, "reason=request": 8, "reason=command": 4, "reason=provider": 1, "reason=report": 9},
		"campaigns": {"state=running": 1, "state=accepted": 0, "state=scheduled": 0, "state=paused": 0, "state=finished": 0, "state=cancelled": 0,
			"state=expired": 0},
		"schedule_misfires_total":      {"policy=skip": 0, "policy=missed": 0, "policy=expire": 3},
		"series_occurrences_total":     {"": 1},
		"remote_messages_total":        {"direction=sent,peer=b": 16, "direction=received,peer=b": 2, "direction=sent,peer=former": 100, "direction=received,peer=former": 20},
		"remote_queue_messages":        {"peer=b": 4, "peer=former": 0},
		"http_requests_total":          {"operation=GET /v1/channels,status=2xx": 12},
		"trace_spans_dropped_total":    {"": 6},
		"clock_skew_seconds":           {"peer=store": 1},
		"actor_mailbox_high_watermark": {"kind=poster": 50},
	}
	for name, values := range want {
		if got := series(t, r, "hayauma_"+name); !maps.Equal(got, values) {
			t.Errorf("%s is %v, want %v", name, got, values)
		}
	}
	if got := series(t, r, "hayauma_delivery_checks_total")["channel=shop,result=delivered"]; got != 10 {
		t.Errorf("%v recipients are delivered, want 10", got)
	}
}

// TestBucketsAgree compares classic buckets with native ones and with what was observed.
func TestBucketsAgree(t *testing.T) {
	families, err := full(t).Gather()
	if err != nil {
		t.Fatal(err)
	}
	histograms := 0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if h := m.GetHistogram(); h != nil && strings.HasPrefix(f.GetName(), "hayauma_") { // Go's own have classic ones alone
				histograms++
				checkBuckets(t, f.GetName(), h)
			}
		}
	}
	if histograms < 15 {
		t.Errorf("only %d histograms", histograms)
	}
}

func checkBuckets(t *testing.T, name string, h *dto.Histogram) {
	t.Helper()
	var last uint64
	for _, b := range h.GetBucket() {
		if b.GetCumulativeCount() < last || b.GetCumulativeCount() > h.GetSampleCount() {
			t.Errorf("%s: %d up to %v after %d, of %d", name, b.GetCumulativeCount(), b.GetUpperBound(), last, h.GetSampleCount())
		}
		last = b.GetCumulativeCount()
	}
	if len(h.GetPositiveSpan()) != 1 || int(h.GetPositiveSpan()[0].GetLength()) != len(h.GetPositiveDelta()) {
		t.Errorf("%s: %v for %d native buckets", name, h.GetPositiveSpan(), len(h.GetPositiveDelta()))
	}
	sum, count := int64(h.GetZeroCount()), int64(0)
	for _, delta := range h.GetPositiveDelta() {
		count += delta
		sum += count
	}
	if uint64(sum) != h.GetSampleCount() {
		t.Errorf("%s: %d in native buckets, %d in all", name, sum, h.GetSampleCount())
	}
}

// TestNativeBucketsHoldTheirValues looks at single values: bucket i is over 2^(i-1), up to 2^i.
func TestNativeBucketsHoldTheirValues(t *testing.T) {
	for _, c := range []struct {
		value  float64
		bucket int32
	}{{1, 0}, {1.5, 1}, {2, 1}, {0.5, -1}, {0.3, -1}, {0.001, -9}, {3e-6, -18}, {500, 9}, {5e6, 21}} {
		if got := native(t, c.value); got != c.bucket {
			t.Errorf("%v is in bucket %d, want %d", c.value, got, c.bucket)
		}
	}
}

// native is the bucket of a single value.
func native(t *testing.T, value float64) int32 {
	t.Helper()
	c := &calls{}
	c.Of("shop").Waits.Observe(value)
	families, err := metrics.New(metrics.Config{System: &world{}, Delivery: metrics.Delivery{Gates: c}}).Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "hayauma_rate_limit_wait_seconds" {
			return f.GetMetric()[0].GetHistogram().GetPositiveSpan()[0].GetOffset()
		}
	}
	t.Fatal("no histogram")
	return 0
}

// TestCampaignsAreBounded has more that run than series are for.
func TestCampaignsAreBounded(t *testing.T) {
	figures := &campaign.Figures{}
	for i := range 3 * metrics.MostCampaigns {
		figures.Runs(fmt.Sprint("c", i), actors.Totals{actors.Pending: uint32(i), actors.Delivered: 1})
	}
	r := metrics.New(metrics.Config{System: &world{}, Campaigns: metrics.Campaigns{Figures: figures}})
	got := series(t, r, "hayauma_campaign_recipients")
	if want := (metrics.MostCampaigns + 1) * (int(actors.Delivered) + 1); len(got) != want {
		t.Errorf("%d series, want %d", len(got), want)
	}
	if n := got["campaign=other,state=delivered"]; n != 2*metrics.MostCampaigns {
		t.Errorf("%v of the others are delivered, want %d", n, 2*metrics.MostCampaigns)
	}
	if n := got[fmt.Sprintf("campaign=c%d,state=pending", 3*metrics.MostCampaigns-1)]; n != 3*metrics.MostCampaigns-1 {
		t.Errorf("the largest has %v pending", n)
	}
}
