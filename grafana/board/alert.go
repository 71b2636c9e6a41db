package board

// Alert is a rule that wakes somebody, and what he should know then.
//
// In Expr <5m> stands for a duration and #60# for seconds: both shrink with the scale of time. %60% stands for the first bucket of
// a classic histogram that holds so many seconds, scaled too.
type Alert struct {
	Name     string // without its prefix
	Expr     string
	For      string // a duration, scaled too; empty: at once
	Severity string // critical: now; warning: today
	Summary  string // one line, with {{ $labels.x }}
	Panel    [2]string
	Means    string
	Look     []string
	Do       []string
	Test     Case
	Also     []Case // where one doesn't reach all of the expression
}

// Case is what promtool plays, in minutes: the alert is quiet, fires, and has cleared.
type Case struct {
	Series               [][2]string
	Quiet, Fires, Clears string
	Labels               map[string]string // of the alert, without its severity
}

// alertPrefix stands before every alert's name, so that it is known among others'.
const alertPrefix = "Hayauma"

// Alerts are all of them, in the order of the runbook.
func Alerts() []Alert {
	return append(append(mailboxAlerts(), deliveryAlerts()...), clusterAlerts()...)
}

func mailboxAlerts() []Alert {
	return []Alert{
		{
			Name: "MailboxBacklog", Severity: "warning", For: "5m",
			Expr:    `max by (job, instance, kind) (hayauma_actor_mailbox_depth_max) > 1000`,
			Summary: "More than 1,000 messages wait before one {{ $labels.kind }} actor on {{ $labels.instance }}",
			Panel:   [2]string{"hayauma-actors", "Deepest mailboxes now"},
			Means:   "An actor has had more than 1,000 messages before it for five minutes. It gets more than it can do, or something that it needs is slow. Nothing is lost: they wait.",
			Look: []string{
				"Deepest mailboxes now: one actor, or many of a kind? `hayauma actors list --sort depth` shows the same, with real names.",
				"Time in a handler, p99, for its kind. Wait for a processor, on the dashboard of the cluster.",
				"Time of an append: campaigns, checkers and channels wait for the disk.",
			},
			Do: []string{
				"One channel or one campaign: pause it (`hayauma campaign pause ID`), see whether the depth falls, resume it.",
				"Many actors of a kind on one node: the node is too small. Start another node of that type, or raise its weight elsewhere.",
				"The disk is slow: see to it, or move the store (NATS) to a better one.",
			},
			Test: Case{
				Series: [][2]string{{`hayauma_actor_mailbox_depth_max{job="hayauma", instance="n1:8484", kind="checker"}`, "0x2 2000x10 0x10"}},
				Quiet:  "7m", Fires: "9m", Clears: "15m", Labels: map[string]string{"job": "hayauma", "instance": "n1:8484", "kind": "checker"},
			},
		},
		{
			Name: "MailboxStuck", Severity: "critical", For: "1m",
			Expr:    `max by (job, instance, kind) (hayauma_actor_mailbox_oldest_age_max_seconds) > #60#`,
			Summary: "A message has waited over a minute before a {{ $labels.kind }} actor on {{ $labels.instance }}",
			Panel:   [2]string{"hayauma-actors", "Stuck: oldest message of each actor"},
			Means:   "The oldest message before some actor is more than a minute old and gets older. The actor doesn't handle anything: it waits for an append, it is being started again and again, or a handler hangs.",
			Look: []string{
				"Stuck: which actor is it? `hayauma actors list --sort age` gives its name, `hayauma actors show KIND ID` its state.",
				"Restarts, held-up workers: is it failing over and over? The log names the failure.",
				"Errors of the store, and `/readyz` of the node.",
			},
			Do: []string{
				"The store doesn't answer: see JournalErrors.",
				"It fails over and over: keep the log, and stop what feeds it (pause the campaign, remove the channel).",
				"Nothing of that: take `hayauma debug dump` for the authors, and where there is a flight recorder what it has left in `debug/` of the data directory. " +
					"Then restart the node: its actors come back elsewhere within seconds.",
			},
			Test: Case{
				Series: [][2]string{{`hayauma_actor_mailbox_oldest_age_max_seconds{job="hayauma", instance="n1:8484", kind="poster"}`, "0x2 30 90x6 0x10"}},
				Quiet:  "4m", Fires: "6m", Clears: "12m", Labels: map[string]string{"job": "hayauma", "instance": "n1:8484", "kind": "poster"},
			},
		},
		{
			Name: "BacklogGrowing", Severity: "warning", For: "10m",
			Expr: `deriv(instance_kind:hayauma_actor_mailbox_messages:sum[<15m>]) > 0.5` +
				` and instance_kind:hayauma_actor_mailbox_messages:sum > 500`,
			Summary: "Messages before {{ $labels.kind }} actors on {{ $labels.instance }} grow without a stop",
			Panel:   [2]string{"hayauma-actors", "Received against handled"},
			Means:   "For ten minutes more came in than was done, and over 500 messages wait. It isn't bad yet; if it goes on, memory and delays grow.",
			Look: []string{
				"Received against handled, for that kind: since when do the lines part, and which of them moved?",
				"Campaigns by state: did a large one start just then?",
				"Processor and Wait for a processor, on the dashboard of the cluster.",
			},
			Do: []string{
				"A large campaign began: it is usual for a while; look again when it is over.",
				"The machine is full: start another node of that type.",
				"Handling became slow: see MailboxStuck and JournalErrors.",
			},
			Test: Case{
				Series: [][2]string{{`hayauma_actor_mailbox_messages{job="hayauma", instance="n1:8484", kind="poster"}`, "0x5 0+60x30 1800x30"}},
				Quiet:  "14m", Fires: "28m", Clears: "60m", Labels: map[string]string{"job": "hayauma", "instance": "n1:8484", "kind": "poster"},
			},
		},
		{
			Name: "DeadLetters", Severity: "warning", For: "5m",
			Expr:    `sum by (job, kind, reason) (rate(hayauma_dead_letters_total[<5m>])) > 0.1`,
			Summary: "Messages to {{ $labels.kind }} actors end unhandled ({{ $labels.reason }})",
			Panel:   [2]string{"hayauma-actors", "Dead letters"},
			Means:   "Messages can't be given to their actor, more than one in ten seconds for five minutes. What must arrive is sent again by itself, so recipients are not lost; but something is wrong for good.",
			Look: []string{
				"Dead letters: the reason. full: a mailbox is at its bound; backlog: the way to a member is full; no_route or lost: a member is away; no_producer or type: versions that don't fit.",
				"Who is there and Builds, on the dashboard of the cluster.",
			},
			Do: []string{
				"full: as for MailboxBacklog.",
				"backlog, lost, no_route: as for RemoteQueue and MemberDown.",
				"After an update: bring all nodes to one version.",
			},
			Test: Case{
				Series: [][2]string{{`hayauma_dead_letters_total{job="hayauma", instance="n1:8484", kind="poster", reason="full"}`, "0x5 0+60x20 1200x20"}},
				Quiet:  "9m", Fires: "15m", Clears: "40m", Labels: map[string]string{"job": "hayauma", "kind": "poster", "reason": "full"},
			},
		},
		{
			Name: "TopKSaturated", Severity: "warning", For: "5m",
			Expr: `sum by (job, instance) (hayauma_actor_mailbox_backlogged_actors) >= 20` +
				` and sum by (job, instance) (hayauma_actor_active) > sum by (job, instance) (hayauma_metrics_tracked_actors)`,
			Summary: "More actors on {{ $labels.instance }} have a backlog than have series of their own",
			Panel:   [2]string{"hayauma-actors", "Actors with a backlog"},
			Means:   "Above 1,000 actors only the deepest twenty and the oldest twenty have figures of their own. At least twenty have a backlog now, so the pictures of single actors don't show all that are in trouble. The sums are right.",
			Look: []string{
				"Actors with a backlog: how many, of which kind?",
				"`hayauma actors list --sort depth --limit 500` lists them all, over all nodes.",
			},
			Do: []string{
				"So many at once is a slow stage or a slow machine, not a slow actor: as for BacklogGrowing.",
			},
			Test: Case{
				Series: [][2]string{
					{`hayauma_actor_mailbox_backlogged_actors{job="hayauma", instance="n1:8484", kind="poster"}`, "0x3 40x10 0x9"},
					{`hayauma_actor_active{job="hayauma", instance="n1:8484", kind="poster"}`, "5000x30"},
					{`hayauma_metrics_tracked_actors{job="hayauma", instance="n1:8484"}`, "120x30"},
				},
				Quiet: "7m", Fires: "10m", Clears: "16m", Labels: map[string]string{"job": "hayauma", "instance": "n1:8484"},
			},
		},
	}
}
