package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"hayauma.example/cluster"
)

// fault is something that befalls one node of a fleet, its victim, and how it ends.
type fault struct {
	name string
	hit  func(f *fleet, victim int)
	heal func(f *fleet, victim int)
	ends bool          // the node's process; any other fault it survives, if need be as a new member
	hold time.Duration // from the one to the other
	must time.Duration // the longest time in which nothing of what was the victim's is called: the target, on a quiet machine; 0: there is none
}

// faults are those that need no network of their own.
var faults = []fault{
	{name: "kill", ends: true, must: 500 * time.Millisecond, hold: time.Second,
		hit:  func(f *fleet, v int) { f.nodes[v].process.kill() },
		heal: func(f *fleet, v int) { f.serve(v) }},
	{name: "hang", must: 2500 * time.Millisecond, hold: 4 * time.Second,
		hit:  func(f *fleet, v int) { f.nodes[v].process.freeze() },
		heal: func(f *fleet, v int) { f.nodes[v].process.thaw() }},
	{name: "short hang", hold: time.Second,
		hit:  func(f *fleet, v int) { f.nodes[v].process.freeze() },
		heal: func(f *fleet, v int) { f.nodes[v].process.thaw() }},
	{name: "stop", ends: true, must: time.Second, hold: time.Second,
		hit:  func(f *fleet, v int) { f.nodes[v].process.stop() },
		heal: func(f *fleet, v int) { f.serve(v) }},
	{name: "one NATS server killed", hold: time.Second,
		hit:  func(f *fleet, v int) { f.nats.servers[v%3].kill() },
		heal: func(f *fleet, v int) { f.nats.restart(v % 3) }},
	{name: "all of NATS hangs", hold: 4 * time.Second,
		hit: func(f *fleet, _ int) {
			for _, s := range f.nats.servers {
				s.freeze()
			}
		},
		heal: func(f *fleet, _ int) {
			for _, s := range f.nats.servers {
				s.thaw()
			}
		}},
}

// TestFleetFaults runs campaigns through each fault, once for each kind, or HAYAUMA_FAILOVERS times; with HAYAUMA_NODES nodes, and only
// the faults whose names begin with HAYAUMA_FAULT.
func TestFleetFaults(t *testing.T) {
	times, nodes := number(t, "HAYAUMA_FAILOVERS", 1), number(t, "HAYAUMA_NODES", 3)
	f := newFleet(t, all(nodes), "--faults", "latency=20ms")
	f.suffer(faults, times)
}

const (
	pushLimit      = 800           // the channel's, in calls a second, while faults strike
	pushUsers      = 5 * pushLimit // recipients of the campaign that is hit
	multicastUsers = 10_000        // of the one beside it
)

// TestFleetFaultsWithLittleDemand: where only a few messages may be rendered ahead, what a lost node held must not keep the others from going
// on.
func TestFleetFaultsWithLittleDemand(t *testing.T) {
	f := newFleetOf(t, all(3), []string{"--demand-bytes", "64KiB"}, "--faults", "latency=20ms")
	f.late = 45 * time.Second // a window is sent again after 60 s without an outcome
	var some []fault
	for _, x := range faults {
		if x.must > 0 {
			x.must = 0
			some = append(some, x)
		}
	}
	f.suffer(some, 1)
}

// suffer has each fault hit each node in turn, while campaigns run, and prints how long what was the victim's stood still.
func (f *fleet) suffer(faults []fault, times int) {
	f.limits = fmt.Sprintf("push=%d,multicast=4", pushLimit)
	if r := f.addChannel(channel); r.code != 0 {
		f.t.Fatalf("channel add: %+v", r)
	}
	for _, x := range faults {
		if !strings.HasPrefix(x.name, os.Getenv("HAYAUMA_FAULT")) {
			continue
		}
		var still, back []time.Duration
		for n := range times {
			s, b := f.strike(x, fmt.Sprint(x.name, " ", n), 1+n%(len(f.nodes)-1))
			still, back = append(still, s), append(back, b)
		}
		slices.Sort(still)
		slices.Sort(back)
		ms := func(d time.Duration) int64 { return d.Milliseconds() }
		f.t.Logf("figure: %s: the victim's pushes stood still for %d to %d ms, median %d, %d times, target %d; after its end for up to %d, median %d",
			x.name, ms(still[0]), ms(still[times-1]), ms(still[times/2]), times, ms(x.must), ms(back[times-1]), ms(back[times/2]))
		f.tell(standstills{Fault: x.name, Recipients: times * (pushUsers + multicastUsers), Still: milliseconds(still), Back: milliseconds(back)})
		if x.must > 0 && still[0] > 10*x.must {
			f.t.Errorf("%s: %v at best, ten times the target", x.name, still[0])
		}
	}
}

