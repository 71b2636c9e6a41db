package pipeline

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"hayauma.example/actors/gate"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/benchmarks/experiment"
)

// longVariable asks for every cell of the matrix.
const longVariable = "BENCH_LONG"

// tooLong is the forecast above which a cell is measured only when it is asked for, or its setting names it.
const tooLong = 90 * time.Second

// perSecond are pushes per second of each row without latency and limits, from an earlier run's 10k table. Forecasts only decide what
// is skipped.
var perSecond = map[string]float64{
	Shipped: 25_000, ShippedLikePeers: 20_000, ShippedMemory: 25_000, Bare: 45_000, channels: 32_000, protoactor: 32_000, hollywood: 31_000,
	asynq: 9_000, river: 9_000, php: 11_000, manyPHP: 11_000,
}

// atOnce are the calls in flight of rows that have a number of their own.
var atOnce = map[string]int{Shipped: gate.DefaultInFlight, ShippedMemory: gate.DefaultInFlight, php: 32, manyPHP: 128}

// sending is how long the row is forecast to send.
func (s setting) sending(row string) time.Duration {
	base, many := strings.CutSuffix(row, manyCalls)
	rate := cmp.Or(perSecond[base], 10_000)
	if s.kind == Multicast {
		rate = math.Inf(1) // five hundred recipients a call
	}
	calls := cmp.Or(atOnce[base], defaultInFlight)
	if many {
		calls = gate.DefaultInFlight
	}
	per := 1.0 // recipients of a call
	if s.kind == Multicast {
		per = 500
	}
	if s.latency > 0 {
		rate = min(rate, 0.92*per*float64(calls)/s.latency.Seconds())
	}
	switch {
	case s.limited && s.kind == Push:
		rate = min(rate, linesim.PushPerSecond)
	case s.limited:
		rate = min(rate, per*linesim.MulticastPerSecond)
	}
	return time.Duration(float64(s.recipients) / rate * float64(time.Second))
}

// cellTakes is the forecast of a whole cell: processes start, the audience is accepted or scheduled ahead, all deliveries are read.
func (s setting) cellTakes(row string) time.Duration {
	const start, each = 1200 * time.Millisecond, 10 * time.Microsecond
	takes := start + time.Duration(s.recipients)*each + s.sending(row)
	if strings.HasPrefix(row, Shipped) {
		takes += s.lead
	}
	return takes
}

// asked tells whether cells are wanted however long they take.
func asked() bool { return os.Getenv(longVariable) != "" }

// onlyCalls are the rows that differ from another only in the calls in flight.
func onlyCalls(row string) bool {
	return row == ShippedLikePeers || row == manyPHP || strings.HasSuffix(row, manyCalls)
}

// skipped says why a row that could be measured is not, unless it is asked for; "": it is.
func (s setting) skipped(row string) string {
	callsDecide := s.kind == Push && s.latency > 0 && !s.limited
	switch {
	case asked() || slices.Contains(s.rows, row):
		return ""
	case onlyCalls(row) && !callsDecide:
		return fmt.Sprintf("it differs from another row only in its calls in flight, which decide little here; %s=1 measures it", longVariable)
	case len(s.rows) > 0 || s.sending(row) > tooLong:
		return fmt.Sprintf("about %s each time, and a smaller table has it; %s=1 measures it", roughly(s.cellTakes(row)), longVariable)
	}
	return ""
}

// Takes is the forecast of a full run of the part.
func Takes(specs []Spec) time.Duration {
	all := 3 * killTakes
	for _, s := range matrix() {
		for _, spec := range specs {
			if s.skipped(spec.Name) == "" && (!s.only || slices.Contains(s.rows, spec.Name)) {
				all += s.cellTakes(spec.Name) * time.Duration(s.rounds[experiment.Full])
			}
		}
	}
	return all
}

// roughly is in seconds up to a minute and a half, in minutes after that.
func roughly(d time.Duration) string {
	if d < 90*time.Second {
		return fmt.Sprintf("%d seconds", int(d.Seconds()+0.5))
	}
	return fmt.Sprintf("%d minutes", int(d.Minutes()+0.5))
}
