package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
	"hayauma.example/cmd/hayauma/internal/config"
)

func friend(n int) string { return fmt.Sprintf("U%032x", n) }

// submitNews sends a message of a topic to all friends below n.
func submitNews(t *testing.T, c *client.Client, key string, n int) string {
	t.Helper()
	var rows strings.Builder
	rows.WriteString("user_id\n")
	for i := range n {
		rows.WriteString(friend(i) + "\n")
	}
	definition, err := json.Marshal(map[string]any{"name": key, "channel": "shop", "topic": "news", "messages": []any{map[string]string{"type": "text", "text": key}}})
	if err != nil {
		t.Fatal(err)
	}
	id, err := c.Submit(t.Context(), key, definition, client.Audience{Data: strings.NewReader(rows.String()), Type: "text/csv"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Who can't be reached is suppressed in the next campaign, also after a restart, and no longer after a reset.
func TestWhoCanNotBeReachedIsLeftOutNextTime(t *testing.T) {
	sim, endpoint := simulator(t, "")
	cfg := memory()
	cfg.Store, cfg.Data = config.StoreJetStream, t.TempDir()
	a, c := start(t, cfg, nil)
	addChannel(t, c, endpoint)
	sim.Sim.Forget(friend(7), friend(8))
	if _, err := c.SetRecipientSettings(t.Context(), "shop", friend(3), api.NewRecipientSettings{Topics: []string{"news"}}); err != nil {
		t.Fatal(err)
	}
	end := follow(t, c, submitNews(t, c, "first", 60), func(api.Campaign) {})
	if end.Delivered != 57 || end.Failed != 2 || end.Suppressed != 1 {
		t.Fatalf("%+v", end)
	}
	s, err := c.RecipientSettings(t.Context(), "shop", friend(7))
	if err != nil || s.Suppressed == nil || s.Suppressed.Reason != "Failed to send messages" || time.Since(*s.Suppressed.At) > time.Minute {
		t.Fatalf("%+v: %v", s, err)
	}
	stop(t, a)

	a, c = start(t, cfg, nil)
	defer stop(t, a)
	before := sim.Sim.Ledger().Requests
	second := submitNews(t, c, "second", 60)
	end = follow(t, c, second, func(api.Campaign) {})
	after := sim.Sim.Ledger().Requests
	if end.Delivered != 57 || end.Failed != 0 || end.Suppressed != 3 || after.Push != before.Push || after.Multicast != before.Multicast+1 {
		t.Errorf("%+v: %+v, before %+v", end, after, before)
	}
	why, err := c.Why(t.Context(), second, friend(8))
	if err != nil || why.State != "suppressed" || len(why.Entries) != 1 || why.Entries[0].Reason != "suppressed: Failed to send messages" {
		t.Errorf("%+v: %v", why, err)
	}
	sim.Sim.Restore(friend(7), friend(8))
	for _, n := range []int{3, 7, 8} {
		if err := c.ResetRecipientSettings(t.Context(), "shop", friend(n)); err != nil {
			t.Fatal(err)
		}
	}
	if end = follow(t, c, submitNews(t, c, "third", 60), func(api.Campaign) {}); end.Delivered != 60 {
		t.Errorf("%+v", end)
	}
}
