package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cluster"
	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// slow is a tally that works for 300 ms, off its handler, when it is told a negative number.
type slow struct{ tally }

var slowTallies = engine.NewKind[any](engine.KindConfig{Name: "slow", Role: "checker"})

// Handle begins the work, or does what a tally does.
func (s *slow) Handle(c *engine.Context[any], m any) {
	if tick, ok := m.(Tick); ok && tick.N < 0 {
		c.Go(func(context.Context) any {
			time.Sleep(300 * time.Millisecond)
			return Tick{-tick.N}
		})
		return
	}
	s.tally.Handle(c, m)
}

// TestPlacesChangeBeforeGrainsLeave: while a member gives its shards up, and waits for work that a grain has begun, no other grain of them
// begins there: it would outlive the shard. Questions wait, and are answered by the next owner.
func TestPlacesChangeBeforeGrainsLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		a, b, c := f.trio()
		for _, s := range f.all {
			engine.ServeDurable(s.sys, slowTallies, func(string) engine.Durable[any, Ticked] { return &slow{tally{map[int]bool{}, f.ring}} })
		}
		var theirs []string
		for i := range 100 {
			if id := fmt.Sprint("g", i); c.Locate("checker", id).Answer == engine.Here {
				theirs = append(theirs, id)
			}
		}
		slowTallies.Ref(c.sys, theirs[0]).Tell(Tick{-1})
		synctest.Wait()
		began := time.Now()
		stopped := make(chan error, 1)
		go func() { stopped <- c.Stop(t.Context()) }()
		time.Sleep(50 * time.Millisecond)
		var asking sync.WaitGroup
		for i, id := range theirs[1:] {
			asking.Go(func() {
				if n, err := f.all[i%3].ask(id, 1); n != 1 || err != nil {
					t.Errorf("grain %s: %d, %v", id, n, err)
				}
			})
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		asking.Wait()
		if took := time.Since(began); took < 300*time.Millisecond || took > 400*time.Millisecond {
			t.Errorf("given up after %v, want the 300 ms that a grain worked, and some requests", took)
		}
		for _, k := range c.sys.Stats() {
			if k.Active > 0 && k.Kind != "cell" {
				t.Errorf("%d grains of kind %s live at a member that has left", k.Active, k.Kind)
			}
		}
		f.until(time.Second, "two share", whole(a, b))
	})
}

// TestAThiefIsSurvived: somebody outside the view takes all fences blindly. The next append finds out, the member claims anew, and what the
// grain was asked is settled by asking again.
func TestAThiefIsSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		a := f.join("a")
		f.until(time.Second, "it owns all", whole(a))
		if n, err := a.ask("g", 1); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if _, err := f.journal.Claim(t.Context(), "thief", every()); err != nil {
			t.Fatal(err)
		}
		if _, err := a.ask("g", 2); err == nil {
			t.Error("stored under an old fence")
		}
		if n, err := a.ask("g", 2); n != 2 || err != nil {
			t.Error(n, err)
		}
		if lost := a.Status().Counts.Lost; lost != 1 {
			t.Errorf("%d shards were lost, want the one that was asked", lost)
		}
	})
}

// TestAShardThatIsAlwaysLostDoesNotSpin: the store gives no clear answer about one grain's events, ever again; its shard is claimed anew
// less and less often, and when the store answers again it is served.
func TestAShardThatIsAlwaysLostDoesNotSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		var broken atomic.Bool
		f.journal.Fault = func(c journal.Call) error {
			if broken.Load() && c.Op == "append" && !c.Done {
				return errors.New("no answer")
			}
			return nil
		}
		a := f.join("a", func(c *cluster.MemberConfig) {
			c.Writer = journal.WriterOptions{AttemptFor: 5 * time.Millisecond, UnclearFor: 10 * time.Millisecond}
		})
		f.until(time.Second, "it owns all", whole(a))
		broken.Store(true)
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if _, err := engine.AskTimeout[int, any](tallies.Ref(a.sys, "g"), Tick{1}, time.Second); err == nil {
				t.Fatal("answered")
			}
		}
		if lost := a.Status().Counts.Lost; lost < 5 || lost > 15 {
			t.Errorf("lost %d times in 30 s", lost)
		}
		broken.Store(false)
		f.until(10*time.Second, "it owns all again", whole(a))
		if n, err := a.ask("g", 1); n != 1 || err != nil {
			t.Error(n, err)
		}
		if took := a.slowest(); took == 0 {
			t.Error("no fail-over was counted")
		}
	})
}

