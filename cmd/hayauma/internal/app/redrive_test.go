package app_test

import (
	"fmt"
	"log/slog"
	"testing"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/config"
)

// TestRedriveThroughTheDaemon: who was unknown to the provider is sent to again once he is reset, also after a restart, and nobody else is.
func TestRedriveThroughTheDaemon(t *testing.T) {
	sim, endpoint := simulator(t, "")
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.MemoryLimit = t.TempDir(), "127.0.0.1:0", 0
	a, c := start(t, cfg, slog.New(slog.DiscardHandler))
	addChannel(t, c, endpoint)
	users := []string{fmt.Sprintf("U%032x", 3), fmt.Sprintf("U%032x", 5)}
	sim.Sim.Forget(users...)
	id := submit(t, c, 20)
	if end := follow(t, c, id, func(api.Campaign) {}); end.State != "finished" || end.Delivered != 18 || end.Failed != 2 || end.Generation != 0 {
		t.Fatalf("%+v", end)
	}
	sim.Sim.Restore(users[0])
	for _, user := range users {
		if err := c.ResetRecipientSettings(t.Context(), "shop", user); err != nil {
			t.Fatal(err)
		}
		r, err := c.Redrive(t.Context(), id, api.Redrive{State: "failed"})
		if err != nil || r.Recipients == 0 || r.Campaign.Delivered+r.Campaign.Failed+r.Campaign.Pending != 20 {
			t.Fatalf("%+v %v", r, err)
		}
		follow(t, c, id, func(api.Campaign) {})
		stop(t, a)
		sim.Sim.Restore(users[1])
		a, c = start(t, cfg, slog.New(slog.DiscardHandler))
	}
	defer stop(t, a)
	end, err := c.Campaign(t.Context(), id)
	if err != nil || end.State != "finished" || end.Delivered != 20 || end.Generation != 2 {
		t.Errorf("%+v %v", end, err)
	}
	if l := sim.Sim.Ledger(); l.Users != 20 || l.Deliveries != 20 || l.Duplicates != 0 {
		t.Errorf("the simulator's ledger: %+v", l)
	}
	w, err := c.Why(t.Context(), id, users[1])
	var story []string
	for _, e := range w.Entries {
		story = append(story, fmt.Sprint(e.Generation, " ", e.Event, " ", e.State))
	}
	want := "[0 settled failed 1 reopened pending 1 directed suppressed 2 reopened pending 2 settled delivered]"
	if got := fmt.Sprint(story); err != nil || got != want {
		t.Errorf("%s %v, want %s", got, err, want)
	}
}
