package checker_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/tally"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// office is checkers with the tallies that they tell; nobody else is there.
type office struct {
	*testing.T
	store journal.Store
	sys   *engine.System
}

type silent[M any] struct{}

func (silent[M]) Handle(*engine.Context[M], M) {}

// newOffice starts a process. Kinds that are away are served by nobody.
func newOffice(t *testing.T, store journal.Store, away ...*engine.Kind[actors.TallyMsg]) *office {
	reg := codec.NewRegistry()
	checker.Register(reg)
	tally.Register(reg)
	o := &office{t, store, enginetest.NewSystem(t, enginetest.Options{Store: store, Messages: reg, Log: enginetest.Silence})}
	engine.Serve(o.sys, actors.Posters, func(string) engine.Actor[actors.PosterMsg] { return silent[actors.PosterMsg]{} })
	engine.Serve(o.sys, actors.Campaigns, func(string) engine.Actor[actors.CampaignMsg] { return silent[actors.CampaignMsg]{} })
	checker.Serve(o.sys, checker.Deps{})
	for _, kind := range []*engine.Kind[actors.TallyMsg]{actors.Statistics, actors.Usages, actors.Experiments} {
		if len(away) == 0 || away[0] != kind {
			tally.Serve(o.sys, kind)
		}
	}
	return o
}

func (o *office) open(run string, recipients uint32) {
	o.Helper()
	m := actors.Open{Campaign: "c", Run: run, Channel: "shop", Due: time.Now(), Table: plan.Table{Recipients: recipients,
		Chunks: []plan.Entry{{First: 0, Count: recipients, Mode: plan.Push}}}}
	if _, err := engine.Ask[actors.Progress](o.Context(), actors.Checkers.Ref(o.sys, run), actors.CheckerMsg(m)); err != nil {
		o.Fatal(err)
	}
}

func (o *office) report(run string, i uint32, what actors.What, at time.Time) {
	actors.Checkers.Ref(o.sys, run).Tell(actors.Report{Run: run, Window: 1, Path: actors.Span{Lo: i, Hi: i + 1}, What: what, Tries: 2, At: at,
		Doubt: what == actors.PathSplit})
}

func (o *office) month(kind *engine.Kind[actors.TallyMsg], month string) actors.Figures {
	o.Helper()
	f, err := engine.Ask[actors.Figures](o.Context(), kind.Ref(o.sys, "shop"), actors.TallyMsg(actors.MonthOf{Month: month}))
	if err != nil {
		o.Fatal(err)
	}
	return f
}

// want compares started, finished, requests, delivered, failed and unknown.
func (o *office) want(kind *engine.Kind[actors.TallyMsg], month, want string) {
	o.Helper()
	synctest.Wait()
	f := o.month(kind, month)
	n := f.Outcomes
	if got := fmt.Sprintf("%d/%d %d %d+%d+%d", f.Started, f.Finished, f.Requests, n[actors.Delivered], n[actors.Failed], n[actors.Unknown]); got != want {
		o.Errorf("%s of %s: %s, want %s", kind.Name(), month, got, want)
	}
}

func until(t *testing.T, moment string) {
	at, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(at))
}

func TestFiguresAreToldEveryTenSecondsAndAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, enginetest.NewStore())
		o.open("r", 3)
		o.report("r", 0, actors.PathAccepted, time.Now())
		time.Sleep(10*time.Second - 1)
		o.want(actors.Usages, "2000-01", "0/0 0 0+0+0")
		time.Sleep(1 * time.Nanosecond)
		o.want(actors.Usages, "2000-01", "1/0 2 1+0+0")
		o.want(actors.Statistics, "2000-01", "1/0 2 1+0+0")
		o.report("r", 1, actors.PathRefused, time.Now())
		o.report("r", 2, actors.PathSplit, time.Now())
		time.Sleep(100 * time.Millisecond) // the checker packs
		o.want(actors.Usages, "2000-01", "1/1 6 1+1+1")
		o.want(actors.Statistics, "2000-01", "1/1 6 1+1+1")
		o.report("r", 2, actors.PathAccepted, time.Now()) // late
		time.Sleep(100 * time.Millisecond)
		o.want(actors.Usages, "2000-01", "1/1 8 2+1+0")
		actors.Checkers.Ref(o.sys, "r").Tell(actors.TellAgain{})
		time.Sleep(time.Hour)
		o.want(actors.Usages, "2000-01", "1/1 8 2+1+0")
	})
}

