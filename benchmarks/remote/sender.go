package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"hayauma.example/benchmarks/remote/ledger"
	"hayauma.example/benchmarks/remote/payload"
	"hayauma.example/benchmarks/remote/peer"
)

// report is the line that a sender prints when it has sent.
type report struct {
	Answered uint64  // questions
	Seconds  float64 // of asking
	P50, P99 float64 // of answers, in µs
	Stuck    bool    // a mark was not answered in time
}

// sender sends as its plan says.
type sender struct {
	plan plan
	to   peer.Sender
	book *ledger.Ledger // what it was told about messages by their numbers

	copies bool   // to is a Copier
	body   []byte // used again when it is; owned by the goroutine that calls tell

	answered atomic.Uint64 // the highest mark that was answered
	news     chan struct{} // holds one: answered has changed
}

func runSender(ctx context.Context, spec []byte, out io.Writer) error {
	r, p, book, err := begin(spec)
	if err != nil {
		return err
	}
	s := &sender{plan: r.Plan, book: book, news: make(chan struct{}, 1)}
	s.to, err = p.Dial(ctx, r.Addr, peer.Events{Answer: s.answer, Dropped: s.dropped, Notice: func() { book.Add(ledger.Notices, 1) }})
	if err != nil {
		return err
	}
	_, s.copies = s.to.(peer.Copier)
	if err := s.hello(ctx); err != nil {
		return err
	}
	did, err := s.send(ctx)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(did); err != nil {
		return err
	}
	if s.plan.Rate > 0 {
		s.probe(ctx)
	}
	return nil
}

// send does what the plan says; marks of all kinds have numbers above 0.
func (s *sender) send(ctx context.Context) (report, error) {
	switch {
	case s.plan.Rate > 0:
		return report{}, s.steady(ctx)
	case s.plan.Callers > 0:
		return s.ask(ctx)
	}
	return s.oneWay(ctx)
}

// answer takes the answer to a Hello or a Mark.
func (s *sender) answer(body []byte) {
	_, seq, ok := payload.Parse(body)
	if !ok {
		s.book.Add(ledger.Foreign, 1)
		return
	}
	for {
		was := s.answered.Load()
		if seq <= was || s.answered.CompareAndSwap(was, seq) {
			break
		}
	}
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// dropped notes what the system gave up. Probes and marks count for nothing.
func (s *sender) dropped(body []byte) {
	if kind, seq, ok := payload.Parse(body); ok && kind == payload.Count {
		s.book.Note(seq)
	}
}

// await waits until that mark was answered, and reports whether it was in time.
func (s *sender) await(ctx context.Context, mark uint64, patience time.Duration) bool {
	if s.answered.Load() >= mark {
		return true
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	for s.answered.Load() < mark {
		select {
		case <-s.news:
		case <-late.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// LateError reports a receiver that did not answer.
type LateError struct{ Patience time.Duration }

func (e *LateError) Error() string {
	return fmt.Sprintf("remote: the receiver has not answered the first message within %v", e.Patience)
}

// hello connects and begins the measurement on both sides. Its answer is mark 1.
func (s *sender) hello(ctx context.Context) error {
	if err := s.to.Mark(payload.New(payload.Hello, 1)); err != nil {
		return err
	}
	if !s.await(ctx, 1, startPatience) {
		return &LateError{startPatience}
	}
	s.book.Set(ledger.Begin, now())
	s.book.Set(ledger.BeginCPU, processCPU())
	return nil
}

// end asks for the last mark and ends the measurement on both sides.
func (s *sender) end(ctx context.Context, mark uint64) (inTime bool) {
	_ = s.to.Mark(payload.New(payload.Mark, mark)) // one that was not sent is not answered
	inTime = s.await(ctx, mark, markPatience)
	s.book.Set(ledger.End, now())
	s.book.Set(ledger.EndCPU, processCPU())
	return inTime
}

// oneWay sends stretches of messages until time or numbers end.
func (s *sender) oneWay(ctx context.Context) (report, error) {
	var seq uint64
	mark := uint64(1)
	for until := time.Now().Add(s.plan.Time); seq < s.plan.Messages && time.Now().Before(until); {
		for to := min(seq+stretch, s.plan.Messages); seq < to; seq++ {
			s.tell(seq)
		}
		s.book.Set(ledger.Sent, seq)
		mark++
		_ = s.to.Mark(payload.New(payload.Mark, mark)) // one that was not sent is not answered
		if mark > window && !s.await(ctx, mark+1-window, markPatience) {
			break
		}
	}
	return report{Stuck: !s.end(ctx, mark+1)}, ctx.Err()
}

func (s *sender) tell(seq uint64) {
	if !s.copies {
		s.body = make([]byte, 0, payload.Bytes)
	}
	s.body = payload.Append(s.body[:0], payload.Count, seq)
	if err := s.to.Tell(s.body); err != nil {
		s.book.Note(seq)
	}
}

// steady sends all messages at the plan's rate, and catches up when a send had to wait.
func (s *sender) steady(ctx context.Context) error {
	beat := time.NewTicker(time.Millisecond)
	defer beat.Stop()
	begin := time.Now()
	for seq := uint64(0); seq < s.plan.Messages; {
		select {
		case <-beat.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		due := uint64(time.Since(begin).Seconds() * float64(s.plan.Rate))
		for to := min(due, s.plan.Messages); seq < to; seq++ {
			s.tell(seq)
			s.book.Set(ledger.Sent, seq+1)
		}
	}
	return nil
}

// probe goes on sending what is not counted, so that a system which connects when it sends has a reason to.
func (s *sender) probe(ctx context.Context) {
	beat := time.NewTicker(probeEvery)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
			_ = s.to.Tell(payload.New(payload.Probe, 0)) // whether it arrived is all that counts
		case <-ctx.Done():
			return
		}
	}
}
