package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/recipient"
	"hayauma.example/cluster"
	"hayauma.example/engine"
)

// wish is what a user says some time after the world's beginning.
type wish struct {
	at       time.Duration
	user     string
	settings actors.RecipientSettings
}

// wanted is what must become of a row.
type wanted struct {
	outcome   actors.Outcome
	reason    string // empty: any
	notBefore time.Duration
}

func (x *wanted) met(o actors.Outcome, reason string) bool {
	return x == nil || o == x.outcome && (reason == x.reason || x.reason == "")
}

// addresses are the same in each world.
var addresses = sync.OnceValue(func() *recipient.Addresses {
	return recipient.NewAddresses(func(role, key string) int { return cluster.ShardOf(role, key).Number })
})

func (in *incarnation) serveRecipients() {
	recipient.Serve(in.sys, addresses())
	in.sets = recipient.NewSets(recipient.SetsConfig{System: in.sys, Addresses: addresses()})
}

func (in *incarnation) settings(ctx context.Context, channel string) (campaign.Settings, error) {
	set, err := in.sets.Fetch(ctx, channel)
	if err != nil {
		return nil, err
	}
	return set, nil
}

func (in *incarnation) suppress(ctx context.Context, channel, user, reason string) error {
	book := actors.Recipients.Ref(in.sys, addresses().Of(channel, user))
	_, err := engine.Ask[actors.Done](ctx, book, actors.RecipientMsg(actors.Suppress{User: user, Reason: reason}))
	return err
}

// tell has users say what they want: what is said at 0 is stored before it returns.
func (w *world) tell(people *sync.WaitGroup) {
	by := map[time.Duration]map[string][]actors.RecipientChange{}
	for _, x := range w.sc.wishes {
		if by[x.at] == nil {
			by[x.at] = map[string][]actors.RecipientChange{}
		}
		book := addresses().Of("shop", x.user)
		by[x.at][book] = append(by[x.at][book], actors.RecipientChange{User: x.user, Sets: actors.AllFields, Settings: x.settings})
	}
	store := func(books map[string][]actors.RecipientChange) {
		for book, entries := range books {
			if _, err := insist[actors.Done](w, actors.Recipients, book, actors.RecipientMsg(actors.Change{Entries: entries})); err != nil {
				w.wrong("settings not stored: " + err.Error())
			}
		}
	}
	store(by[0])
	for at, books := range by {
		if at > 0 {
			people.Go(func() {
				time.Sleep(at - w.now())
				store(books)
			})
		}
	}
}

// Times of a campaign whose users have wishes: it is planned 10 minutes before it is due.
const (
	sparedDue  = 30 * time.Minute
	sparedLate = 25 * time.Minute // wishes that come after the plan
	quietUntil = 2 * time.Hour
)

// sparing is a campaign with recipients who want nothing, or not now: some say so before the plan, some after it.
func sparing(name string, personal, uniform int) (*mission, []wish) {
	m := newMission(name, personal, uniform)
	m.at = sparedDue
	m.define = func(d *actors.Definition) { d.Topic = "news" }
	var wishes []wish
	quiet := actors.RecipientSettings{Quiet: "00:00-02:00"}
	suppressed := func(reason string) *wanted { return &wanted{outcome: actors.Suppressed, reason: reason} }
	for i := range m.rows {
		r := &m.rows[i]
		say := func(at time.Duration, s actors.RecipientSettings, want *wanted) {
			wishes = append(wishes, wish{at, r.user, s})
			r.want, r.never = want, want.outcome == actors.Suppressed
		}
		later := &wanted{outcome: actors.Delivered, notBefore: quietUntil}
		switch i % 20 {
		case 0:
			say(0, actors.RecipientSettings{OptOut: true}, suppressed("opted_out"))
		case 1:
			say(0, quiet, later)
		case 2:
			say(sparedLate, actors.RecipientSettings{OptOut: true}, suppressed("opted_out"))
		case 3:
			if !r.personal {
				later.notBefore = sparedDue // the multicast doesn't wait for him
			}
			say(sparedLate, quiet, later)
		case 4:
			say(0, actors.RecipientSettings{Topics: []string{"news", "other"}}, suppressed("topic:news"))
		case 5:
			say(0, actors.RecipientSettings{Topics: []string{"other"}, Zone: "Asia/Tokyo"}, &wanted{outcome: actors.Delivered, notBefore: sparedDue})
		case 6:
			say(sparedLate, actors.RecipientSettings{Quiet: "00:00-24:00"}, suppressed("quiet_hours: always"))
		}
	}
	return m, wishes
}

// forgetSome makes users unknown who are called by push, and some in multicasts.
func forgetSome(m *mission) (users []string) {
	for i := range m.rows {
		if r := &m.rows[i]; r.want == nil && (r.personal && i%20 == 8 || !r.personal && i%100 == 19) {
			m.forget(i)
			r.want = &wanted{outcome: actors.Failed}
			users = append(users, r.user)
		}
	}
	return users
}