// TestRedriveMovesFigures: who is sent to again is counted by what comes of it, and the run as finished once.
func TestRedriveMovesFigures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, enginetest.NewStore())
		until(t, "2000-01-31T23:00:00Z")
		o.open("r", 3)
		o.report("r", 0, actors.PathRefused, time.Now())
		o.report("r", 1, actors.PathRefused, time.Now())
		o.report("r", 2, actors.PathAccepted, time.Now())
		time.Sleep(time.Second)
		o.want(actors.Statistics, "2000-01", "1/1 6 1+2+0")
		until(t, "2000-02-01T00:10:00Z")
		ask := func(m actors.Reopen) (actors.ReopenedPaths, error) {
			return engine.Ask[actors.ReopenedPaths](t.Context(), actors.Checkers.Ref(o.sys, "r"), actors.CheckerMsg(m))
		}
		m := actors.Reopen{Run: "r", Generation: 1, After: 1, State: actors.Failed}
		for range 2 { // the answer to the first was lost
			r, err := ask(m)
			if err != nil || !slices.Equal(r.Paths, []actors.Span{{Lo: 0, Hi: 2}}) || r.More || r.Progress.Generation != 1 || r.Progress.Totals[actors.Pending] != 2 {
				t.Fatalf("%+v %v", r, err)
			}
		}
		for _, wrong := range []actors.Reopen{{Run: "r", Generation: 1, From: 3}, {Run: "r"}, {Run: "r", Generation: 2, From: 3}, {Run: "r", Generation: 256}} {
			if r, err := ask(wrong); err == nil {
				t.Errorf("%+v is answered %+v", wrong, r)
			}
		}
		time.Sleep(10 * time.Second)
		o.want(actors.Statistics, "2000-01", "1/1 6 1+0+0")
		for i, what := range []actors.What{actors.PathAccepted, actors.PathRefused} {
			actors.Checkers.Ref(o.sys, "r").Tell(actors.Report{Run: "r", Window: 2, Path: actors.Span{Lo: uint32(i), Hi: uint32(i) + 1},
				What: what, Tries: 2, At: time.Now()})
		}
		time.Sleep(time.Second)
		o.want(actors.Statistics, "2000-01", "1/1 6 1+0+0")
		o.want(actors.Statistics, "2000-02", "0/0 4 1+1+0")
	})
}

func TestOutcomesCountInTheMonthOfTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, enginetest.NewStore())
		until(t, "2000-01-31T14:59:59Z") // the last second of LINE's month
		o.open("r", 5)
		before := time.Now()
		o.report("r", 0, actors.PathSplit, before)
		time.Sleep(2 * time.Second)
		o.report("r", 1, actors.PathAccepted, before)
		o.report("r", 2, actors.PathAccepted, time.Now())
		o.report("r", 3, actors.PathAccepted, time.Now().Add(48*time.Hour)) // a clock that is ahead
		until(t, "2000-02-01T00:00:01Z")
		o.report("r", 4, actors.PathRefused, time.Now())
		o.report("r", 0, actors.PathAccepted, time.Now()) // what was unknown in January was accepted in February
		time.Sleep(time.Second)
		o.want(actors.Usages, "2000-01", "1/0 4 1+0+0")
		o.want(actors.Usages, "2000-02", "0/1 8 3+1+0")
		o.want(actors.Statistics, "2000-01", "1/0 8 3+0+0")
		o.want(actors.Statistics, "2000-02", "0/1 4 1+1+0")
	})
}

// Nothing but its reminder wakes the checker of a run that has ended.
func TestFiguresSurviveACrashAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := enginetest.NewStore()
		o := newOffice(t, store, actors.Usages)
		o.open("r", 1)
		o.report("r", 0, actors.PathAccepted, time.Now())
		time.Sleep(time.Second)
		o.want(actors.Statistics, "2000-01", "1/1 2 1+0+0")
		o.sys.Kill()
		time.Sleep(time.Minute)
		o = newOffice(t, store)
		time.Sleep(time.Minute) // a reminder that came too early for somebody comes again after 30 s
		o.want(actors.Usages, "2000-01", "1/1 2 1+0+0")
		o.want(actors.Statistics, "2000-01", "1/1 2 1+0+0")
	})
}

// A tally that nobody carries keeps no run in memory, and hears of all of them when it is there again.
func TestTallyThatIsAwayIsToldLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, enginetest.NewStore(), actors.Usages)
		for i := range 3 {
			run := fmt.Sprint("r", i)
			o.open(run, 1)
			o.report(run, 0, actors.PathAccepted, time.Now())
		}
		time.Sleep(12 * time.Minute) // two of trying, five of idling and a quarter, late
		synctest.Wait()
		for _, k := range o.sys.Stats() {
			if k.Kind == actors.Checkers.Name() && k.Active > 0 {
				t.Errorf("%d checkers stay in memory", k.Active)
			}
		}
		tally.Serve(o.sys, actors.Usages)
		time.Sleep(6 * time.Minute)
		o.want(actors.Usages, "2000-01", "3/3 6 3+0+0")
		o.want(actors.Statistics, "2000-01", "3/3 6 3+0+0")
	})
}

