package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// said is a Transport that notes the marks.
type said struct {
	t     *testing.T
	marks []saying
	full  bool // the way is
}

type saying struct {
	to string
	mark
}

// Start implements engine.Transport.
func (s *said) Start(engine.Receiver) {}

// Send implements engine.Transport.
func (s *said) Send(to string, _ engine.Lane, p engine.Packet) error {
	if s.full {
		return engine.ErrBacklog
	}
	packet, err := p.AppendPacket(nil)
	if err != nil {
		return err
	}
	m := saying{to: to}
	if at := bytes.IndexByte(packet, '{'); at < 0 || json.Unmarshal(packet[at:], &m.mark) != nil {
		s.t.Errorf("no mark: %q", packet)
	}
	s.marks = append(s.marks, m)
	return nil
}

// answers is to whom a member has said that all has arrived, and where.
func (s *said) answers() (out []string) {
	for _, m := range s.marks {
		if m.What == passed {
			out = append(out, m.to+": "+m.To)
		}
	}
	return out
}

// debtor is member O, which is asked by A.
type debtor struct {
	*Member
	said  *said
	shard journal.Shard
}

const debtorName = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

func newDebtor(t *testing.T) *debtor {
	store := journal.NewMemory(uuid.New())
	m, err := NewMember(MemberConfig{
		Self:    roster.Member{Incarnation: debtorName, Node: "o", Address: "o:1", Roles: []string{"checker"}},
		Objects: objects.NewMemory(store).Client("o"), Journal: store,
	})
	if err != nil {
		t.Fatal(err)
	}
	d := &debtor{m, &said{t: t}, ShardOf("checker", "g")}
	m.sys = enginetest.NewSystem(t, enginetest.Options{Incarnation: debtorName, Directory: m, Transport: d.said})
	return d
}

func (d *debtor) set() shardSet {
	s := shardSet{}
	s.add(d.shard)
	return s
}

// sees has the owner of all shards change by a view that names some members.
func (d *debtor) sees(epoch uint64, owner string, members ...string) {
	l := &d.loop
	l.view.View = roster.View{Epoch: epoch}
	for _, name := range members {
		l.view.View.Members = append(l.view.View.Members, roster.Member{Incarnation: name})
	}
	var owners roster.Owners
	for n := range owners {
		owners[n] = owner
	}
	was := l.owners["checker"]
	l.owners = map[string]roster.Owners{"checker": owners}
	d.moved("checker", was, owners)
	d.reviewDetours()
}

// settles does what the loop does with debts, until nothing is left to do.
func (d *debtor) settles() {
	for range 5 {
		d.payDebts()
		d.places.mu.Lock()
		then := d.places.then
		d.places.then = nil
		d.places.mu.Unlock()
		for _, f := range then {
			f()
		}
		for _, f := range d.events() {
			f()
		}
	}
}

// TestWhatWasSentOnMayComeBack: O has sent on to N what A had sent to it. N goes by a newer view by the time it arrives, so some of it came back;
// A hears that all has arrived only once it has, at P.
func TestWhatWasSentOnMayComeBack(t *testing.T) {
	begin := func(t *testing.T) *debtor {
		d := newDebtor(t)
		d.sees(2, "N", "A", "N", "P", debtorName)
		clear(d.loop.detours) // it had nothing of its own on the way
		d.loop.ways["N"] = &way{asked: 7, waiting: []waiting{{7, parted{"A", 2, "N"}, d.set()}}}
		return d
	}
	expect := func(t *testing.T, d *debtor, when string, want ...string) {
		t.Helper()
		d.settles()
		if got := d.said.answers(); !slices.Equal(got, want) {
			t.Errorf("%s: answered %q, want %q", when, got, want)
		}
	}
	t.Run("nothing came back", func(t *testing.T) {
		d := begin(t)
		d.flushed("N", 7, 2)
		expect(t, d, "it has arrived", "A: N")
	})
	t.Run("it has moved on, and O knows", func(t *testing.T) {
		d := begin(t)
		d.sees(3, "P", "A", "N", "P", debtorName)
		d.flushed("N", 7, 3)
		expect(t, d, "what came back waits at O")
		d.passed("N", "P", d.set())
		if d.loop.detours[d.shard] == nil {
			t.Error("it has not asked N yet")
		}
		d.askOwners()
		d.passed("N", "P", d.set())
		expect(t, d, "it has been sent on", "A: P")
	})
	t.Run("it has moved on, and O doesn't know", func(t *testing.T) {
		d := begin(t)
		d.flushed("N", 7, 3)
		expect(t, d, "what came back waits at O")
		d.sees(3, "P", "A", "N", "P", debtorName)
		d.askOwners()
		expect(t, d, "O knows, and has asked N")
		d.passed("N", "P", d.set())
		expect(t, d, "it has been sent on", "A: P")
	})
	t.Run("it has gone", func(t *testing.T) {
		d := begin(t)
		d.sees(3, "P", "A", "P", debtorName)
		d.forgetWay("N")
		expect(t, d, "what came back goes to P", "A: P")
	})
	t.Run("an older question doesn't wait for a newer one's sender", func(t *testing.T) {
		d := begin(t)
		clear(d.loop.ways)
		d.sees(3, "P", "A", "N", "P", debtorName)
		d.loop.debts = []debt{{from: "N", epoch: 3, shards: d.set()}}
		expect(t, d, "N's question is as new as O's detour", "N: P")
	})
}

