package remote

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/remote/ledger"
	"hayauma.example/benchmarks/remote/payload"
	"hayauma.example/benchmarks/remote/peer"
)

// set is the numbers of a table.
type set map[uint64]bool

func (s set) Has(seq uint64) bool { return s[seq] }

func of(numbers ...uint64) set {
	s := set{}
	for _, n := range numbers {
		s[n] = true
	}
	return s
}

func TestSettle(t *testing.T) {
	for _, c := range []struct {
		name         string
		sent         uint64
		told, taken  set
		incarnations []numbers
		want         account
	}{
		{"nothing sent", 0, of(), of(), []numbers{of()}, account{}},
		{"all handled", 3, of(), of(), []numbers{of(0, 1, 2)}, account{handled: 3}},
		{"lost without a word", 3, of(), of(), []numbers{of(0, 2)}, account{handled: 2, silent: 1}},
		{"lost and told", 3, of(1), of(), []numbers{of(0, 2)}, account{handled: 2, reported: 1}},
		{"told and handled all the same", 3, of(0, 1), of(), []numbers{of(0, 2)}, account{handled: 2, reported: 1}},
		{"each by one incarnation", 4, of(), of(), []numbers{of(0, 1), of(2, 3)}, account{handled: 4}},
		{"by both incarnations", 3, of(), of(), []numbers{of(0, 1), of(1, 2)}, account{handled: 3, twice: 1}},
		{"the end missing", 6, of(3), of(), []numbers{of(0, 1), of(5)}, account{handled: 3, reported: 1, silent: 2}},
		{"handled and never counted as sent", 2, of(), of(), []numbers{of(0, 1, 2)}, account{handled: 2}},
		{"in the killed mailbox", 4, of(1), of(0, 1, 2), []numbers{of(0)}, account{handled: 1, reported: 1, died: 1, silent: 2}},
	} {
		got := settle(c.sent, c.told, c.taken, c.incarnations...)
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if got.handled+got.lost() != c.sent {
			t.Errorf("%s: %d handled and %d lost of %d", c.name, got.handled, got.lost(), c.sent)
		}
	}
}

