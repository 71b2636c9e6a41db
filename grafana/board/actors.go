package board

// the deepest and the stuck, with the same labels so that they meet in one table.
const byActor = `max by (kind, actor, instance)`

func actors() Dashboard {
	return Dashboard{
		UID: "hayauma-actors", Title: "Hayauma: actors and mailboxes", Variables: []string{"kind"},
		Help: "Who has how much before him? An actor handles one message at a time; the rest waits in its mailbox. " +
			"Depth is what was accepted and is not yet handled. Kinds are the sorts of actors: campaign, composer, poster, checker, channel and others; cell is the program's own.",
		Rows: []Row{
			{Title: "Mailboxes", Panels: []Panel{
				{Title: "Messages waiting, by kind", Unit: "short", View: Areas, Width: 12, Height: 8,
					Help:    "All messages that wait, added up. It rises while work comes in faster than it is done, and falls to zero after it.",
					Queries: []Query{q(`sum by (kind) (hayauma_actor_mailbox_messages{@kind})`, "{{kind}}")}},
				{Title: "Deepest mailbox: now, and in the last minute", Unit: "short", View: Lines, Width: 12, Height: 8,
					Help: "The longest queue before one actor of each kind, and the longest that it was within 60 seconds (peaks between two looks of Prometheus show there).",
					Queries: []Query{
						q(`max by (kind) (hayauma_actor_mailbox_depth_max{@kind})`, "{{kind}} now"),
						q(`max by (kind) (hayauma_actor_mailbox_high_watermark{@kind})`, "{{kind}} 60 s"),
					}},
				{Title: "Actors by depth", Unit: "short", View: Areas, Width: 8, Height: 8,
					Help:    "How many actors have nothing before them, a few messages, or many. Most should stand at 0 or in the lowest ranges.",
					Queries: []Query{q(`sum by (depth) (hayauma_actor_mailbox_actors{@kind})`, "{{depth}}")}},
				{Title: "Actors with a backlog", Unit: "short", View: Lines, Width: 8, Height: 8,
					Help:    "Actors with more than 32 messages before them. One or two: a slow actor. Hundreds: a slow stage, or a slow machine.",
					Queries: []Query{q(`sum by (kind) (hayauma_actor_mailbox_backlogged_actors{@kind})`, "{{kind}}")}},
				{Title: "Oldest message, by kind", Unit: "s", View: Lines, Width: 8, Height: 8,
					Help:    "How long the message that has waited longest has been waiting. A line that rises as a straight slope is an actor that is stuck.",
					Queries: []Query{q(`max by (kind) (hayauma_actor_mailbox_oldest_age_max_seconds{@kind})`, "{{kind}}")}},
				{Title: "Deepest mailboxes now", Unit: "short", View: Table, Width: 12, Height: 9, Columns: []string{"kind", "actor", "instance"},
					Help: "The twenty actors with most before them: kind, actor, the node where it lives, messages, and the age of the oldest. Actors whose name would be personal data have a code; `hayauma actors list` shows who it is.",
					Queries: []Query{
						q(`topk(20, `+byActor+` (hayauma_actor_mailbox_depth{@kind}))`, "depth"),
						q(byActor+` (hayauma_actor_mailbox_oldest_age_seconds{@kind}) and topk(20, `+byActor+` (hayauma_actor_mailbox_depth{@kind}))`, "age"),
					},
					Units: map[string]string{"depth": "short", "age": "s"}},
				{Title: "Depth of each actor", Unit: "short", View: Lines, Width: 12, Height: 9,
					Help: "The mailbox of each of the deepest actors over time. Up to 1,000 actors on a node every one has a series; above that the deepest, the stuck and the program's own.",
					Queries: []Query{q(`topk(10, `+byActor+` (hayauma_actor_mailbox_depth{@kind}))`,
						"{{kind}} {{actor}} on {{instance}}")}},
				{Title: "Stuck: oldest message of each actor", Unit: "s", View: Lines, Width: 12, Height: 8,
					Help:    "Ages of the oldest waiting messages, actor by actor. Over 5 seconds is suspicious, over a minute an alert.",
					Queries: []Query{q(`topk(10, `+byActor+` (hayauma_actor_mailbox_oldest_age_seconds{@kind}))`, "{{kind}} {{actor}} on {{instance}}")}},
				{Title: "The program's own actors", Unit: "short", View: Lines, Width: 12, Height: 8,
					Help:    "Mailboxes of the actors that are always there. They serve everybody: a backlog here slows down all the others.",
					Queries: []Query{q(`topk(10, max by (actor, instance) (hayauma_actor_mailbox_depth{@, kind="cell"}))`, "{{actor}} on {{instance}}")}},
			}},
			{Title: "How long", Panels: []Panel{
				{Title: "Wait before a handler", Unit: "s", View: Lines, Width: 12, Height: 8,
					Help:    "From a message's acceptance to the begin of its handling, of half and of 99 % of the messages. One in 64 is measured.",
					Queries: quantiles("hayauma_actor_mailbox_wait_seconds", "@kind", "kind", "{{kind}}", "0.5", "0.99")},
				{Title: "Time in a handler, p99", Unit: "s", View: Lines, Width: 12, Height: 8,
					Help:    "99 % of messages of each sort were handled within this time. Handlers never wait for the network, so long ones compute, or the machine is busy.",
					Queries: quantiles("hayauma_actor_handle_seconds", "@kind", "kind, message", "{{kind}} {{message}}", "0.99")},
				{Title: "Depth found by messages", Unit: "short", View: Heat, Width: 12, Height: 8,
					Help:    "How deep a mailbox was when a message was put into it: how many messages met which depth. Dark cells far up are crowds. One in 64 is measured.",
					Queries: []Query{q(`sum by (le) (increase(hayauma_actor_mailbox_enqueue_depth_bucket{@kind}[$__rate_interval]))`, "{{le}}")}},
				{Title: "Time to bring an actor into memory, p99", Unit: "s", View: Lines, Width: 12, Height: 8,
					Help:    "Activation, with the replay of what is stored of it. A rise is a slow store, or a long history.",
					Queries: quantiles("hayauma_actor_activation_seconds", "@kind", "kind", "{{kind}}", "0.99")},
			}},
			{Title: "How many", Panels: []Panel{
				{Title: "Received against handled", Unit: "cps", View: Lines, Width: 12, Height: 8,
					Help: "What comes in and what is done. While the lines lie on each other all is well; where received is above handled for long, mailboxes grow.",
					Queries: []Query{
						q(`sum by (kind) (rate(hayauma_actor_messages_received_total{@kind}[$__rate_interval]))`, "{{kind}} received"),
						q(`sum by (kind) (rate(hayauma_actor_messages_handled_total{@kind}[$__rate_interval]))`, "{{kind}} handled"),
					}},
				{Title: "Actors in memory", Unit: "short", View: Areas, Width: 12, Height: 8,
					Help:    "How many of each kind are in memory now.",
					Queries: []Query{q(`sum by (kind) (hayauma_actor_active{@kind})`, "{{kind}}")}},
				{Title: "Into memory, and out of it", Unit: "cps", View: Lines, Width: 12, Height: 8,
					Help: "Activations and passivations. idle is usual; moved belongs to a change of members; lost means that the store took a shard away from its node.",
					Queries: []Query{
						q(`sum by (kind) (rate(hayauma_actor_activations_total{@kind}[$__rate_interval]))`, "{{kind}} in"),
						q(`sum by (kind, reason) (rate(hayauma_actor_passivations_total{@kind}[$__rate_interval]))`, "{{kind}} {{reason}}"),
					}},
				{Title: "Restarts, held-up workers", Unit: "cps", View: Lines, Width: 6, Height: 8,
					Help: "Actors that failed and were started again, and handlers that held their worker for more than 100 ms. Zero is usual.",
					Queries: []Query{
						q(`sum by (kind) (rate(hayauma_actor_restarts_total{@kind}[$__rate_interval]))`, "{{kind}} restarts"),
						q(`sum by (kind) (rate(hayauma_actor_handlers_blocked_total{@kind}[$__rate_interval]))`, "{{kind}} held up"),
					}},
				{Title: "Dead letters", Unit: "cps", Empty: "There were none.", View: Lines, Width: 6, Height: 8,
					Help:    "Messages that nobody handled, by the reason. A few while members come and go are usual: what must arrive is sent again. Many at rest are a fault.",
					Queries: []Query{q(`sum by (kind, reason) (rate(hayauma_dead_letters_total{@kind}[$__rate_interval]))`, "{{kind}} {{reason}}")}},
				{Title: "Held until a place is known: messages, actors", Unit: "short", View: Lines, Width: 8, Height: 7,
					Help: "Messages that wait because it is being settled where their actor lives, and how many actors they wait for. It is above zero for moments, when members come and go.",
					Queries: []Query{
						q(`sum(hayauma_actor_held_messages{@})`, "messages"), q(`sum(hayauma_actor_held_actors{@})`, "actors"),
					}},
				{Title: "Held: bytes", Unit: "bytes", View: Lines, Width: 8, Height: 7,
					Help:    "Memory that such messages take. It is bounded.",
					Queries: []Query{q(`sum by (instance) (hayauma_actor_held_bytes{@})`, "{{instance}}")}},
				{Title: "Sent on to another member", Unit: "cps", View: Lines, Width: 8, Height: 7,
					Help:    "Messages that came to a member which has given their actor away, and went on to the right one. Only after changes of members.",
					Queries: []Query{q(`sum by (instance) (rate(hayauma_actor_messages_forwarded_total{@}[$__rate_interval]))`, "{{instance}}")}},
			}},
		},
	}
}