// Whatever is reported, repeated, late, crossing months and cut off by crashes: the tallies end with what a dumb model counts.
func TestTalliesAgreeWithADumbModel(t *testing.T) {
	seeds := 40
	if testing.Short() {
		seeds = 10
	}
	for i := range seeds {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random, _ := enginetest.Rand(t)
				m := &model{Rand: random, T: t, store: enginetest.NewStore(), sums: map[string]actors.Figures{}}
				m.store.Latency = 30 * time.Millisecond
				m.run()
			})
		})
	}
}

// model remembers each recipient's outcome and where it counts.
type model struct {
	*rand.Rand
	*testing.T
	store *journal.Memory
	o     *office
	runs  [][]settled
	sums  map[string]actors.Figures // by kind and month
}

type settled struct {
	outcome actors.Outcome
	at      time.Time
}

func (m *model) run() {
	until(m.T, "2000-01-29T20:00:00Z")
	m.o = newOffice(m.T, m.store)
	for range 60 {
		switch n := m.IntN(10); {
		case n == 0 && len(m.runs) < 4:
			m.begin()
		case n < 7 && len(m.runs) > 0:
			m.settle()
		case n == 7:
			m.restart()
		default:
			time.Sleep([]time.Duration{time.Second, 11 * time.Second, 2 * time.Minute, 13 * time.Hour}[m.IntN(4)])
		}
	}
	m.o.sys.Kill()
	m.o = newOffice(m.T, m.store)
	time.Sleep(7 * time.Hour) // the longest sleep of a reminder, and an hour
	for key, want := range m.sums {
		kind := actors.Statistics
		if strings.HasPrefix(key, "usage") {
			kind = actors.Usages
		}
		want.Month = key[strings.IndexByte(key, ' ')+1:]
		if got := m.o.month(kind, want.Month); got != want {
			m.Errorf("%s: %+v, the model has %+v", key, got, want)
		}
	}
}

// count adds to both tallies.
func (m *model) count(at time.Time, f actors.Figures, by int64) {
	for _, key := range []string{"statistics " + actors.StatisticsMonth(at), "usage " + actors.BillingMonth(at)} {
		m.sums[key] = m.sums[key].Plus(f, by)
	}
}

func (m *model) begin() {
	m.runs = append(m.runs, make([]settled, 1+m.IntN(6)))
	began := time.Now()
	m.o.open(fmt.Sprint("r", len(m.runs)-1), uint32(len(m.runs[len(m.runs)-1])))
	m.count(began, actors.Figures{Started: 1}, 1)
}

// settle reports as posters do: until it is recorded, whoever is killed meanwhile.
func (m *model) settle() {
	n := m.IntN(len(m.runs))
	run := m.runs[n]
	i := m.IntN(len(run))
	what := []actors.What{actors.PathAccepted, actors.PathAccepted, actors.PathRefused, actors.PathSplit}[m.IntN(4)]
	at := time.Now()
	if m.IntN(4) == 0 {
		at = at.Add(-time.Duration(m.IntN(48)) * time.Hour) // its checker was away for so long
	}
	m.o.report(fmt.Sprint("r", n), uint32(i), what, at)
	if m.IntN(3) == 0 {
		time.Sleep(time.Duration(m.IntN(300)) * time.Millisecond)
		m.restart()
	}
	m.o.report(fmt.Sprint("r", n), uint32(i), what, at)
	time.Sleep(time.Duration(200+m.IntN(200)) * time.Millisecond)

	o := map[actors.What]actors.Outcome{actors.PathAccepted: actors.Delivered, actors.PathRefused: actors.Failed, actors.PathSplit: actors.Unknown}[what]
	old := run[i]
	if o <= old.outcome {
		return
	}
	var one actors.Figures
	if old.outcome != actors.Pending {
		one.Outcomes[old.outcome] = 1
		m.count(old.at, one, -1)
	}
	run[i] = settled{o, at}
	now := actors.Figures{Requests: 2}
	now.Outcomes[o] = 1
	if old.outcome == actors.Pending && !slices.ContainsFunc(run, func(s settled) bool { return s.outcome == actors.Pending }) {
		now.Finished = 1
	}
	m.count(at, now, 1)
}

func (m *model) restart() {
	m.o.sys.Kill()
	time.Sleep(time.Duration(m.IntN(90)) * time.Second)
	switch m.IntN(4) {
	case 0:
		m.o = newOffice(m.T, m.store, actors.Usages)
	case 1:
		m.o = newOffice(m.T, m.store, actors.Statistics)
	default:
		m.o = newOffice(m.T, m.store)
	}
}
