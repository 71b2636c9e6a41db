package remote

import (
	"context"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/remote/peer"
)

// Part is the comparison of messages between two processes.
func Part() experiment.Part {
	return experiment.Part{
		Name: "remote", Title: "Between two processes",
		Experiments: []experiment.Experiment{oneWayExperiment(), askExperiment(1), askExperiment(64), restartExperiment()},
	}
}

const alike = "A sender process and a receiver process on loopback, bodies of 100 bytes that don't compress, one receiving actor. " +
	"The peers carry them as google.protobuf.BytesValue, as they carry any message; we as a registered message that writes itself in msgpack, as hot " +
	"messages do, and with acknowledgements, which the peers don't have; the floors carry bytes. CPU is of both processes. "

func oneWayExperiment() experiment.Experiment {
	return measured(experiment.Experiment{
		Name: "remote-one-way", Title: "One way",
		Text: alike + "One sender; after each 1,024 messages it sends a mark that the receiver answers, and at most 16 marks are unanswered, so no " +
			"queue grows without bound. The rate is counted by the receiver, loss and duplicates by each message's number.",
		Figures: append([]experiment.Figure{
			{Name: rateFigure, Title: "messages/s", Better: experiment.More},
			{Name: cpuFigure, Title: "CPU ns each", Better: experiment.Less},
		}, faults()...),
		Run: func(ctx context.Context, row string, scale experiment.Scale) (experiment.Result, error) {
			return run(ctx, row, flow(scale))
		},
	})
}

func askExperiment(callers int) experiment.Experiment {
	e := experiment.Experiment{
		Name: "remote-ask-1", Title: "Request and reply, one caller",
		Text: alike + "A caller asks its next question when it has the answer to the last. A question that gets no answer costs its caller 2 s and is lost; " +
			"so is one that gets another's.",
		Figures: append([]experiment.Figure{
			{Name: rateFigure, Title: "replies/s", Better: experiment.More},
			{Name: p50Figure, Title: "p50 µs", Better: experiment.Less},
			{Name: p99Figure, Title: "p99 µs", Better: experiment.Less},
			{Name: cpuFigure, Title: "CPU ns each", Better: experiment.Less},
		}, faults()...),
		Run: func(ctx context.Context, row string, scale experiment.Scale) (experiment.Result, error) {
			return run(ctx, row, asking(callers, scale))
		},
	}
	if callers == 64 {
		e.Name, e.Title = "remote-ask-64", "Request and reply, 64 callers"
	}
	return measured(e)
}

func restartExperiment() experiment.Experiment {
	return measured(experiment.Experiment{
		Name: "remote-restart", Title: "The receiver is killed and comes back",
		Text: alike + "20,000 messages one way at a steady 2,500/s (at short scale 4,000 at 1,600/s). Half-way the receiver is killed with SIGKILL; after 2 s " +
			"another one starts at the same " +
			"port. A lost message is reported when its sender got an error or a dead letter for it, and silently lost when not; Hollywood's " +
			"dead letters hold the message in a private type that a program can't open without reflection, and count as reports here. Notices are what the system says " +
			"about the connection, without naming a message. Seconds to the first message run from when the receiver listens again; afterwards the sender goes on " +
			"with messages that are not counted, so that a system which connects when it sends has a reason to. The floors acknowledge nothing: " +
			"what was in the kernel's buffers is lost. We are told of the new process as a membership would tell, by a file that is looked at every " +
			"10 ms, and not by any heartbeat: what was on its way to the old process comes back as a dead letter, and what was not yet written goes to the " +
			"new one. What is acknowledged is in a mailbox, and dies with its process; our receiver notes what is there, so what is lost silently is " +
			"told apart: unaccounted for is what was neither handled nor reported nor in the killed mailbox.",
		Figures: []experiment.Figure{
			{Name: silentFigure, Title: "lost silently", Better: experiment.Less},
			{Name: diedFigure, Title: "of these in the killed mailbox", Better: experiment.Less},
			{Name: unknownFigure, Title: "unaccounted for", Better: experiment.Less, Exact: true},
			{Name: reportedFigure, Title: "lost and reported", Better: experiment.Less},
			{Name: twiceFigure, Title: "handled twice", Better: experiment.Less, Exact: true},
			{Name: backFigure, Title: "s to the first message", Better: experiment.Less},
			{Name: noticesFigure, Title: "notices"},
			{Name: foreignFigure, Title: "bodies changed", Better: experiment.Less, Exact: true},
		},
		Run: func(ctx context.Context, row string, scale experiment.Scale) (experiment.Result, error) {
			return restart(ctx, row, restarting(scale))
		},
	})
}

// faults are the columns that should hold zeros.
func faults() []experiment.Figure {
	return []experiment.Figure{
		{Name: twiceFigure, Title: "handled twice", Better: experiment.Less, Exact: true},
		{Name: foreignFigure, Title: "bodies changed or mixed up", Better: experiment.Less, Exact: true},
		{Name: stuckFigure, Title: "stuck", Better: experiment.Less},
	}
}

// measured adds what all experiments of the part have alike.
func measured(e experiment.Experiment) experiment.Experiment {
	for _, s := range peer.All() {
		if s.Only == "" || s.Only == e.Name {
			e.Rows = append(e.Rows, experiment.Row{Name: s.Name, About: s.About, Peer: s.System})
		}
	}
	e.Rounds = map[experiment.Scale]int{experiment.Short: 1, experiment.Full: 3}
	e.Patience = map[experiment.Scale]time.Duration{experiment.Short: time.Minute, experiment.Full: time.Minute}
	e.Missing = missing
	return e
}

func missing(row string) string {
	s, err := peer.Find(row)
	if err != nil {
		return err.Error()
	}
	return s.Missing
}