// TestWhoWantsNothingGetsNothing over 2,000 recipients, and the next campaign leaves out who couldn't be reached by this one.
func TestWhoWantsNothingGetsNothing(t *testing.T) {
	t.Parallel()
	m, wishes := sparing("spared", 700, 1300)
	unknown := forgetSome(m)
	next := newMission("next", 400, 600)
	next.at = 6 * time.Hour
	for i, user := range unknown {
		r := &next.rows[i*7]
		r.user, r.unknown, r.never = user, true, true
		r.want = &wanted{outcome: actors.Suppressed, reason: "suppressed: Failed to send messages"}
	}
	r := play(t, scenario{seed: 3, dir: openDir(t.TempDir()), missions: []*mission{m, next}, settled: true, wishes: wishes})
	report(t, r)
	called := 0
	for _, c := range r.world.calls {
		if c.at >= next.at {
			called += c.n
		}
	}
	got := r.ended[next.id].Totals
	if want := (actors.Totals{actors.Suppressed: uint32(len(unknown)), actors.Delivered: uint32(1000 - len(unknown))}); got != want || called != 1000-len(unknown) {
		t.Errorf("%v, %d users called, want %v", got, called, want)
	}
	if r.took > 7*time.Hour {
		t.Errorf("took %v", r.took)
	}
}

// sparedPoints are the crash points that matter to such a campaign.
var sparedPoints = []point{
	{"campaign.deferred", 1}, {"campaign.spared.before", 1}, {"campaign.spared.after", 1}, {"poster.suppressed.after", 2}, {"campaign.window.opened", 1},
	{"campaign.window.told", 1}, {"composer.tell.midway", 2}, {"checker.ack.before", 2}, {"poster.split.after", 2}, {"campaign.finished", 1},
}

// TestEveryPointOfASparingWindow lets the process die at each of them.
func TestEveryPointOfASparingWindow(t *testing.T) {
	for i, p := range sparedPoints {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			dir := openDir(t.TempDir())
			for nth := 1; nth <= p.often; nth++ {
				m, wishes := sparing(fmt.Sprint("point-", i), 60, 560)
				sc := scenario{seed: uint64(100*i + nth), dir: dir, missions: []*mission{m}, settled: true, wishes: wishes, crashes: []crash{{p.name, nth}}}
				if sc.chunk = []int{0, 40}[i%2]; p.name == "poster.suppressed.after" || p.name == "poster.split.after" {
					forgetSome(m)
					m.inDoubt()
				}
				r := play(t, sc)
				report(t, r)
				if len(r.world.armed) > 0 {
					t.Errorf("%s was not reached for the %d. time", p.name, nth)
				}
			}
		})
	}
}

// inDoubt asks no more of who is to be delivered to, or can't be, than of anybody else: a death may leave it unknown.
func (m *mission) inDoubt() {
	for i := range m.rows {
		if r := &m.rows[i]; r.want != nil && (r.want.outcome != actors.Suppressed || m.cancels()) {
			r.want = nil
		}
	}
}

func (m *mission) cancels() bool {
	return slices.ContainsFunc(m.orders, func(o order) bool { return o.what == cancel })
}

// sparingAtRandom is a campaign with wishes, faults, orders and deaths at random moments around its windows.
func sparingAtRandom(seed uint64, dir *os.Root) scenario {
	rng := rand.New(rand.NewPCG(seed, 0x5e75))
	m, wishes := sparing(fmt.Sprint("random-", seed), 40+rng.IntN(60), 500+rng.IntN(200))
	sc := scenario{seed: seed, dir: dir, missions: []*mission{m}, settled: true, wishes: wishes, faults: randomFaults(rng), chunk: []int{0, 60, 8}[rng.IntN(3)]}
	for range rng.IntN(3) {
		p := slices.Concat(sparedPoints, points)[rng.IntN(len(sparedPoints)+len(points))]
		sc.crashes = append(sc.crashes, crash{p.name, 1 + rng.IntN(p.often)})
	}
	for range rng.IntN(3) {
		sc.kills = append(sc.kills, sparedDue+time.Duration(rng.Int64N(int64(20*time.Second))))
	}
	if rng.IntN(4) == 0 {
		sc.drains = append(sc.drains, sparedDue+time.Duration(rng.Int64N(int64(5*time.Second))))
	}
	if rng.IntN(2) == 0 {
		sc.limits = actors.Limits{Push: 5 + rng.IntN(30), Multicast: 2 + rng.IntN(10)}
	}
	moment := func() time.Duration { return sparedDue + time.Duration(rng.Int64N(int64(4*time.Second))) }
	switch rng.IntN(5) {
	case 0:
		m.orders = []order{{moment(), pause}, {time.Duration(rng.Int64N(int64(20 * time.Second))), resume}}
	case 1:
		m.orders = []order{{moment(), cancel}}
	case 2:
		m.orders = []order{{moment() + time.Minute, redriveFailed}, {time.Minute, redriveUnknown}}
		sc.restore = sparedDue + 90*time.Second
	}
	m.forget(len(m.rows) - 1) // of a multicast, which splits
	m.forget(8)
	m.inDoubt()
	return sc
}

// TestWishesAtRandom: whoever dies, sums add up, and nobody gets anything who doesn't want it.
func TestWishesAtRandom(t *testing.T) {
	for shard := range 2 {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			dir := openDir(t.TempDir())
			for n := shard; n < *seeds/3; n += 2 {
				if report(t, play(t, sparingAtRandom(70_000+*first+uint64(n), dir))); t.Failed() {
					return
				}
			}
		})
	}
}
