package remote

import (
	"context"
	"errors"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/remote/ledger"
)

const pollEvery = 2 * time.Millisecond

// until polls until done says so; it reports whether it did within patience.
func until(ctx context.Context, patience time.Duration, done func() bool) bool {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	for !done() {
		select {
		case <-poll.C:
		case <-late.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// restart measures what a receiver that is killed and comes back costs.
func restart(ctx context.Context, row string, p plan) (experiment.Result, error) {
	c, err := openCell(row, p)
	if err != nil {
		return experiment.Result{}, err
	}
	defer c.close()
	first, a, err := c.receiver(ctx)
	if err != nil {
		return experiment.Result{}, err
	}
	sender, out, err := c.start(ctx, senderName)
	if err != nil {
		return experiment.Result{}, err
	}
	sending := time.Duration(float64(p.Messages) / float64(p.Rate) * float64(time.Second))
	if !until(ctx, startPatience+sending, func() bool { return out.Get(ledger.Sent) >= p.Messages/2 || ended(sender) }) || ended(sender) {
		return restartResult(out, none{}, 0, a), senderDied(sender)
	}
	first.Kill()
	taken, err := c.taken()
	if err != nil {
		return restartResult(out, none{}, 0, a), err
	}
	until(ctx, p.Down, func() bool { return false })
	_, b, err := c.receiver(ctx)
	if err != nil {
		return restartResult(out, none{}, 0, a), err
	}
	back := now()
	until(ctx, backPatience+sending, func() bool { return ended(sender) || arrived(out, b, p.Messages) })
	quieten(ctx, out, a, b)
	if ended(sender) {
		return restartResult(out, taken, back, a, b), senderDied(sender)
	}
	return restartResult(out, taken, back, a, b), ctx.Err()
}

// arrived reports whether all was sent and something has come to the receiver that came back.
func arrived(out, b *ledger.Ledger, messages uint64) bool {
	return out.Get(ledger.Sent) == messages && b.Get(ledger.First) > 0
}

func ended(p *experiment.Process) bool {
	select {
	case <-p.Ended():
		return true
	default:
		return false
	}
}

// senderDied is the error of a sender that ended or did not send.
func senderDied(p *experiment.Process) error {
	if !ended(p) {
		return &DiedError{Who: "sender", Cause: errors.New("it has not sent half of its messages in time")}
	}
	return &DiedError{Who: "sender", Cause: p.Wait()}
}

// quieten waits until nothing has been handled or reported for a while.
func quieten(ctx context.Context, out, a, b *ledger.Ledger) {
	var last uint64
	var since time.Time
	until(ctx, backPatience, func() bool {
		n := out.Get(ledger.Handled) + a.Get(ledger.Handled) + b.Get(ledger.Handled)
		if n != last || since.IsZero() {
			last, since = n, time.Now()
		}
		return time.Since(since) > quiet
	})
}

// restartResult is what a restart cell says. taken is what the first incarnation noted of its mailbox; back is when the receiver was back, in
// unix nanoseconds; incarnations are in their order.
func restartResult(out *ledger.Ledger, taken numbers, back uint64, incarnations ...*ledger.Ledger) experiment.Result {
	sent := out.Get(ledger.Sent)
	var sets []numbers
	var again, foreign uint64
	for _, b := range incarnations {
		sets = append(sets, b)
		again += b.Get(ledger.Twice)
		foreign += b.Get(ledger.Foreign)
	}
	what := settle(sent, out, taken, sets...)
	res := experiment.Result{Sent: sent, Lost: int64(what.lost()), Figures: map[string]float64{
		silentFigure: float64(what.silent), reportedFigure: float64(what.reported), twiceFigure: float64(what.twice + again),
		foreignFigure: float64(foreign), noticesFigure: float64(out.Get(ledger.Notices)),
	}}
	if _, blind := taken.(none); !blind {
		res.Figures[diedFigure], res.Figures[unknownFigure] = float64(what.died), float64(what.silent-what.died)
	}
	if len(incarnations) > 1 {
		if first := incarnations[1].Get(ledger.First); first > 0 {
			res.Figures[backFigure] = max(0, float64(int64(first)-int64(back))/1e9)
		}
	}
	if begin := out.Get(ledger.Begin); begin > 0 {
		res.Seconds = float64(now()-begin) / 1e9
	}
	return res
}
