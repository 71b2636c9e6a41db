package simulation

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/poster"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// scenario is what is played; its seed rules all chance but that of the scheduler and of the product's own jitter.
type scenario struct {
	seed     uint64
	dir      *os.Root
	missions []*mission
	chunk    int // most recipients of a chunk; 0: as many as a multicast takes
	limits   actors.Limits
	faults   linesim.Faults
	order    linesim.Order
	crashes  []crash
	kills    []time.Duration // moments at which the process dies
	drains   []time.Duration // moments at which it is stopped as planned
	budget   int             // of demand, in bytes; 0: the product's
	journal  journalFaults
	outage   outage
	latency  time.Duration // of an append at most; 0: 3 ms, < 0: none
	downtime time.Duration // between a death and the next start
	keep     time.Duration // recipients are kept so long after the end; 0: for ever
	restore  time.Duration // when unknown users become known; 0: never
	quota    int64         // messages a month; 0: no limit
	larger   time.Duration // when it has a limit no more
	bound    time.Duration // how long it may take
	quiet    bool          // nobody asks for a campaign before the bound
	panics   bool          // actors may fail
	begins   time.Duration // after the bubble's first moment, which is that of the year 2000
	altered  float64       // of the frozen bodies: this build renders other bytes than the one that planned
	settled  bool          // users have settings, and who can't be reached is suppressed
	wishes   []wish        // … as they say in time; those at 0 before the first mission
	mutate   mutation
}

// crash arms a point: the process dies when it is reached for the n-th time, or at the first time after.
type crash struct {
	point string
	nth   int
}

// mutation wraps seams of the product.
type mutation struct {
	store    func(*incarnation, journal.Store) journal.Store
	provider func(*incarnation, provider.Provider) provider.Provider
	poster   func(*incarnation, *poster.Poster) engine.Actor[actors.PosterMsg]
	checker  func(*incarnation, *checker.Checker) engine.Durable[actors.CheckerMsg, checker.Event]
}

func (sc scenario) withDefaults() scenario {
	if sc.downtime == 0 {
		sc.downtime = time.Second
	}
	if sc.latency == 0 {
		sc.latency = 3 * time.Millisecond
	}
	if sc.bound == 0 {
		sc.bound = 26 * time.Hour
	}
	return sc
}

// simLimits are those that the channel believes in.
func (sc scenario) simLimits() linesim.Limits {
	return linesim.Limits{Off: sc.limits == actors.Limits{}, Push: sc.limits.Push, Multicast: sc.limits.Multicast}
}

// mission is one campaign, with what its operator does to it.
type mission struct {
	name      string
	id        string
	wait      time.Duration // before it is submitted
	at        time.Duration // due, from the beginning of the world; 0: now
	expire    time.Duration
	orders    []order
	define    func(*actors.Definition) // changes the definition further; nil: nothing does
	rows      []row
	unknown   []string
	duplicate bool // the first row stands twice

	mu       sync.Mutex
	accepted time.Duration // 202, guarded by mu; 0: never
	held     []interval    // guarded by mu; when no call of it may start
	cancelAt time.Duration // guarded by mu; cancel was acknowledged
	finalAt  time.Duration // guarded by mu
}

// row is a recipient.
type row struct {
	user, text string
	bad        bool // can't be rendered
	unknown    bool
	personal   bool
	want       *wanted // what must become of it; nil: what becomes of others
	never      bool    // it must not get anything
	zone       string  // of the column zone; empty: none
}

// interval is a stretch of virtual time; to 0 has no end.
type interval struct{ from, to time.Duration }

// orderKind is what an operator says.
type orderKind uint8

const (
	pause orderKind = iota
	resume
	cancel
	redriveFailed
	redriveUnknown // with the acknowledgement
)

var orderNames = [...]string{"pause", "resume", "cancel", "redrive failed", "redrive unknown"}

// order is given some time after the last one, the first after acceptance.
type order struct {
	after time.Duration
	what  orderKind
}

// newMission makes the recipients of a campaign: personal ones with a text each, and uniform ones.
func newMission(name string, personal, uniform int) *mission {
	m := &mission{name: name, id: actors.CampaignID("simulation", name)}
	for i := range personal {
		m.rows = append(m.rows, row{user: userID(name, i), text: fmt.Sprintf("%s for %d", name, i), personal: true})
	}
	for i := range uniform {
		m.rows = append(m.rows, row{user: userID(name, personal+i), text: name + " for all"})
	}
	return m
}

// forget makes a row's user unknown to the provider.
func (m *mission) forget(i int) {
	m.rows[i].unknown = true
	m.unknown = append(m.unknown, m.rows[i].user)
}

// blemished tells whether a uniform row's user is unknown.
func (m *mission) blemished() bool {
	return slices.ContainsFunc(m.rows, func(r row) bool { return r.unknown && !r.personal })
}

// spoil makes a row that can't be rendered.
func (m *mission) spoil(i int) { m.rows[i].text, m.rows[i].bad = "", true }

func userID(name string, i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", name, i))
	return "U" + hex.EncodeToString(sum[:16])
}

