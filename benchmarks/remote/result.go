package remote

import (
	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/remote/ledger"
)

// Figures' names.
const (
	rateFigure     = "rate"
	cpuFigure      = "cpu_ns"
	p50Figure      = "p50_us"
	p99Figure      = "p99_us"
	twiceFigure    = "twice"
	foreignFigure  = "foreign"
	stuckFigure    = "stuck"
	silentFigure   = "silently_lost"
	diedFigure     = "mailbox_lost"
	unknownFigure  = "unaccounted"
	reportedFigure = "reported_lost"
	backFigure     = "back_s"
	noticesFigure  = "notices"
)

// seconds is a ledger's measured part.
func seconds(b *ledger.Ledger) float64 {
	if b.Get(ledger.End) <= b.Get(ledger.Begin) {
		return 0
	}
	return float64(b.Get(ledger.End)-b.Get(ledger.Begin)) / 1e9
}

// cpuEach is the CPU time of both processes over the measured part, in ns for each of n.
func cpuEach(n uint64, books ...*ledger.Ledger) (float64, bool) {
	var sum uint64
	for _, b := range books {
		if n == 0 || b.Get(ledger.EndCPU) <= b.Get(ledger.BeginCPU) {
			return 0, false
		}
		sum += b.Get(ledger.EndCPU) - b.Get(ledger.BeginCPU)
	}
	return float64(sum) / float64(n), true
}

// flowResult is what a one-way cell says: the rate is the receiver's, up to the last mark that it has seen.
func flowResult(out, in *ledger.Ledger, did report) experiment.Result {
	sent := out.Get(ledger.Sent)
	res := experiment.Result{Sent: sent, Seconds: seconds(in), Figures: counted(out, in, did)}
	res.Lost = int64(settle(sent, out, none{}, in).lost())
	if res.Seconds > 0 {
		res.Figures[rateFigure] = float64(in.Get(ledger.AtEnd)) / res.Seconds
	}
	if cpu, ok := cpuEach(in.Get(ledger.AtEnd), out, in); ok {
		res.Figures[cpuFigure] = cpu
	}
	return res
}

// askResult is what a cell of questions says: a question without its own answer is lost, whoever lost it.
func askResult(out, in *ledger.Ledger, did report) experiment.Result {
	sent := out.Get(ledger.Sent)
	res := experiment.Result{Sent: sent, Lost: int64(sent) - int64(did.Answered), Seconds: did.Seconds, Figures: counted(out, in, did)}
	if did.Seconds > 0 {
		res.Figures[rateFigure] = float64(did.Answered) / did.Seconds
	}
	if did.Answered > 0 {
		res.Figures[p50Figure], res.Figures[p99Figure] = did.P50, did.P99
	}
	if cpu, ok := cpuEach(did.Answered, out, in); ok {
		res.Figures[cpuFigure] = cpu
	}
	return res
}

// counted are the figures of every cell.
func counted(out, in *ledger.Ledger, did report) map[string]float64 {
	stuck := 0.0
	if did.Stuck {
		stuck = 1
	}
	return map[string]float64{
		twiceFigure:   float64(in.Get(ledger.Twice)),
		foreignFigure: float64(in.Get(ledger.Foreign) + out.Get(ledger.Foreign)),
		stuckFigure:   stuck,
	}
}
