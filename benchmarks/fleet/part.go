package fleet

import (
	"context"
	"os/exec"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"hayauma.example/benchmarks/experiment"
)

// fault is a row: what befalls a node, and the test that has it.
type fault struct {
	row, about string
	test       string
	begins     string // what the test's name of the fault begins with
	cut        bool   // it needs a network of its own
}

const (
	faultsTest = "TestFleetFaults"
	cutsTest   = "TestFleetCuts"
)

var faults = []fault{
	{row: "kill", test: faultsTest, begins: "kill", about: "SIGKILL of the node's process; it is started again 1 s later"},
	{row: "hang", test: faultsTest, begins: "hang", about: "SIGSTOP of the node's process, SIGCONT 4 s later: nothing ends, and its connections stay"},
	{row: "stop", test: faultsTest, begins: "stop", about: "SIGTERM, the planned hand-off; the node is started again 1 s after it has ended"},
	{row: "power-loss", test: cutsTest, begins: "cut from everything", cut: true, about: "the node's packets to the others, to NATS and to the provider " +
		"vanish for 4 s, as if its power were lost: nobody is told. Each node has a network namespace of its own, and mTLS is on"},
}

const (
	runsFigure     = "runs"
	stillFigure    = "still_ms"
	stillP90Figure = "still_p90_ms"
	stillMaxFigure = "still_max_ms"
	backFigure     = "back_ms"
	backMaxFigure  = "back_max_ms"
)

// Part is what is measured of several nodes.
func Part() experiment.Part {
	return experiment.Part{Name: "fleet", Title: "When a node fails", Experiments: []experiment.Experiment{failOver(), few()}}
}

func failOver() experiment.Experiment {
	return experiment.Experiment{
		Name: "fleet-fail-over", Title: "A node of three fails",
		Text: "Three nodes on an external NATS of three servers (replicas: 3), all on one machine with the simulator, whose answers take 20 ms. A campaign " +
			"of 4,000 personalised pushes, at 800/s in all, and one of 10,000 recipients by multicast are under way when the fault hits one of the nodes. " +
			"Looked at are the pushes of those users whose shards that node had: how long the provider heard of none of them, by its own log, in the " +
			"longest pause that began between the fault and its end. So it is the time from the fault to the next provider call for that node's work, " +
			"detection, new owners, and reading their ledgers again included, or a longer pause later on. The same pause after the fault's end, when the " +
			"node is back and its shards move to it, stands beside. A round is twenty faults in one fleet, at two of the nodes in turn; both campaigns " +
			"of each fault must end and agree with the provider's ledger, or the round fails.",
		Rows: rows(func(fault) bool { return true }),
		Figures: []experiment.Figure{
			{Name: stillFigure, Title: "stood still, ms (median of a round's faults)", Better: experiment.Less},
			{Name: stillP90Figure, Title: "p90", Better: experiment.Less},
			{Name: stillMaxFigure, Title: "longest", Better: experiment.Less},
			{Name: backFigure, Title: "after its end, ms (median)", Better: experiment.Less},
			{Name: backMaxFigure, Title: "longest after its end", Better: experiment.Less},
			{Name: runsFigure, Title: "faults a round"},
		},
		Rounds:   map[experiment.Scale]int{experiment.Full: 1},
		Patience: map[experiment.Scale]time.Duration{experiment.Full: 20 * time.Minute},
		Missing:  missing,
		Run: func(ctx context.Context, row string, _ experiment.Scale) (experiment.Result, error) {
			return measure(ctx, row, 20)
		},
	}
}

// few is the short scale's own experiment: each fault once, and none that needs a network of its own.
func few() experiment.Experiment {
	e := failOver()
	e.Name += "-short"
	e.Title += ", once"
	e.Text = "As fleet-fail-over, with one fault a round."
	e.Rows = rows(func(f fault) bool { return !f.cut })
	e.Rounds = map[experiment.Scale]int{experiment.Short: 1}
	e.Patience = map[experiment.Scale]time.Duration{experiment.Short: 3 * time.Minute}
	e.Run = func(ctx context.Context, row string, _ experiment.Scale) (experiment.Result, error) {
		return measure(ctx, row, 1)
	}
	return e
}

func rows(takes func(fault) bool) []experiment.Row {
	var all []experiment.Row
	for _, f := range faults {
		if takes(f) {
			all = append(all, experiment.Row{Name: f.row, About: f.about})
		}
	}
	return all
}

// find returns the row's fault.
func find(row string) (fault, error) {
	var have []string
	for _, f := range faults {
		if f.row == row {
			return f, nil
		}
		have = append(have, f.row)
	}
	return fault{}, &experiment.UnknownRowError{Row: row, Have: have}
}

// missing says why a row can't be measured here; "": it can.
func missing(row string) string {
	f, err := find(row)
	if err != nil {
		return err.Error()
	}
	if _, err := exec.LookPath("go"); err != nil {
		return "Go is not installed: the daemon's end-to-end tests do the measuring"
	}
	if !f.cut {
		return ""
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return "there is no program ip (Debian's iproute2)"
	}
	if !permitted(unix.CAP_NET_ADMIN, unix.CAP_SYS_ADMIN) {
		return "network namespaces can't be made here: it takes CAP_NET_ADMIN and CAP_SYS_ADMIN"
	}
	return ""
}

// permitted tells whether this process has all of these capabilities. They are below 32.
func permitted(capabilities ...uint) bool {
	var data [2]unix.CapUserData
	if err := unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &data[0]); err != nil {
		return false
	}
	return !slices.ContainsFunc(capabilities, func(c uint) bool { return data[0].Effective&(1<<c) == 0 })
}
