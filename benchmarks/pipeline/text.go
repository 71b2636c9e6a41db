package pipeline

import (
	"fmt"
	"strings"
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

func (s setting) text() string {
	parts := []string{
		"Every system is handed the same audience file, keeps the job as it keeps waiting work (`accept, s`), and begins at a due time. " +
			"All times are the simulator's: recipients/s runs from the due time to the last recipient's first acceptance, lateness from the due time to each recipient's.",
		fmt.Sprintf("Every system may have %d calls in flight, whatever the latency; `%s` runs with its own default instead, `%s` with the peers' number. "+
			"The column of calls in flight is what the simulator saw at most (without latency it answers each call before it looks at the next).", InFlight(), Shipped, ShippedLikePeers),
		pinned(),
		"Processor time is that of all processes of a system, stores of its own included, from before the job is accepted until it is finished (a daemon and store servers run by then; what starts with the job is charged for its start, some 20 ms); memory is VmHWM added up, " +
			"which counts pages that processes share once for each (PostgreSQL, PHP).",
	}
	return strings.Join(parts, " ")
}

// pinned says what runs where on this machine.
func pinned() string {
	mine, err := processors()
	if err != nil || len(mine) < 2 {
		return "The simulator and the system share one processor: on a machine with more each would have its own."
	}
	provider, systems := split(mine)
	return fmt.Sprintf("The simulator has processor %v for itself, all processes of the system share %v.", provider, systems)
}

func killText() string {
	return fmt.Sprintf("The provider answers after %s, without limits. When it has accepted half, the processes that make calls get SIGKILL and are started again at once; a store server goes on, the daemon's store is inside it and dies with it. "+
		"Seconds count from the kill. A system that keeps its work is watched until it says that it has finished or nothing has happened for %v; one that keeps nothing, for %v.",
		killLatency, durablePatience, forgetPatience)
}
