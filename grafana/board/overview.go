package board

// What several panels ask.
const (
	pendingNow   = `sum by (campaign) (hayauma_campaign_recipients{@campaign, state="pending"})`
	pendingShift = `sum by (campaign) (deriv(hayauma_campaign_recipients{@campaign, state="pending"}[$__rate_interval]))`
	badOutcomes  = `outcome!~"accepted|throttled"`
)

func overview() Dashboard {
	return Dashboard{
		UID: "hayauma-overview", Title: "Hayauma: overview", Variables: []string{"campaign", "channel"},
		Help: "Is it well, and when will it be done? One look for somebody who has never seen the program. " +
			"Hayauma sends campaigns (one text to many recipients); work goes from composers, which write messages, to posters, which call the provider, to checkers, which record what came of it.",
		Rows: []Row{
			{Title: "Now", Panels: []Panel{
				{Title: "Members", Unit: "none", View: Value, Width: 3, Height: 4, Good: 2.5, Bad: 0.5,
					Help:    "Processes that work together. Fewer than you started: one has ended, or can't reach the others; its work is done by the rest.",
					Queries: []Query{q(`max(hayauma_cluster_members{@, state="active"})`, "active")}},
				{Title: "Actors in memory", Unit: "short", View: Value, Width: 3, Height: 4,
					Help:    "Small workers that have something to do: one for each campaign, and one for each recipient who is being sent to. They leave memory when they are done; many are no harm.",
					Queries: []Query{q(`sum(hayauma_actor_active{@})`, "actors")}},
				{Title: "Messages inside, per second", Unit: "cps", View: Value, Width: 4, Height: 4,
					Help:    "Messages that actors have handled. It is the program's pulse: zero while a campaign runs means that nothing moves.",
					Queries: []Query{q(`sum(rate(hayauma_actor_messages_handled_total{@}[$__rate_interval]))`, "handled")}},
				{Title: "Accepted by the provider", Unit: "percentunit", View: Value, Width: 4, Height: 4, Good: 0.99, Bad: 0.9,
					Help: "Of all recipients that were called for, the share that the provider accepted at that call. Those that were told to come later (429) are not counted. Empty while nothing is sent.",
					Queries: []Query{q(`sum(rate(hayauma_messages_sent_total{@channel, outcome="accepted"}[$__rate_interval])) / `+
						`(sum(rate(hayauma_messages_sent_total{@channel, outcome!="throttled"}[$__rate_interval])) > 0)`, "accepted")}},
				{Title: "Deepest mailbox", Unit: "short", View: Value, Width: 3, Height: 4, Good: 256, Bad: 1024,
					Help:    "Most messages that wait before any one actor. High for long: that actor is slower than its senders. The next dashboard says which one it is.",
					Queries: []Query{q(`max(hayauma_actor_mailbox_depth_max{@})`, "messages")}},
				{Title: "Oldest message", Unit: "s", View: Value, Width: 3, Height: 4, Good: 5, Bad: 60,
					Help:    "Age of the message that has waited longest before any actor. Above a minute, an actor is stuck.",
					Queries: []Query{q(`max(hayauma_actor_mailbox_oldest_age_max_seconds{@})`, "age")}},
				{Title: "Slowest campaign done in", Unit: "s", View: Value, Width: 4, Height: 4,
					Help:    "Time until the last running campaign has nobody left to send to, if it goes on as fast as now. 0 where nothing runs, or nothing moves.",
					Queries: []Query{q(`max(`+pendingNow+` / -(`+pendingShift+` < 0)) or vector(0)`, "left")}},
			}},
			{Title: "Work", Panels: []Panel{
				{Title: "Throughput by stage", Unit: "cps", View: Lines, Width: 12, Height: 8,
					Help: "Messages handled at each stage. The three lines move together; where one falls behind, the stage after it waits for it. One message of a composer or a checker may stand for many recipients.",
					Queries: []Query{q(`sum by (kind) (rate(hayauma_actor_messages_handled_total{@, kind=~"composer|poster|checker"}[$__rate_interval]))`,
						"{{kind}}")}},
				{Title: "Recipients of running campaigns", Unit: "short", View: Areas, Width: 12, Height: 8,
					Help:    "Everybody in the campaigns that run now, by what has become of them. Pending shrinks, delivered grows; a large unknown or failed needs a look.",
					Queries: []Query{q(`sum by (state) (hayauma_campaign_recipients{@campaign})`, "{{state}}")}},
				{Title: "Recipients called for, by answer", Unit: "cps", View: Areas, Width: 12, Height: 8,
					Help:    "What the provider answered: accepted is done, refused is final, throttled and doubtful (no answer, or an error of the server) are called for again.",
					Queries: []Query{q(`sum by (outcome) (rate(hayauma_messages_sent_total{@channel}[$__rate_interval]))`, "{{outcome}}")}},
				{Title: "Time of one provider call", Unit: "s", View: Lines, Width: 12, Height: 8,
					Help:    "Half, 95 % and 99 % of calls to the provider were answered within this time. A rise here is the provider's or the network's.",
					Queries: quantiles("hayauma_send_seconds", "@channel", "", "", "0.5", "0.95", "0.99")},
			}},
			{Title: "What is wrong", Panels: []Panel{
				{Title: "Errors per second", Unit: "cps", View: Lines, Width: 12, Height: 8,
					Help: "Everything that went wrong, by its place. Zero is usual. Retries are made by themselves; dead letters are messages that nobody took.",
					Queries: []Query{
						q(`sum(rate(hayauma_messages_sent_total{@channel, `+badOutcomes+`}[$__rate_interval]))`, "provider calls"),
						q(`sum(rate(hayauma_actor_messages_handled_total{@, result="error"}[$__rate_interval]))`, "handlers"),
						q(`sum(rate(hayauma_dead_letters_total{@}[$__rate_interval]))`, "dead letters"),
						q(`sum(rate(hayauma_journal_errors_total{@}[$__rate_interval]))`, "journal"),
					}},
				{Title: "Alerts that fire", Unit: "none", Empty: "None fires.", View: Table, Width: 12, Height: 8, Columns: []string{"alertname", "severity", "instance", "kind", "channel", "campaign"},
					Help: "Alerts that Prometheus says are firing. The runbook (link at the top) says of each what it means, what to look at and what to do.",
					Queries: []Query{q(`sum by (alertname, severity, instance, kind, channel, campaign) (ALERTS{alertstate="firing", alertname=~"Hayauma.*"})`,
						"firing")}},
			}},
			{Title: "The API", Panels: []Panel{
				{Title: "Requests", Unit: "reqps", View: Lines, Width: 8, Height: 7,
					Help:    "Requests to this program's own API by class of answer. 4xx are mistakes of those who ask, 5xx are ours.",
					Queries: []Query{q(`sum by (status) (rate(hayauma_http_requests_total{@}[$__rate_interval]))`, "{{status}}")}},
				{Title: "Time of a request, p95", Unit: "s", View: Lines, Width: 8, Height: 7,
					Help:    "95 % of the requests to each operation were answered within this time. Uploads of large audiences take long and should.",
					Queries: quantiles("hayauma_http_request_seconds", "@", "operation", "{{operation}}", "0.95")},
				{Title: "Webhooks, series, single messages", Unit: "cps", View: Lines, Width: 8, Height: 7,
					Help: "What goes on beside campaigns. Webhook events that failed are tried again; given_up means that a receiver was away for days.",
					Queries: []Query{
						q(`sum by (result) (rate(hayauma_webhook_deliveries_total{@}[$__rate_interval]))`, "webhook {{result}}"),
						q(`sum(rate(hayauma_series_occurrences_total{@}[$__rate_interval]))`, "occurrences"),
						q(`sum by (outcome) (rate(hayauma_single_messages_total{@}[$__rate_interval]))`, "single {{outcome}}"),
						q(`sum by (reason) (rate(hayauma_recipients_withheld_total{@}[$__rate_interval]))`, "withheld {{reason}}"),
					}},
			}},
		},
	}
}