// TestALostAnswerToAClaimIsMended: a claim is stored and its answer lost, while the shard becomes another's: that one is not kept waiting.
func TestALostAnswerToAClaimIsMended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		var lose atomic.Bool
		f.store.Request = 200 * time.Millisecond
		f.store.Faults = func(c objects.Call) objects.Fault {
			return objects.Fault{
				Request: time.Millisecond, Answer: time.Millisecond,
				LoseAnswer: lose.Load() && c.Op == objects.OpPutFences && c.Client == "a/1",
			}
		}
		lose.Store(true)
		a := f.join("a")
		time.Sleep(5 * time.Millisecond) // its claims are stored, and it doesn't know
		b := f.join("b")
		time.Sleep(50 * time.Millisecond)
		lose.Store(false)
		took := f.until(5*time.Second, "two share", whole(a, b))
		t.Log("two share after", took)
	})
}

// TestAViewThatWasBegunAnewRisesAboveTheFences: the fences are of higher epochs than the first view of a store that lost its own.
func TestAViewThatWasBegunAnewRisesAboveTheFences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		var changes []objects.FenceChange
		for _, s := range every() {
			changes = append(changes, objects.FenceChange{Shard: s, Fence: roster.Fence{Owner: "01ARZ3NDEKTSV4RRFFQ69G5FAV", Epoch: 77}})
		}
		if _, err := f.store.Client("before").PutFences(t.Context(), changes); err != nil {
			t.Fatal(err)
		}
		a := f.join("a")
		f.until(time.Second, "it owns all", whole(a))
		if epoch := a.Status().Epoch; epoch != 78 {
			t.Errorf("epoch %d, want one above the fences'", epoch)
		}
	})
}

// emptied is a store whose views are gone.
type emptied struct {
	*objects.Client
	gone atomic.Bool
	puts atomic.Int64
}

// View implements objects.Views.
func (e *emptied) View(ctx context.Context) (objects.Viewed, error) {
	if e.gone.Load() {
		return objects.Viewed{}, nil
	}
	return e.Client.View(ctx)
}

// PutView implements objects.Views.
func (e *emptied) PutView(ctx context.Context, v roster.View, expect uint64) (uint64, error) {
	e.puts.Add(1)
	if e.gone.Load() {
		return 0, &objects.Refused[objects.Viewed]{What: objects.NameView, Known: true}
	}
	return e.Client.PutView(ctx, v, expect)
}

// TestALostViewEndsAMember: for 10 s the leader may be one that is deposed; then what this member stands on is gone.
func TestALostViewEndsAMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		store := &emptied{}
		a := f.join("a", func(c *cluster.MemberConfig) {
			store.Client = c.Objects.(*objects.Client)
			c.Objects = store
		})
		f.until(time.Second, "it owns all", whole(a))
		before := store.puts.Load()
		store.gone.Store(true)
		f.store.Forget() // so that it has to change the view
		f.until(10*time.Second+600*time.Millisecond, "it has ended", func() bool { return len(a.endings()) == 1 })
		if err := a.endings()[0]; !errors.Is(err, cluster.ErrViewLost) {
			t.Error(err)
		}
		if n := store.puts.Load() - before; n < 10 || n > 250 {
			t.Errorf("%d changes were tried in 10 s", n)
		}
	})
}
