package message_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/engine"
)

var seeds = flag.Int("message.seeds", 4, "how many random scenarios are played")

// sending is one message of a scenario.
type sending struct {
	to     int
	words  string
	long   int           // of what else it says
	after  time.Duration // due, from the beginning; 0: at once
	number uint32        // once it was accepted
}

func (s sending) message(began time.Time) actors.NewMessage {
	body := s.text()
	m := actors.NewMessage{Key: hash("key " + s.words), Content: hash(body), To: user(s.to), Messages: []byte(body)}
	if s.after > 0 {
		m.Due = began.Add(s.after)
	}
	return m
}

func (s sending) text() string {
	return fmt.Sprintf(`[{"text":%q,"type":"text"}]`, s.words+strings.Repeat(".", s.long))
}

func (s sending) body() [32]byte { return sha256.Sum256([]byte(s.text())) }

// accept has messages accepted, each book's in their order, whatever dies meanwhile.
func (w *world) accept(all []*sending) {
	byBook := map[string][]*sending{}
	for _, s := range all {
		byBook[bookOf(user(s.to))] = append(byBook[bookOf(user(s.to))], s)
	}
	for _, book := range byBook {
		for part := range slices.Chunk(book, 50) {
			var ms []actors.NewMessage
			for _, s := range part {
				ms = append(ms, s.message(w.began))
			}
			a, err := w.try(ms...)
			for ; err != nil; a, err = w.try(ms...) {
				w.revive()
				time.Sleep(100 * time.Millisecond)
			}
			for i, s := range part {
				if s.number = a.Entries[i].Number; a.Entries[i].Conflict {
					w.Errorf("%s has another content", s.words)
				}
			}
		}
	}
}

// settle waits until every message has an outcome, and returns them by words.
func (w *world) settle(all []*sending, within time.Duration) map[string]actors.MessageInfo {
	over := map[string]actors.MessageInfo{}
	for end := time.Now().Add(within); len(over) < len(all); {
		w.revive()
		for _, s := range all {
			if _, ok := over[s.words]; ok {
				continue
			}
			info, err := ask[actors.MessageInfo](w, actors.Messages, bookOf(user(s.to)), actors.MessageMsg(actors.ShowMessage{Number: s.number}))
			if err == nil && !info.Ended.IsZero() {
				over[s.words] = info
			}
			if time.Now().After(end) {
				w.Errorf("%s to %d is %s: %s (%v)", s.words, s.to, info.State, info.Reason, err)
				return over
			}
		}
		time.Sleep(time.Second)
	}
	return over
}

// judge compares outcomes with what the provider has: everything once and in order, by user.
func (w *world) judge(all []*sending, over map[string]actors.MessageInfo) {
	w.Helper()
	wanted := map[string][]*sending{}
	for _, s := range all {
		wanted[user(s.to)] = append(wanted[user(s.to)], s)
	}
	got := 0
	for u, list := range wanted {
		slices.SortStableFunc(list, func(a, b *sending) int { return over[a.words].Due.Compare(over[b.words].Due) })
		deliveries := w.sim.User(u)
		got += len(deliveries)
		at := 0
		for _, s := range list {
			n := slices.IndexFunc(deliveries, func(d linesim.Delivery) bool { return d.BodySHA256 == s.body() })
			more := 0
			for _, d := range deliveries {
				if d.BodySHA256 == s.body() {
					more++
				}
			}
			o := over[s.words]
			switch {
			case more > 1:
				w.Errorf("%s was accepted %d times", s.words, more)
			case more == 0 && o.State == "delivered", more == 1 && o.State != "delivered" && o.State != "unknown":
				w.Errorf("%s is %s (%s), and was accepted %d times", s.words, o.State, o.Reason, more)
			case more == 1 && n < at:
				w.Errorf("%s came before an earlier message to the same user", s.words)
			case more == 1 && s.after > 0 && deliveries[n].At.Before(w.began.Add(s.after)):
				w.Errorf("%s came %s too early", s.words, w.began.Add(s.after).Sub(deliveries[n].At))
			}
			at = max(at, n)
		}
	}
	if total := w.sim.Ledger().Deliveries; total != got {
		w.Errorf("%d deliveries, %d are to users of the scenario", total, got)
	}
}

// 2,000 messages of all lengths to 100 users in random order of due, and a process that dies at random points: each is sent once as the provider counts, in
// order by user.
func TestEveryMessageOnceAndInOrder(t *testing.T) {
	n := *seeds
	if testing.Short() {
		n = min(n, 2)
	}
	for seed := range uint64(n) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { playRandom(t, seed) })
		})
	}
}

func playRandom(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0x5eed))
	p := func(most float64) float64 { return rng.Float64() * most * float64(rng.IntN(2)) }
	faults := linesim.Faults{Seed: rng.Uint64(), Latency: time.Duration(1+rng.IntN(80)) * time.Millisecond,
		ErrorBefore: p(0.1), ErrorAfter: p(0.1), TimeoutAfter: p(0.02), Reset: p(0.1), RateLimit: p(0.05), Unauthorized: p(0.002)}
	w := newWorld(t, linesim.Options{Faults: faults, Limits: linesim.Limits{Off: true}}, budget([]int{0, 1, 200_000}[rng.IntN(3)]))
	w.configure(actors.Limits{Push: []int{0, 2000, 100}[rng.IntN(3)]})
	const messages, users, span = 2000, 100, 10 * time.Minute
	var all []*sending
	for i := range messages {
		s := &sending{to: rng.IntN(users), words: fmt.Sprintf("s%d-%d", seed, i), after: time.Duration(rng.Int64N(int64(span))).Truncate(time.Second)}
		if i%2 > 0 { // on either side of what a reminder brings along
			s.long = rng.IntN(3 * engine.InlinePayload)
		}
		all = append(all, s)
	}
	for range 6 {
		w.arm(points[rng.IntN(len(points))], 1+rng.IntN(400))
	}
	for range 3 {
		time.AfterFunc(time.Duration(rng.Int64N(int64(span))), w.kill)
	}
	w.accept(all)
	over := w.settle(all, 24*time.Hour)
	w.judge(all, over)
	sum := map[actors.MessageState]int{}
	for _, o := range over {
		sum[o.State]++
	}
	t.Logf("figure: %d starts, %v after %s, %d calls", w.starts, sum, time.Since(w.began).Round(time.Second), w.callCount())
	if sum["delivered"] != messages {
		t.Errorf("%v, and the provider refused nobody", sum)
	}
}

// points are the crash points of a message's way.
var points = []string{
	"messages.persist.before", "messages.persist.after", "message.accepted", "message.record.before", "message.record.after",
	"message.told.before", "message.told.after", "message.ack.before", "message.ack.after",
	"poster.call.before", "poster.call.after", "poster.report.before", "poster.report.after", "poster.recorded.before",
}

// The process dies at each point, the first time and later.
func TestEveryCrashPoint(t *testing.T) {
	for _, point := range points {
		for _, nth := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s/%d", point, nth), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, linesim.Options{})
					w.configure(actors.LINELimits)
					var all []*sending
					for i := range 40 {
						all = append(all, &sending{to: i % 4, words: fmt.Sprint("m", i), long: i * 20, after: time.Duration(i%5) * 10 * time.Second})
					}
					w.arm(point, nth)
					w.accept(all)
					w.judge(all, w.settle(all, time.Hour))
					w.mu.Lock()
					_, still := w.armed[point]
					w.mu.Unlock()
					if still {
						t.Errorf("%s was not reached so often", point)
					}
				})
			})
		}
	}
}