// TestAnswersThatFindTheWayFullAreToldLater: once for each who asked and place, and flushes by the newest number. Who leaves waits for them.
func TestAnswersThatFindTheWayFullAreToldLater(t *testing.T) {
	d := newDebtor(t)
	d.sees(2, debtorName, "A", "N", debtorName)
	other := shardSet{}
	other.add(journal.Shard{Role: "checker", Number: (d.shard.Number + 1) % Shards})
	d.said.full = true
	for range 100 {
		d.pay("A", "N", d.set())
		d.pay("A", "N", other)
	}
	for n := range 100 {
		d.Marked("A", fmt.Appendf(nil, `{"what":"flush","number":%d}`, n+1))
	}
	d.settles()
	if n := d.owed.Load(); n != 2 || len(d.loop.lateMarks) != 2 {
		t.Fatalf("%d answers are owed, want 2; marks that wait: %v", n, d.loop.lateMarks)
	}
	d.marks(d.loop.markAt)
	if len(d.loop.lateMarks) != 2 || d.loop.markAt == 0 {
		t.Fatal("the way is full yet, and they don't wait any more:", d.loop.lateMarks)
	}
	d.said.full = false
	d.marks(d.loop.markAt - 1)
	if len(d.said.marks) > 0 {
		t.Error("said too early:", d.said.marks)
	}
	d.marks(d.loop.markAt)
	d.settles()
	if got := d.said.marks; len(got) != 2 || got[0].To != "N" || got[0].Shards.size() != 2 || got[1].What != flushed || got[1].Number != 100 {
		t.Errorf("said %+v", got)
	}
	if n := d.owed.Load(); n != 0 || len(d.loop.lateMarks) != 0 || d.loop.markAt != 0 {
		t.Errorf("%d are owed yet", n)
	}
}

// TestWhatIsOwedIsCountedOnce: for each shard, whoever asks how often, until it is answered or who asked has gone.
func TestWhatIsOwedIsCountedOnce(t *testing.T) {
	d := newDebtor(t)
	owed := func(want int64, when string) {
		t.Helper()
		if n := d.owed.Load() + d.unseen.Load(); n != want {
			t.Errorf("%s: %d are owed, want %d", when, n, want)
		}
	}
	d.sees(2, "N", "A", "N", debtorName)
	h := d.loop.shards[d.shard]
	h.peopled, h.open = true, true
	for _, e := range []func(roster.Shard) (roster.Shard, roster.Action, error){
		func(s roster.Shard) (roster.Shard, roster.Action, error) { return s.See(1, debtorName) },
		func(s roster.Shard) (roster.Shard, roster.Action, error) { return s.On(roster.LeaseBack) },
		func(s roster.Shard) (roster.Shard, roster.Action, error) { return s.On(roster.ClaimStored) },
		func(s roster.Shard) (roster.Shard, roster.Action, error) { return s.On(roster.Replayed) },
		func(s roster.Shard) (roster.Shard, roster.Action, error) { return s.See(2, "N") },
	} {
		d.step(h, e)
	}
	asked := func(from string) {
		word, err := json.Marshal(mark{What: ask, Epoch: 2, Shards: d.set()})
		if err != nil {
			t.Fatal(err)
		}
		d.Marked(from, word)
	}
	asked("A")
	owed(1, "the loop has not seen it")
	d.settles()
	owed(1, "grains leave")
	asked("A")
	asked("N")
	d.settles()
	owed(2, "asked again, and by another")
	d.forgetWay("N")
	d.settles()
	owed(1, "who asked has gone")
	h.peopled = false
	d.settles()
	owed(0, "answered")
}

// TestMembersThatComeAndGoLeaveNothing: a thousand, each with a record, a probe that ends too late, a question and messages that were sent on to it.
func TestMembersThatComeAndGoLeaveNothing(t *testing.T) {
	d := newDebtor(t)
	l := &d.loop
	d.cfg.Peers = nil
	self := d.cfg.Self
	self.State = roster.Active
	view := func(n int, others ...roster.Member) {
		v := roster.View{Epoch: uint64(n), Members: append([]roster.Member{self}, others...)}
		d.see(objects.Viewed{View: v, Revision: uint64(n)})
	}
	view(1)
	for n := range 1000 {
		name := fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69%05d", n)
		other := roster.Member{Incarnation: name, Node: fmt.Sprint("n", n), Address: "x:1", Roles: []string{"checker"}, State: roster.Active}
		sight := objects.Sight[roster.Record]{
			Event: objects.Stored, Key: name, Revision: uint64(n + 1), Value: roster.Record{Incarnation: name, Number: 1, State: roster.Live},
		}
		d.observe(sight)
		view(2*n+2, other)
		d.observe(sight)
		l.probing[name] = true
		d.Marked(name, []byte(`{"what":"ask","epoch":1,"shards":{"checker":3}}`))
		d.settles()
		view(2*n + 3)
		d.probed(other, true)
		sight.Value.State = roster.Let
		d.observe(sight)
		l.going = append(l.going, setsOf[parted]{parted{"A", 1, name}: d.set()})
		d.clearWays()
		d.settles()
		l.went, l.seen = nil, nil
	}
	left := map[string]int{
		"records": len(l.records), "probing": len(l.probing), "heard": len(l.heard), "dead": len(l.dead), "certain": len(l.certain), "nudges": len(l.nudges),
		"detours": len(l.detours), "debts": len(l.debts), "going": len(l.going), "ways": len(l.ways), "owed": int(d.owed.Load() + d.unseen.Load()),
	}
	for what, n := range left {
		if n > 2 {
			t.Errorf("%d %s are left", n, what)
		}
	}
}
