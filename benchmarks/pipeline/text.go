package pipeline

import (
	"fmt"
	"strings"

	"hayauma.example/actors/gate"
)

const journalText = "The difference between the daemon's own figures of its store after and before the campaign. Records are what the journal appended: " +
	"plans and windows of outcomes, not one per recipient; how outcomes share records depends a little on how fast they come."

func (s setting) title() string {
	what := "personalised pushes, one request each"
	if s.kind == Multicast {
		what = "recipients by multicast of 500"
	}
	limits := "no limits"
	if s.limited {
		limits = "LINE's limits"
	}
	title := fmt.Sprintf("%s %s, provider answers after %s, %s", size(s.recipients), what, milliseconds(s.latency), limits)
	if s.first == cpu {
		return "Processor time: " + title
	}
	return title
}

// text says nothing of the machine: whoever makes the tables may use another than those who measured.
func (s setting) text() string {
	return strings.Join([]string{
		"Every system is handed the same audience file, keeps the job as it keeps waiting work (`accept, s`), holds everything ready to be sent (`ready, s`: the " +
			"daemon plans after it has accepted), and begins at a due time. " +
			"All times are the simulator's: recipients/s runs from the due time to the last recipient's first acceptance, lateness from the due time to each " +
			"recipient's; " +
			"all are due at once, so with no limits lateness only restates the rate.",
		fmt.Sprintf("Every system may have %d calls in flight, whatever the latency; `%s` and `%s` run with their own default of %d instead, `%s` with the peers' "+
			"number, and rows that end in `%s` with the daemon's. "+
			"The column of calls in flight is what the simulator saw at most (without latency it answers each call before it looks at the next).",
			defaultInFlight, Shipped, ShippedMemory, gate.DefaultInFlight, ShippedLikePeers, manyCalls),
		"The simulator has the last processor for itself, all processes of the system share the others; with one processor all share it.",
		"Processor time is that of all processes of a system, stores of its own included, from before the job is accepted until it is finished, to the nanosecond " +
			"but for children that have ended (10 ms); " +
			"what is started before, as servers and the daemon are, is not in it. It is not shown where less than 0.2 s were seen. " +
			fmt.Sprintf("Memory is the highest sum of the processes' proportional shares (PSS), looked at about every %d ms from the simulator's processor; of a "+
				"single process its VmHWM, if that is more.", observing.Milliseconds()),
	}, " ")
}

func killText() string {
	return fmt.Sprintf("The provider answers after %s, without limits. When it has accepted half, the processes that make calls get SIGKILL and are started "+
		"again at once; a store server goes on, the daemon's store is inside it and dies with it. "+
		"Seconds count from the kill. The next call is the first that is counted later than the latency and %v after the kill, so that none is a dead process's; "+
		"who is back sooner shows little more than that; "+
		"calls repeated are those that the provider refused because it had accepted them already. A system that keeps its work is watched until it says that it "+
		"has finished or nothing has happened for %v; one that keeps nothing, for %v.",
		killLatency, strays, durablePatience, forgetPatience)
}