func TestPercentilesAreMicroseconds(t *testing.T) {
	took := []uint32{1000, 2000, 3000, 4000}
	for p, want := range map[float64]float64{50: 2, 75: 3, 76: 4, 99: 4} {
		if got := micros(took, p); got != want {
			t.Errorf("p%v: %v, want %v", p, got, want)
		}
	}
	if got := micros(nil, 50); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func book(t *testing.T, size uint64) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(filepath.Join(t.TempDir(), "ledger"), size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestReceiverAccounts(t *testing.T) {
	r := receiver{book: book(t, 10)}
	answers := func(kind payload.Kind, seq uint64, want payload.Kind) {
		t.Helper()
		got := r.handle(payload.New(kind, seq))
		if want == 0 && got == nil {
			return
		}
		if is, n, ok := payload.Parse(got); !ok || is != want || n != seq {
			t.Errorf("kind %d is answered with kind %d, number %d, %v", kind, is, n, ok)
		}
	}
	answers(payload.Hello, 1, payload.Hello)
	if r.book.Get(ledger.First) != 0 || r.book.Get(ledger.Begin) == 0 {
		t.Error("a hello is not what a restarted receiver waits for, and begins the measurement")
	}
	answers(payload.Count, 3, 0)
	answers(payload.Count, 3, 0)
	answers(payload.Question, 4, payload.Answer)
	answers(payload.Probe, 5, 0)
	answers(payload.Mark, 2, payload.Mark)
	answers(payload.Answer, 6, 0) // nobody answers a receiver
	if r.handle(nil) != nil || r.handle(payload.New(payload.Count, 1)[:99]) != nil {
		t.Error("a body that is none was answered")
	}
	for c, want := range map[ledger.Counter]uint64{ledger.Handled: 2, ledger.Twice: 1, ledger.Foreign: 3, ledger.AtEnd: 2} {
		if got := r.book.Get(c); got != want {
			t.Errorf("counter %d is %d, want %d", c, got, want)
		}
	}
}

// deaf takes everything and answers the hello only.
type deaf struct{ events peer.Events }

func (deaf) Tell([]byte) error { return nil }
func (d deaf) Mark(body []byte) error {
	if kind, _, _ := payload.Parse(body); kind == payload.Hello {
		d.events.Answer(body)
	}
	return nil
}
func (deaf) Ask(context.Context, []byte) ([]byte, error) { return nil, errors.New("deaf") }

func TestOneWayEndsWhenMarksAreLost(t *testing.T) {
	out := book(t, 100*stretch)
	synctest.Test(t, func(t *testing.T) {
		s := &sender{plan: plan{Messages: 100 * stretch, Time: time.Hour}, book: out, news: make(chan struct{}, 1)}
		s.to = deaf{peer.Events{Answer: s.answer}}
		if err := s.hello(t.Context()); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		did, err := s.oneWay(t.Context())
		if took := time.Since(begin); err != nil || !did.Stuck || took != 2*markPatience {
			t.Fatalf("%+v, %v after %v", did, err, took)
		}
		if sent := out.Get(ledger.Sent); sent != window*stretch {
			t.Fatalf("%d sent: the window is %d", sent, window*stretch)
		}
	})
}

func TestHelloWithoutAnswerIsAnError(t *testing.T) {
	out := book(t, 1)
	synctest.Test(t, func(t *testing.T) {
		s := &sender{book: out, news: make(chan struct{}, 1)}
		s.to = deaf{peer.Events{Answer: func([]byte) {}}}
		begin := time.Now()
		var late *LateError
		if err := s.hello(t.Context()); !errors.As(err, &late) || time.Since(begin) != startPatience {
			t.Fatalf("%v after %v", err, time.Since(begin))
		}
	})
}

func TestQuestionsWithoutAnswersAreLost(t *testing.T) {
	s := &sender{plan: plan{Messages: 50, Time: time.Hour, Callers: 4}, book: book(t, 50), news: make(chan struct{}, 1)}
	s.to = deaf{}
	s.answered.Store(2) // the last mark
	did, err := s.ask(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	res := askResult(s.book, book(t, 50), did)
	if res.Sent != 50 || res.Lost != 50 {
		t.Fatalf("%+v", res)
	}
	if _, ok := res.Figures[p50Figure]; ok {
		t.Error("a quantile of no answers")
	}
}

func TestRestartCountsIncarnations(t *testing.T) {
	out, a, b := book(t, 10), book(t, 10), book(t, 10)
	out.Set(ledger.Sent, 6)
	out.Note(2)
	a.Note(0)
	a.Note(1)
	b.Note(1)
	b.Note(5)
	b.Note(5)
	b.Set(ledger.First, 3_500_000_000)
	res := restartResult(out, of(4), 3_000_000_000, a, b)
	want := map[string]float64{silentFigure: 2, diedFigure: 1, unknownFigure: 1, reportedFigure: 1, twiceFigure: 2, backFigure: 0.5}
	for name, v := range want {
		if res.Figures[name] != v {
			t.Errorf("%s is %v, want %v", name, res.Figures[name], v)
		}
	}
	if res.Lost != 3 || res.Sent != 6 {
		t.Errorf("%+v", res)
	}
	if _, ok := restartResult(out, of(4), 3_000_000_000, a, book(t, 10)).Figures[backFigure]; ok {
		t.Error("a receiver that nothing came to was reached")
	}
	for _, name := range []string{diedFigure, unknownFigure} {
		if _, ok := restartResult(out, none{}, 3_000_000_000, a, b).Figures[name]; ok {
			t.Errorf("%s of a system that notes nothing of its mailbox", name)
		}
	}
}

func TestMissing(t *testing.T) {
	for row, want := range map[string]string{"hayauma": "", "tcp": "", "akka": `there is no row "akka"`} {
		if got := missing(row); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q", row, got)
		}
	}
}

func TestPlansFitTheirPatience(t *testing.T) {
	for _, e := range Part().Experiments {
		for _, scale := range []experiment.Scale{experiment.Short, experiment.Full} {
			p := restarting(scale)
			sending := time.Duration(p.Messages/p.Rate) * time.Second
			worst := 2*startPatience + sending + p.Down + 2*backPatience
			if e.Rounds[scale] == 0 || e.Patience[scale] < worst {
				t.Errorf("%s: %d rounds, %v; a restart may take %v", e.Name, e.Rounds[scale], e.Patience[scale], worst)
			}
		}
	}
}