// standstills are a fault's figures for a program that runs this test. The values are in rising order; 0 is a time that couldn't be told.
type standstills struct {
	Fault      string    `json:"fault"`
	Recipients int       `json:"recipients"` // of all campaigns
	Still      []float64 `json:"still_ms"`   // how long what was the victim's stood still after the fault
	Back       []float64 `json:"back_ms"`    // and after the fault's end
}

// tell prints them in a line of their own.
func (f *fleet) tell(s standstills) {
	f.t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Logf("figure-json: %s", text)
}

func milliseconds(all []time.Duration) []float64 {
	ms := make([]float64, len(all))
	for i, d := range all {
		ms[i] = float64(d.Microseconds()) / 1e3
	}
	return ms
}

// strike lets one fault hit a victim in the middle of two campaigns, and judges them.
func (f *fleet) strike(x fault, name string, victim int) (still, back time.Duration) {
	f.t.Helper()
	f.use(0)
	mailings := []*mailing{f.personalised(name+" one", pushUsers), f.uniform(name+" all", multicastUsers)}
	f.submitAll(mailings)
	f.await(mailings[0].id, "under way", func(s shown) bool { return s.Delivered > 200 })
	owned, process := f.owned(victim), f.nodes[victim].process
	at := time.Now()
	x.hit(f, victim)
	time.Sleep(x.hold)
	healed := time.Now()
	x.heal(f, victim)
	f.revive()
	f.end(mailings)
	f.settle()
	if !x.ends && (f.nodes[victim].process != process || !process.alive()) {
		f.t.Errorf("%s: the node's process ended, instead of joining again by itself\n%s", name, tail(process.said()))
	}
	f.paced(name, mailings[0])
	of := func(user string) bool {
		return mailings[0].want[user] != "" && owned[cluster.ShardOf("poster", user).Number] // a push lives where its user does
	}
	return f.stood(at, healed, of), f.stood(healed, healed.Add(finishFor), of)
}

// revive starts nodes again that have ended, as whoever runs them would.
func (f *fleet) revive() {
	for i, n := range f.nodes {
		if !n.process.alive() {
			f.serve(i)
		}
	}
}

// owned are the shards of the role poster that a node has.
func (f *fleet) owned(i int) map[int]bool {
	f.t.Helper()
	s, err := f.nodes[0].process.status()
	if err != nil {
		f.t.Fatal(err)
	}
	owned := map[int]bool{}
	for _, sh := range s.Shards {
		if sh.Role == "poster" && sh.Owner == f.nodes[i].name {
			owned[sh.Shard] = true
		}
	}
	if len(owned) == 0 {
		f.t.Fatalf("%s owns nothing: %+v", f.nodes[i].name, s)
	}
	return owned
}

// paced looks at the limit by the provider's clock: calls that started in time may arrive a little closer together.
func (f *fleet) paced(name string, pushed *mailing) {
	f.t.Helper()
	var at []time.Time
	for _, d := range f.deliveries() {
		if pushed.want[d.User] != "" {
			at = append(at, d.At)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	most, first := 0, 0
	for i := range at {
		for at[i].Sub(at[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	f.t.Logf("figure: %s: %d calls in a second at most, the limit is %d", name, most, pushLimit)
	if most > pushLimit*3/2 { // two channels at once would start twice as many; exact times are asserted in virtual time
		f.t.Errorf("%s: %d calls within a second", name, most)
	}
}

// stood is the longest time in which the provider heard of none of these users that began between two moments.
func (f *fleet) stood(from, to time.Time, of func(user string) bool) (longest time.Duration) {
	f.t.Helper()
	var calls []time.Time
	for _, d := range f.deliveries() {
		if d.At.After(from) && of(d.User) {
			calls = append(calls, d.At)
		}
	}
	if len(calls) == 0 {
		f.t.Log("the provider has not heard of the victim's users again: the campaign was at its end")
		return 0
	}
	slices.SortFunc(calls, time.Time.Compare)
	for _, call := range calls {
		if from.After(to) {
			break
		}
		longest, from = max(longest, call.Sub(from)), call
	}
	return longest
}
