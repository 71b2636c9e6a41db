package board

func clusterAlerts() []Alert {
	return []Alert{
		{
			Name: "MemberDown", Severity: "critical", For: "1m",
			Expr:    `max_over_time(job:hayauma_cluster_members_active:max[<1h>]) > job:hayauma_cluster_members_active:max`,
			Summary: "Fewer members are active than within the last hour",
			Panel:   [2]string{"hayauma-cluster", "Who is there"},
			Means:   "A member that was there within the last hour is gone or suspended. The others do its work already; there is less room for the next failure. After a planned reduction it clears by itself within an hour.",
			Look: []string{
				"Who is there: which one, since when?",
				"That node's log: its last lines, and `/readyz` if the process lives.",
				"Memory and Processor of that node before it went.",
			},
			Do: []string{
				"Start it again: it takes its share back by itself.",
				"It is suspended: it doesn't reach NATS. See to the network or to NATS.",
				"It was meant to go: nothing.",
			},
			Test: Case{
				Series: [][2]string{{`hayauma_cluster_members{job="hayauma", instance="n1:8484", state="active"}`, "3x20 2x10 3x20"}},
				Quiet:  "20m", Fires: "23m", Clears: "33m", Labels: map[string]string{"job": "hayauma"},
			},
		},
		{
			Name: "RemoteQueue", Severity: "warning", For: "1m",
			Expr: `(min_over_time(hayauma_remote_queue_messages[<5m>]) > 0` +
				` and on (job, instance, peer) rate(hayauma_remote_messages_total{direction="received"}[<5m>]) == 0)` +
				` or hayauma_remote_queue_messages > 10000`,
			Summary: "Messages from {{ $labels.instance }} to {{ $labels.peer }} don't arrive",
			Panel:   [2]string{"hayauma-cluster", "Not yet acknowledged"},
			Means:   "Messages to a peer wait, and nothing comes back from it, for five minutes; or more than 10,000 wait. The peer hangs, or the network between the two does. Others are not delayed by it.",
			Look: []string{
				"Not yet acknowledged: to one peer from all nodes (that node hangs), or from one node to all (that node is cut off)?",
				"`hayauma cluster members` on both.",
			},
			Do: []string{
				"The peer hangs: take `hayauma debug dump` there if it answers, then restart it.",
				"The network: see to it. Nothing is lost; what was in flight is sent again.",
			},
			Test: Case{
				Series: [][2]string{
					{`hayauma_remote_queue_messages{job="hayauma", instance="n1:8484", peer="n2"}`, "0x5 40x15 0x10"},
					{`hayauma_remote_messages_total{job="hayauma", instance="n1:8484", peer="n2", direction="received"}`, "0+60x5 300x30"},
				},
				Quiet: "10m", Fires: "14m", Clears: "23m", Labels: map[string]string{"job": "hayauma", "instance": "n1:8484", "peer": "n2"},
			},
		},
		{
			Name: "JournalErrors", Severity: "critical", For: "5m",
			Expr:    `sum by (job, instance) (increase(hayauma_journal_errors_total[<5m>])) > 0`,
			Summary: "The store refuses or doesn't answer {{ $labels.instance }}",
			Panel:   [2]string{"hayauma-cluster", "Errors of the store"},
			Means:   "For five minutes operations on the event store have failed. What can't be recorded isn't sent: campaigns wait. A few errors while members come and go are usual, and don't last that long.",
			Look: []string{
				"Errors of the store: append (writing) or stats (only figures)? On one node, or on all?",
				"`/readyz` of the nodes says what NATS lacks. Bytes stored: is the store or the disk full?",
				"The log of NATS, or of the node where it is embedded.",
			},
			Do: []string{
				"Full: give it room, or raise `store-max-bytes`; running campaigns go on by themselves.",
				"NATS has lost its majority: bring its servers back.",
				"One node only: its network to NATS.",
			},
			Test: Case{
				Series: [][2]string{{`hayauma_journal_errors_total{job="hayauma", instance="n1:8484", op="append"}`, "0x5 0+1x20 20x30"}},
				Quiet:  "9m", Fires: "15m", Clears: "35m", Labels: map[string]string{"job": "hayauma", "instance": "n1:8484"},
			},
		},
		{
			Name: "ScrapeMissing", Severity: "critical", For: "2m",
			Expr:    `up{job="hayauma"} == 0 or absent(up{job="hayauma"})`,
			Summary: "Prometheus gets no figures of {{ $labels.instance }}",
			Panel:   [2]string{"hayauma-cluster", "Reachable by Prometheus"},
			Means:   "Prometheus can't read a node's figures (or knows no node at all). The node may be down, or cut off, or its token has changed; its other alerts are blind meanwhile.",
			Look: []string{
				"Prometheus, Status, Targets: the error. 401: the token; connection refused: no process; time-out: the network, or a very busy node.",
				"Who is there: do the other members still see it?",
			},
			Do: []string{
				"No process: start it. See MemberDown.",
				"401: put the daemon's token into Prometheus' `authorization`.",
			},
			Test: Case{
				Series: [][2]string{{`up{job="hayauma", instance="n1:8484"}`, "1x5 0x10 1x5"}},
				Quiet:  "7m", Fires: "9m", Clears: "17m", Labels: map[string]string{"job": "hayauma", "instance": "n1:8484"},
			},
		},
	}
}
