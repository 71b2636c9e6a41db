package app_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
	"hayauma.example/cmd/hayauma/internal/config"
)

// What a recipient costs on disk once its campaign has ended, in bytes: 1.3 times what was measured with 20,000 of them (55.1 and 134.2,
// 0.4 and 17.2), the least of them rounded up, since reports are packed by time. Events are the journal's; the frozen audience is objects.
const (
	pushEvents, pushObjects           = 72, 174
	multicastEvents, multicastObjects = 1, 22
)

// TestBytesOnDiskForEachRecipient sends to as many by push, with 100 bytes of variables each, as by multicast.
func TestBytesOnDiskForEachRecipient(t *testing.T) {
	const n = 20_000
	for _, c := range []struct {
		mode, text, row string
		events, objects float64
	}{
		{"push", "hi {{ words }}", "%s,%0100d\n", pushEvents, pushObjects},
		{"multicast", "hi all", "%s\n", multicastEvents, multicastObjects},
	} {
		t.Run(c.mode, func(t *testing.T) {
			_, endpoint := simulator(t, "")
			cfg := config.Default()
			cfg.Data, cfg.Listen, cfg.MemoryLimit = t.TempDir(), "127.0.0.1:0", 0
			a, daemon := start(t, cfg, slog.New(slog.DiscardHandler))
			defer stop(t, a)
			addChannel(t, daemon, endpoint)
			events, objects := stored(t, a.URL())
			var rows strings.Builder
			rows.WriteString("user_id")
			if c.mode == "push" {
				rows.WriteString(",words")
			}
			rows.WriteString("\n")
			for i := range n {
				args := []any{fmt.Sprintf("U%032x", i), i}
				fmt.Fprintf(&rows, c.row, args[:strings.Count(c.row, "%")]...)
			}
			definition := `{"name":"n","channel":"shop","messages":[{"type":"text","text":"` + c.text + `"}]}`
			id, err := daemon.Submit(t.Context(), t.Name(), []byte(definition), client.Audience{Data: strings.NewReader(rows.String()), Type: "text/csv"})
			if err != nil {
				t.Fatal(err)
			}
			if end := follow(t, daemon, id, func(api.Campaign) {}); end.Delivered != n || end.Mode != c.mode {
				t.Fatalf("%+v", end)
			}
			e, o := rested(t, a.URL())
			e, o = (e-events)/n, (o-objects)/n
			t.Logf("figure: %s: for each recipient %.1f bytes of events and %.1f bytes of frozen audience", c.mode, e, o)
			if e > c.events || o > c.objects || e <= 0 || o <= 0 {
				t.Errorf("%.1f and %.1f bytes, want at most %.0f and %.0f", e, o, c.events, c.objects)
			}
		})
	}
}

// rested waits until the store's bytes, which are counted now and then, have been the same for a while.
func rested(t *testing.T, url string) (events, objects float64) {
	t.Helper()
	for since := time.Now(); time.Since(since) < 3*time.Second; time.Sleep(100 * time.Millisecond) {
		if e, o := stored(t, url); e != events || o != objects {
			events, objects, since = e, o, time.Now()
		}
	}
	return events, objects
}

// stored are the bytes that the store holds: of events, and of objects.
func stored(t *testing.T, url string) (events, objects float64) {
	t.Helper()
	for line := range strings.Lines(get(t, url+"/metrics")) {
		for name, to := range map[string]*float64{"hayauma_journal_bytes ": &events, "hayauma_journal_object_bytes ": &objects} {
			if text, found := strings.CutPrefix(line, name); found {
				if _, err := fmt.Sscan(text, to); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if events == 0 {
		t.Fatal("the store's bytes are not in the metrics")
	}
	return events, objects
}
