package fleet_test

import (
	"cmp"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/cmd/hayauma/internal/fleet"
)

// blow is one fault, or one planned change, of a tale.
type blow struct {
	what  string
	at    time.Duration // since the campaigns were submitted
	long  time.Duration // until it ends, or until the node is started again
	node  int
	other int
	flag  bool // kill: the others hear of it at once
}

func (b blow) String() string {
	return fmt.Sprintf("%s of n%d (n%d, %t) for %v", b.what, b.node+1, b.other+1, b.flag, b.long)
}

var (
	worse   = []string{"kill", "kill", "kill", "hang", "cut", "cut", "unstore", "unstore", "away", "part", "isolate", "join", "leave", "drain", "forget"}
	orderly = []string{"leave", "leave", "drain", "join"}
)

// tale is all that a seed decides about a fleet of members.
type tale struct {
	o       fleet.Options
	roles   [][]string
	blows   []blow
	peace   bool // nodes only come and go as they should, and the provider is well
	young   bool // campaigns may move to nodes that just started, which take them for lost: a refusal is no evidence then
	strange bool
	rough   float64
	rest    time.Duration // before the campaigns
	waits   []time.Duration
	sizes   []int
	strays  bool
}

// layouts are who carries what; those of a peaceful tale have somebody who stays, for each role.
var (
	half    = []string{actors.RoleComposer, actors.RoleChecker}
	post    = []string{actors.RolePoster}
	stable  = [][][]string{{all, all, all}, {all, all, all, all}, {all, all, all, all, all}, {half, half, post, post}, {half, all, post, all, post}}
	fragile = append([][][]string{split, {half, post, post}, {all, half, post}}, stable...)
)

func newTale(seed uint64) *tale {
	r := rand.New(rand.NewPCG(seed, 0x7a1e))
	p := func(most float64) float64 { return r.Float64() * most * float64(r.IntN(2)) }
	a := &tale{
		peace: r.IntN(5) == 0, strange: r.IntN(4) == 0, rough: []float64{0, 0, 1, 3}[r.IntN(4)], strays: r.IntN(2) == 0,
		o: fleet.Options{
			Seed: seed, Chunk: []int{0, 60, 20, 5}[r.IntN(4)], Latency: time.Duration(r.IntN(4000)) * time.Microsecond, Jitter: time.Millisecond,
			Limits: actors.Limits{Push: 10 + r.IntN(60), Multicast: 2 + r.IntN(10)},
			Faults: linesim.Faults{Seed: seed, Latency: time.Duration(1+r.IntN(200)) * time.Millisecond},
			Order:  linesim.Order(r.IntN(2)),
		},
	}
	if r.IntN(3) == 0 {
		a.o.Budget = 64 << 10
	}
	if r.IntN(2) == 0 {
		a.rest = settled
	}
	for range 2 + r.IntN(2) {
		a.waits, a.sizes = append(a.waits, upTo(r, 4*time.Second)), append(a.sizes, 30+r.IntN(100))
	}
	if a.peace {
		a.rough, a.rest, a.roles, a.young = 0, settled, stable[r.IntN(len(stable))], r.IntN(2) == 0
		if !a.young {
			a.roles = stable[r.IntN(3)]
		}
	} else {
		a.roles = fragile[r.IntN(len(fragile))]
		f := &a.o.Faults
		f.ErrorBefore, f.ErrorAfter, f.TimeoutAfter, f.Reset, f.RateLimit = p(0.1), p(0.1), p(0.03), p(0.1), p(0.05)
		f.Slow, f.SlowBy = p(0.1), time.Duration(1+r.IntN(8))*time.Second
	}
	a.draw(r)
	return a
}

func (a *tale) draw(r *rand.Rand) {
	kinds := worse
	if a.peace {
		kinds = orderly
	}
	nodes := len(a.roles)
	for range 1 + r.IntN(4) {
		b := blow{
			what: kinds[r.IntN(len(kinds))], at: 200*time.Millisecond + upTo(r, 7*time.Second), long: 300*time.Millisecond + upTo(r, 5*time.Second),
			node: r.IntN(nodes), flag: r.IntN(2) == 0,
		}
		b.other = (b.node + 1 + r.IntN(nodes-1)) % nodes
		if r.IntN(4) == 0 {
			b.long /= 10
		}
		if a.peace && !a.young { // nobody comes, and some stay
			b.what, b.node, b.other = orderly[r.IntN(3)], len(a.blows), nodes-1
		}
		if len(a.blows) == nodes-2 && a.peace && !a.young {
			break
		}
		if a.peace && a.young && len(a.blows) > 0 { // one after another: somebody stays
			last := a.blows[len(a.blows)-1]
			b.at = last.at + last.long + 2*time.Second + upTo(r, time.Second)
		}
		a.blows = append(a.blows, b)
	}
	slices.SortStableFunc(a.blows, func(x, y blow) int { return cmp.Compare(x.at, y.at) })
}

func upTo(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d) + 1)) }

// told plays it.
type telling struct {
	*tale
	w    *fleet.World
	m    *fleet.Members
	hits atomic.Int32
	late atomic.Int64 // the longest that a campaign took after all was well again, less what the limit asks for
}

// finishIn is how long a campaign may take when all is well again, beside the work: it finds a lost word after 60 s of silence, and a call
// that is never answered takes 10 s, several times over.
const finishIn = 100 * time.Second

// work is how long all calls take at the limits, each of them made twice.
func (a *tale) work() (d time.Duration) {
	chunk := a.o.Chunk
	if chunk == 0 {
		chunk = 500
	}
	for _, n := range a.sizes {
		calls := (20+2*n)/chunk + 2
		if a.strays {
			calls += 2 * bits.Len(uint(chunk)) // halves of halves
		}
		d += time.Duration(2*n)*time.Second/time.Duration(a.o.Limits.Push) + time.Duration(2*calls)*time.Second/time.Duration(a.o.Limits.Multicast)
	}
	return d
}