// audience is the file that the operator has.
func (m *mission) audience() string {
	var b strings.Builder
	for _, r := range m.rows {
		if r.zone == "" {
			fmt.Fprintf(&b, "{\"user_id\":%q,\"text\":%q}\n", r.user, r.text)
		} else {
			fmt.Fprintf(&b, "{\"user_id\":%q,\"text\":%q,\"zone\":%q}\n", r.user, r.text, r.zone)
		}
	}
	if m.duplicate {
		fmt.Fprintf(&b, "{\"user_id\":%q,\"text\":%q}\n", m.rows[0].user, m.rows[0].text)
	}
	return b.String()
}

// definition is what the operator wants; began is when the world did.
func (m *mission) definition(began time.Time) actors.Definition {
	d := actors.Definition{Name: m.name, Channel: "shop", Messages: []byte(`[{"type":"text","text":"{{ text }}"}]`), ExpireAfter: m.expire}
	if m.at != 0 {
		d.At = began.Add(m.at)
	}
	if m.define != nil {
		m.define(&d)
	}
	return d
}

// body is the canonical form of what a row's user gets, by hand.
func (r row) body() [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, `[{"text":%q,"type":"text"}]`, r.text))
}

// random makes a scenario from a seed: an audience with both kinds of recipients, faults, sometimes limits, sometimes orders.
func random(seed uint64, dir *os.Root) scenario {
	rng := rand.New(rand.NewPCG(seed, 0x5eed))
	sc := scenario{seed: seed, dir: dir}
	n := 1 + rng.IntN(5)/4
	for i := range n {
		m := newMission(fmt.Sprintf("campaign-%d-%d", seed, i), 15+rng.IntN(30), 500+rng.IntN(60))
		if rng.IntN(3) > 0 {
			m.forget(len(m.rows) - 1 - rng.IntN(400))
		}
		m.forget(rng.IntN(10))
		m.spoil(10 + rng.IntN(3))
		m.duplicate = rng.IntN(2) == 0
		m.wait = time.Duration(rng.Int64N(int64(2 * time.Second)))
		m.orders = randomOrders(rng)
		sc.missions = append(sc.missions, m)
	}
	if rng.IntN(2) == 0 {
		sc.limits = actors.Limits{Push: 5 + rng.IntN(30), Multicast: 2 + rng.IntN(10)}
	}
	sc.chunk = []int{0, 0, 60, 8, 3}[rng.IntN(5)]
	sc.faults = randomFaults(rng)
	sc.order = linesim.Order(rng.IntN(2))
	if rng.IntN(2) == 0 {
		sc.restore = time.Duration(rng.Int64N(int64(20 * time.Second)))
	}
	return sc
}

// randomOrders: half of the campaigns are left alone.
func randomOrders(rng *rand.Rand) []order {
	moment := func(most time.Duration) time.Duration { return time.Duration(rng.Int64N(int64(most))) }
	switch rng.IntN(6) {
	case 0:
		return []order{{moment(5 * time.Second), pause}, {moment(20 * time.Second), resume}}
	case 1:
		return []order{{moment(3 * time.Second), pause}, {moment(3 * time.Second), resume}, {moment(3 * time.Second), pause}, {moment(3 * time.Second), resume}}
	case 2:
		return []order{{moment(6 * time.Second), cancel}}
	}
	return nil
}

func randomFaults(rng *rand.Rand) linesim.Faults {
	f := linesim.Faults{Seed: rng.Uint64(), Latency: time.Duration(1+rng.IntN(80)) * time.Millisecond}
	p := func(most float64) float64 { return rng.Float64() * most * float64(rng.IntN(2)) }
	f.ErrorBefore, f.ErrorAfter, f.TimeoutAfter, f.Reset = p(0.2), p(0.2), p(0.1), p(0.2)
	f.RateLimit, f.Unauthorized, f.Slow = p(0.1), p(0.02), p(0.1)
	f.SlowBy = time.Duration(1+rng.IntN(40)) * time.Second
	return f
}

// journalFaults are what the store does.
type journalFaults struct {
	lost, busy, twice  float64 // of appends
	other              float64 // of replays, and of objects that are read or stored
	fullFrom, fullTill time.Duration
	awayFrom, awayTill time.Duration // no append is answered, though some are stored
}

// fault makes the store's hook; nil where nothing goes wrong.
func (f journalFaults) fault(w *world) journal.Fault {
	if f == (journalFaults{}) {
		return nil
	}
	return func(c journal.Call) error {
		away := w.now() >= f.awayFrom && w.now() < f.awayTill
		switch {
		case c.Op == "claim", w.calm.Load(), c.Op != "append" && !w.chance(f.other):
			return nil
		case c.Op != "append", !c.Done && away && w.chance(0.5):
			return errTrouble
		case c.Done && (away || w.chance(f.lost)):
			return errLost
		case c.Done:
			return nil
		case w.now() >= f.fullFrom && w.now() < f.fullTill:
			return journal.ErrFull
		case w.chance(f.busy):
			return journal.ErrBusy
		case w.chance(f.twice):
			return journal.ErrStoreTwice
		}
		return nil
	}
}
