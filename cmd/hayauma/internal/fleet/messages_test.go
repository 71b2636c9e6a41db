package fleet_test

import (
	"crypto/sha256"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/actors/recipient"
	"hayauma.example/cluster"
	"hayauma.example/cmd/hayauma/internal/fleet"
)

// single is a message of a tale.
type single struct {
	user, text string
	due        time.Time
	number     uint32
}

func (s *single) body() string { return fmt.Sprintf(`[{"text":%q,"type":"text"}]`, s.text) }

// Single messages while nodes leave, die and come: each is sent once as the provider counts, and in order by user.
func TestMessagesOfAFleet(t *testing.T) {
	owners := map[string]func(*fleet.World) fleet.Owner{
		"script":  func(w *fleet.World) fleet.Owner { return fleet.NewScript(w) },
		"members": func(w *fleet.World) fleet.Owner { return fleet.NewMembers(w, func(*fleet.Members) {}) },
	}
	for name, owner := range owners {
		for seed := range uint64(2) {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { playMessages(t, owner, seed) })
			})
		}
	}
}

func playMessages(t *testing.T, owner func(*fleet.World) fleet.Owner, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0x51e9))
	w := fleet.New(t, fleet.Options{Seed: seed, Owner: owner, Limits: actors.Limits{Push: 60},
		Faults: linesim.Faults{Seed: seed, Latency: 50 * time.Millisecond, ErrorAfter: 0.02, Reset: 0.02}})
	defer w.Close()
	nodes := w.Boot(fleet.All, fleet.All, fleet.All)
	w.Configure()
	addresses := recipient.NewAddresses(func(role, key string) int { return cluster.ShardOf(role, key).Number })
	began := time.Now()
	var all []*single
	for i := range 900 {
		n := r.IntN(60)
		all = append(all, &single{user: fmt.Sprintf("U%032x", uint64(n)*0x9e3779b97f4a7c15),
			text: fmt.Sprint("m", i) + strings.Repeat(".", i%2*r.IntN(4000)), // some come with their reminders
			due:  began.Add(time.Duration(30+r.IntN(60)) * time.Second)})
	}
	accept := func() {
		for _, s := range all {
			h := fnv.New64a()
			_, _ = h.Write([]byte(s.text))
			m := actors.AcceptMessages{Entries: []actors.NewMessage{{Key: h.Sum64(), Content: 1, To: s.user, Messages: []byte(s.body()), Due: s.due}}}
			a, err := fleet.Insist[actors.AcceptedMessages](w, actors.Messages, addresses.Of("shop", s.user), actors.MessageMsg(m))
			if err != nil {
				t.Errorf("not accepted: %v", err)
				return
			}
			s.number = a.Entries[0].Number
		}
	}
	accept()
	time.Sleep(time.Until(began.Add(40 * time.Second)))
	w.Leave(nodes[0])
	time.Sleep(10 * time.Second)
	w.Boot(fleet.All)
	time.Sleep(5 * time.Second)
	w.Kill(nodes[1])
	time.Sleep(10 * time.Second)
	w.Boot(fleet.All)
	deadline := time.Now().Add(10 * time.Minute)
	states := map[actors.MessageState]int{}
	for _, s := range all {
		for {
			info, err := fleet.Insist[actors.MessageInfo](w, actors.Messages, addresses.Of("shop", s.user), actors.MessageMsg(actors.ShowMessage{Number: s.number}))
			if err == nil && !info.Ended.IsZero() {
				states[info.State]++
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("message %s is %s (%s), %v\n%s", s.text, info.State, info.Reason, err, w.Transcript(200))
			}
			time.Sleep(time.Second)
		}
	}
	t.Logf("figure: %v after %s", states, time.Since(began).Round(time.Second))
	if states["delivered"] != len(all) {
		t.Errorf("%v", states)
	}
	judgeMessages(t, w, all)
}

// What messages of 20 kB take in memory while they wait for their time, in every actor and the timetable: what the store holds is subtracted.
func TestWaitingMessagesTakeLittleMemory(t *testing.T) {
	const each, batches, size, bound = 15, 200, 20_000, 4000 // the store rounds a record up by an eighth
	synctest.Test(t, func(t *testing.T) {
		w := fleet.New(t, fleet.Options{Owner: func(w *fleet.World) fleet.Owner { return fleet.NewScript(w) }})
		defer w.Close()
		w.Boot(fleet.All)
		w.Configure()
		addresses := recipient.NewAddresses(func(role, key string) int { return cluster.ShardOf(role, key).Number })
		user, due := fmt.Sprintf("U%032x", 1), time.Now().Add(time.Hour)
		before := beyondStore(t, w)
		for i := range batches {
			var m actors.AcceptMessages
			for n := range each {
				key := uint64(i*each + n)
				m.Entries = append(m.Entries, actors.NewMessage{Key: key, Content: 1, To: user, Due: due,
					Messages: fmt.Appendf(nil, `[{"text":"%0*d","type":"text"}]`, size, key)})
			}
			if _, err := fleet.Insist[actors.AcceptedMessages](w, actors.Messages, addresses.Of("shop", user), actors.MessageMsg(m)); err != nil {
				t.Fatal(err)
			}
		}
		took := (beyondStore(t, w) - before) / (each * batches)
		t.Logf("figure: %d B for a message of %d B", took, size)
		if took > bound {
			t.Errorf("a message of %d bytes takes %d while it waits, want %d at most", size, took, bound)
		}
	})
}

// beyondStore is what is in memory besides what the world's store holds.
func beyondStore(t *testing.T, w *fleet.World) int64 {
	t.Helper()
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	stats, err := w.Store.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return int64(m.HeapAlloc) - int64(stats.Bytes)
}

func judgeMessages(t *testing.T, w *fleet.World, all []*single) {
	t.Helper()
	slices.SortStableFunc(all, func(a, b *single) int { return a.due.Compare(b.due) })
	users := map[string][]*single{}
	for _, s := range all {
		users[s.user] = append(users[s.user], s)
	}
	for user, list := range users {
		got := w.Sim.User(user)
		if len(got) != len(list) {
			t.Errorf("%d messages to %s, %d were accepted", len(list), user, len(got))
			continue
		}
		for i, s := range list {
			if got[i].BodySHA256 != sha256.Sum256([]byte(s.body())) {
				t.Errorf("message %d to %s is another than %s", i, user, s.text)
			}
		}
	}
}