func (a *telling) owner(w *fleet.World) fleet.Owner {
	a.w = w
	a.m = fleet.NewMembers(w, func(m *fleet.Members) { m.Rough, m.Strange = a.rough, a.strange })
	return a.m
}

func (a *telling) tell(w *fleet.World) {
	for _, b := range a.blows {
		w.Note("", "planned: "+b.String()+" at "+b.at.String())
	}
	w.Boot(a.roles...)
	w.Configure()
	time.Sleep(a.rest)
	missions := a.missions()
	began := w.Now()
	a.m.Storm(true)
	var crew sync.WaitGroup
	for i, m := range missions {
		crew.Go(func() {
			time.Sleep(a.waits[i])
			w.Submit(m)
			w.Await(m)
		})
	}
	var blows sync.WaitGroup
	for _, b := range a.blows {
		blows.Go(func() {
			time.Sleep(began + b.at - w.Now())
			a.strike(b)
		})
	}
	blows.Wait()
	a.m.Storm(false)
	calm := w.Now()
	w.Note("", "calm")
	crew.Wait()
	for _, m := range missions {
		a.judge(m, calm)
	}
	time.Sleep(15 * time.Second)
}

func (a *telling) missions() (all []*fleet.Mission) {
	for i, n := range a.sizes {
		m := a.w.NewMission(fmt.Sprintf("mission-%d", i), n, 20+2*n)
		m.Unknown = !a.peace || a.strays && a.young
		if a.strays {
			m.Forget(i)
			m.Forget(-1 - i)
		}
		all = append(all, m)
	}
	return all
}

func (a *telling) judge(m *fleet.Mission, calm time.Duration) {
	since := max(calm, m.Accepted())
	took := m.Final() - since - a.work()
	if took > finishIn {
		a.w.Wrong(fmt.Sprintf("%s ended %v after all was well again", m.Name, m.Final()-since))
	}
	a.late.Store(max(a.late.Load(), int64(took)))
}

// node is the one that lives at a place, nil where none does.
func (a *telling) node(place int) *fleet.Node {
	home := fmt.Sprintf("n%d", place+1)
	for _, n := range a.w.Live() {
		if n.Home == home {
			return n
		}
	}
	return nil
}

// strike has something happen, and returns when it is over.
func (a *telling) strike(b blow) {
	w, m := a.w, a.m
	n, other := a.node(b.node), a.node(b.other)
	if n == nil || other == nil {
		return
	}
	struck := []*fleet.Node{n}
	switch b.what {
	case "away", "forget", "join":
		struck = w.Live()
	case "part":
		struck = append(struck, other)
	}
	if m.Hits(struck...) {
		a.hits.Add(1)
	}
	w.Note(n.Name, "BLOW "+b.String())
	switch b.what {
	case "kill":
		w.Kill(n)
		if b.flag {
			m.Heard(n)
		}
	case "hang":
		m.Hang(n, b.long)
	case "cut":
		m.Isolate(n.Home, b.long)
		m.CutStore(n.Home, b.long)
	case "unstore":
		m.CutStore(n.Home, b.long)
	case "away":
		m.Away(b.long)
	case "part":
		m.Part(n.Home, other.Home, b.long)
	case "isolate":
		m.Isolate(n.Home, b.long)
	case "join":
		m.Start("", a.roles[b.node])
	case "leave":
		if err := m.Leave(w.T.Context(), n); err != nil {
			if w.Note(n.Name, "left in part: "+err.Error()); a.peace {
				w.Wrong("a planned leave failed: " + err.Error())
			}
		}
	case "drain":
		m.Drain(other, n)
	case "forget":
		m.Forget()
	}
	time.Sleep(b.long)
	switch {
	case a.peace && !a.young: // it stays away
	case b.what == "kill", b.what == "leave":
		m.Start(n.Home, n.Roles)
	case b.what == "drain":
		for began := w.Now(); !n.Dead() && w.Now()-began < 15*time.Second; time.Sleep(50 * time.Millisecond) {
		}
		if n.Dead() {
			m.Start(n.Home, n.Roles)
		}
	}
	w.Note(n.Name, "END "+b.String())
}

// TestMembers plays fleets of real members: whatever fails, nobody is left out or gets two messages, no second has more calls than the
// limit, and all ends soon after all is well again. What is planned leaves nothing in doubt.
func TestMembers(t *testing.T) {
	var count, hit, late atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for _, seed := range append(slices.Clone(keptTales), seedsFrom(5000)...) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				a := &telling{tale: newTale(seed)}
				a.o.Owner = a.owner
				play(t, a.o, a.tell)
				count.Add(1)
				if a.hits.Load() > 0 {
					hit.Add(1)
				}
				for old := late.Load(); a.late.Load() > old && !late.CompareAndSwap(old, a.late.Load()); old = late.Load() {
				}
			})
		}
	})
	t.Logf("figure: in %d of %d fleets of members a fault hit something in flight; the last campaign ended %v after all was well again, beside its limit",
		hit.Load(), count.Load(), time.Duration(late.Load()))
	if hit.Load()*2 < count.Load() {
		t.Error("hardly any fault hits something in flight")
	}
}

// keptTales are seeds that have failed: a campaign whose re-drive found no checker waited for ever for one (186), and halves that came back before the
// checker, which moved too, was told of their split, were put in doubt (5909).
var keptTales = []uint64{186, 5909}

func seedsFrom(first uint64) (all []uint64) {
	for n := range uint64(*seeds) {
		all = append(all, first+n)
	}
	return all
}
