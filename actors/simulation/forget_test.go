package simulation

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/catalog"
	"hayauma.example/actors/checker"
	"hayauma.example/codec"
)

// TestForgets: when it has been over for long enough a campaign is its figures, in two records, whatever died on the way; and every node's list has it.
func TestForgets(t *testing.T) {
	const day = 24 * time.Hour
	for name, crashes := range map[string][]crash{
		"nothing died": nil, "before the ledger": {{point: "campaign.forgotten", nth: 1}},
		"often": {{point: "campaign.persist.before", nth: 8}, {point: "campaign.persist.after", nth: 9}, {point: "checker.persist.after", nth: 5}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMission("old", 20, 510)
				w := newWorld(t, scenario{seed: 7, dir: openDir(t.TempDir()), missions: []*mission{m}, keep: 3 * day, crashes: crashes,
					kills: []time.Duration{time.Hour, 3*day - time.Hour, 3*day + 40*time.Second}}.withDefaults())
				var info actors.Info
				w.through(func(at func(time.Duration) actors.Info) {
					if info = at(2 * day); info.State != actors.StateFinished || !info.Forgotten.IsZero() {
						t.Errorf("after two days it is %s, forgotten at %v", info.State, info.Forgotten)
					}
					info = at(4 * day)
				})
				if info.Totals[actors.Delivered] != 530 || info.Mode != "multicast" || info.Name != "old" || info.Forgotten.IsZero() {
					t.Errorf("after four days: %+v", info)
				}
				stats, err := w.memory.Stats(t.Context())
				if err != nil || stats.Objects != 0 {
					t.Errorf("%d objects are left, %v", stats.Objects, err)
				}
				for _, kind := range []string{"campaign", "checker"} {
					if n := w.records(kind); n != 1 {
						t.Errorf("%d records of kind %s are left", n, kind)
					}
				}
				w.judgeList(m, info)
			})
		})
	}
}

// records counts what is stored of a kind.
func (w *world) records(kind string) (n int) {
	role := map[string]string{"campaign": actors.RoleComposer, "checker": actors.RoleChecker}[kind]
	for s, err := range w.memory.Follow(w.t.Context(), role, kind, 0) {
		if err != nil {
			w.t.Fatal(err)
		}
		if s.Caught {
			return n
		}
		n++
	}
	return n
}

// judgeList has a list made of what is stored, as a node does that has just started.
func (w *world) judgeList(m *mission, want actors.Info) {
	registry := codec.NewRegistry()
	campaign.Register(registry)
	checker.Register(registry)
	list := catalog.New(catalog.Config{Store: w.memory, Messages: registry, Log: slog.New(slog.DiscardHandler)})
	go list.Run(w.t.Context())
	if err := list.Wait(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	items, _ := list.Page(catalog.Query{Limit: 10}, time.Now())
	if len(items) != 1 || items[0].ID != m.id || items[0].State != want.State || items[0].Totals != want.Totals || items[0].Mode != want.Mode ||
		!items[0].Forgotten.Equal(want.Forgotten) {
		w.t.Errorf("the list has %+v", items)
	}
}
