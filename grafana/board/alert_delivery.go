package board

func deliveryAlerts() []Alert {
	return []Alert{
		{
			Name: "CampaignStartLate", Severity: "warning",
			Expr: `sum by (job) (increase(hayauma_campaign_start_lag_seconds_count[<15m>]))` +
				` - sum by (job) (increase(hayauma_campaign_start_lag_seconds_bucket{le="%60%"}[<15m>])) > 0.5`,
			Summary: "A campaign began more than a minute after its due time",
			Panel:   [2]string{"hayauma-delivery", "Start after the due time"},
			Means:   "A campaign sent its first messages more than a minute after it was due. It has begun by now; whether the delay matters, its owner knows.",
			Look: []string{
				"Start after the due time, and at the same time Who is there: was the cluster down, or was a role carried by nobody?",
				"`hayauma campaign list` and `campaign show ID`: was it waiting for another campaign (`after`), for its hours, or for the quota?",
			},
			Do: []string{
				"It waited for what its definition says: nothing.",
				"The nodes were away: see MemberDown. `expire_after` in a schedule keeps a late campaign from being sent at all.",
			},
			Test: Case{
				Series: [][2]string{
					{`hayauma_campaign_start_lag_seconds_count{job="hayauma", instance="n1:8484"}`, "0x5 1x60"},
					{`hayauma_campaign_start_lag_seconds_bucket{job="hayauma", instance="n1:8484", le="65.536"}`, "0x66"},
				},
				Quiet: "5m", Fires: "7m", Clears: "25m", Labels: map[string]string{"job": "hayauma"},
			},
		},
		{
			Name: "CampaignStalled", Severity: "critical", For: "5m",
			Expr: `sum by (job, campaign) (hayauma_campaign_recipients{state="pending"}) > 0` +
				` and sum by (job, campaign) (changes(hayauma_campaign_recipients{state="pending"}[<10m>])) == 0`,
			Summary: "Campaign {{ $labels.campaign }} runs, and nobody got an outcome for ten minutes",
			Panel:   [2]string{"hayauma-delivery", "Progress"},
			Means:   "A running campaign has recipients left, and none of them got an outcome for ten minutes. It isn't paused: it doesn't get on.",
			Look: []string{
				"`hayauma campaign show ID`: `waiting` names a role that nobody carries; is it outside of the hours of its schedule?",
				"`hayauma channel show NAME`: paused, out of quota, circuit breaker open?",
				"Recipients by channel and answer: does the provider answer at all? Calls in flight: do they hang?",
			},
			Do: []string{
				"Role without a node: start one of that type.",
				"Channel paused: mend what it says (token, quota), then `hayauma channel resume NAME`.",
				"Provider away: wait; it goes on by itself, and nobody gets anything twice.",
				"Outside of its hours: nothing.",
			},
			Test: Case{
				Series: [][2]string{{`hayauma_campaign_recipients{job="hayauma", instance="n1:8484", campaign="01K", state="pending"}`, "1000-10x10 900x30 0x10"}},
				Quiet:  "18m", Fires: "30m", Clears: "43m", Labels: map[string]string{"job": "hayauma", "campaign": "01K"},
			},
		},
		{
			Name: "SendErrorRatio", Severity: "critical", For: "2m",
			Expr: `(channel:hayauma_send_errors:ratio_rate1h > 0.144 and channel:hayauma_send_errors:ratio_rate5m > 0.144)` +
				` or (channel:hayauma_send_errors:ratio_rate6h > 0.06 and channel:hayauma_send_errors:ratio_rate30m > 0.06)`,
			Summary: "Too many calls of channel {{ $labels.channel }} fail",
			Panel:   [2]string{"hayauma-delivery", "Recipients by channel and answer"},
			Means:   "Measured against 99 % good answers, the channel uses up its errors more than 14 times too fast for an hour (or 6 times for six hours), and does so now. Refused recipients are final; doubtful ones are called again.",
			Look: []string{
				"Recipients by channel and answer: refused (what we send, or to whom), unauthorized (the token), over_quota (the month), doubtful (no clear answer: provider or network), unsent (no connection).",
				"`hayauma campaign export ID --state failed` gives the reasons, `hayauma campaign why ID USER` one story with the provider's request ids.",
			},
			Do: []string{
				"refused: pause the campaign, mend audience or message, submit anew.",
				"unauthorized: give the channel a valid token, `hayauma channel resume NAME`.",
				"over_quota: raise the quota at the provider, or wait for the month's end.",
				"doubtful, unsent: look at the provider's status page and at the network; nothing else is needed.",
			},
			Test: Case{ // fast: too few yet for six hours
				Series: [][2]string{
					{`hayauma_messages_sent_total{job="hayauma", instance="n1:8484", channel="shop", outcome="accepted"}`, "0+90x440"},
					{`hayauma_messages_sent_total{job="hayauma", instance="n1:8484", channel="shop", outcome="refused"}`, "0x360 0+100x15 1500x60"},
				},
				Quiet: "365m", Fires: "375m", Clears: "384m", Labels: map[string]string{"job": "hayauma", "channel": "shop"},
			},
			Also: []Case{{ // slow: one in ten, for long
				Series: [][2]string{
					{`hayauma_messages_sent_total{job="hayauma", instance="n1:8484", channel="shop", outcome="accepted"}`, "0+90x300"},
					{`hayauma_messages_sent_total{job="hayauma", instance="n1:8484", channel="shop", outcome="refused"}`, "0x10 0+10x200 2000x90"},
				},
				Quiet: "15m", Fires: "100m", Clears: "245m", Labels: map[string]string{"job": "hayauma", "channel": "shop"},
			}},
		},
		{
			Name: "ProviderThrottled", Severity: "warning", For: "10m",
			Expr:    `sum by (job, channel) (rate(hayauma_provider_throttled_total[<5m>])) > 0.1`,
			Summary: "The provider throttles channel {{ $labels.channel }}",
			Panel:   [2]string{"hayauma-delivery", "Throttled by the provider"},
			Means:   "For ten minutes the provider has answered calls with 429, too many requests. The channel slows down by itself and nothing is lost; but campaigns take longer, and the limit set here doesn't fit.",
			Look: []string{
				"Throttled by the provider against Recipients by channel and answer: how large is the share?",
				"Does another program use the same account?",
			},
			Do: []string{
				"Lower the channel's limits: `hayauma channel add NAME … --limits push=N`.",
				"Stop the other program, or share the limit with it.",
			},
			Test: Case{
				Series: [][2]string{{`hayauma_provider_throttled_total{job="hayauma", instance="n1:8484", channel="shop"}`, "0x5 0+30x30 900x30"}},
				Quiet:  "12m", Fires: "20m", Clears: "45m", Labels: map[string]string{"job": "hayauma", "channel": "shop"},
			},
		},
		{
			Name: "DeliveryUnconfirmed", Severity: "warning", For: "10m",
			Expr: `sum by (job, channel) (hayauma_delivery_pending) > 0` +
				` unless sum by (job, channel) (rate(hayauma_delivery_checks_total[<10m>])) > 0`,
			Summary: "Posters of channel {{ $labels.channel }} hold recipients, and no outcome is recorded",
			Panel:   [2]string{"hayauma-delivery", "Held by posters"},
			Means:   "Posters have recipients in hand, and for ten minutes no checker has recorded an outcome of that channel. Either calls don't end, or what came of them can't be recorded.",
			Look: []string{
				"Calls in flight and Time of a call: do calls hang?",
				"Recipients by channel and answer: do answers come all the same? Then the checkers are the place: Errors of the store, and whether a node carries the role checker (`hayauma cluster members`).",
			},
			Do: []string{
				"Calls hang: the provider or the network; they end by themselves and are made again.",
				"No node carries checkers: start one.",
				"The store: see JournalErrors.",
			},
			Test: Case{
				Series: [][2]string{
					{`hayauma_delivery_pending{job="hayauma", instance="n1:8484", channel="shop"}`, "0x5 50x40 0x5"},
					{`hayauma_delivery_checks_total{job="hayauma", instance="n1:8484", channel="shop", result="delivered"}`, "0+10x5 50x60"},
				},
				Quiet: "20m", Fires: "30m", Clears: "48m", Labels: map[string]string{"job": "hayauma", "channel": "shop"},
			},
		},
	}
}
