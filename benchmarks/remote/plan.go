package remote

import (
	"time"

	"hayauma.example/benchmarks/experiment"
)

// plan is how much a cell does.
type plan struct {
	Callers  int           // of questions; 0: one-way
	Messages uint64        // at most, and what a ledger has room for
	Time     time.Duration // of sending, at most

	Rate uint64        // messages per second of a restart cell; 0: no restart
	Down time.Duration // how long the receiver is away
}

// Windows of one-way cells: a mark after each stretch of messages, and so many stretches whose marks are not answered yet.
const (
	stretch = 1024
	window  = 16
)

const (
	startPatience = 15 * time.Second // for a process to say that it is there
	markPatience  = 3 * time.Second  // for the answer to a mark
	backPatience  = 10 * time.Second // for the first message after a restart
	quiet         = 1500 * time.Millisecond
	probeEvery    = 20 * time.Millisecond
)

const roomy = 1 << 26 // messages: more than raw TCP carries in a cell

func flow(scale experiment.Scale) plan {
	if scale == experiment.Short {
		return plan{Messages: roomy, Time: 400 * time.Millisecond}
	}
	return plan{Messages: roomy, Time: 2500 * time.Millisecond}
}

func asking(callers int, scale experiment.Scale) plan {
	p := flow(scale)
	p.Callers = callers
	return p
}

func restarting(scale experiment.Scale) plan {
	if scale == experiment.Short {
		return plan{Messages: 4_000, Rate: 1_600, Down: 2 * time.Second}
	}
	return plan{Messages: 20_000, Rate: 2_500, Down: 2 * time.Second}
}
