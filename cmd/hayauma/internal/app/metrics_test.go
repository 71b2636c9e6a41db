package app_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/metrics"
)

// unfed are metrics that this delivery has no figures for.
var unfed = []string{
	"hayauma_cluster_failover_seconds", "hayauma_remote_", "hayauma_campaign_recipients", "hayauma_dead_letters_total",
}

// TestDeliveryIsMeasured has some answers that are no word, so that paths are called again and the provider knows their keys.
func TestDeliveryIsMeasured(t *testing.T) {
	const n = 300
	_, endpoint := simulator(t, "500-after=0.1,429=0.05,seed=7")
	a, c := start(t, memory(), slog.New(slog.DiscardHandler))
	t.Setenv("APP_TEST_TOKEN", "secret")
	limited := api.NewChannel{Name: "shop", Provider: "line", Endpoint: endpoint, TokenEnv: "APP_TEST_TOKEN", Limits: &api.Limits{Push: 2000}}
	if _, err := c.AddChannel(t.Context(), limited); err != nil {
		t.Fatal(err)
	}
	end := follow(t, c, submit(t, c, n), func(api.Campaign) {})
	if end.Delivered != n {
		t.Fatalf("%+v", end)
	}
	text := get(t, a.URL()+"/metrics")
	sent := func(outcome string) int {
		return sample(t, text, `hayauma_messages_sent_total{channel="shop",outcome="`+outcome+`"}`)
	}
	again := sent("doubtful") + sent("throttled")
	if sent("accepted") != n || sent("doubtful") == 0 || sent("throttled") == 0 {
		t.Errorf("%d accepted, %d doubtful, %d throttled", sent("accepted"), sent("doubtful"), sent("throttled"))
	}
	if known := sample(t, text, `hayauma_duplicates_suppressed_total{reason="provider"}`); known == 0 || known > sent("doubtful") {
		t.Errorf("%d retry keys were known to the provider, of %d calls in doubt", known, sent("doubtful"))
	}
	for series, want := range map[string]int{
		`hayauma_delivery_checks_total{channel="shop",result="delivered"}`:        n,
		`hayauma_provider_throttled_total{channel="shop"}`:                        sent("throttled"),
		`hayauma_send_batch_recipients_count{channel="shop"}`:                     n + again,
		`hayauma_send_seconds_count{channel="shop",outcome="accepted"}`:           n,
		`hayauma_send_retries_total{channel="shop",reason="doubtful"}`:            sent("doubtful"),
		`hayauma_inflight_requests{channel="shop"}`:                               0,
		`hayauma_delivery_pending{channel="shop"}`:                                0,
		`hayauma_campaign_start_lag_seconds_count`:                                1,
		`hayauma_campaign_duration_seconds_count`:                                 1,
		`hayauma_http_requests_total{operation="POST /v1/channels",status="2xx"}`: 1,
		`hayauma_actor_active{kind="poster"}`:                                     0,
		`hayauma_trace_spans_dropped_total`:                                       0,
	} {
		if got := sample(t, text, series); got != want {
			t.Errorf("%s is %d, want %d", series, got, want)
		}
	}
	// A token that comes to its poster too late, as on a busy machine, is waited for again, without a call.
	if waits := sample(t, text, `hayauma_rate_limit_wait_seconds_count{channel="shop"}`); waits < n+again {
		t.Errorf("%d waits for tokens, and %d calls", waits, n+again)
	}
	for _, name := range metrics.Names() {
		missing := !strings.Contains(text, "\n"+name+"{") && !strings.Contains(text, "\n"+name+" ") && !strings.Contains(text, "\n"+name+"_bucket{")
		if skip := slices.ContainsFunc(unfed, func(prefix string) bool { return strings.HasPrefix(name, prefix) }); missing && !skip {
			t.Errorf("%s has no series", name)
		}
	}
	time.Sleep(1300 * time.Millisecond) // what was granted counts no more
	if free := sample(t, get(t, a.URL()+"/metrics"), `hayauma_rate_limit_tokens{channel="shop"}`); free != 2000 {
		t.Errorf("%d calls may start, want 2000", free)
	}
	stop(t, a)
}
