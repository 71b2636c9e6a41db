package board

func delivery() Dashboard {
	return Dashboard{
		UID: "hayauma-delivery", Title: "Hayauma: delivery", Variables: []string{"channel", "campaign"},
		Help: "What becomes of the recipients? A channel is one account at the provider, with its own limits. " +
			"A poster waits for a token of its channel, calls the provider, and reports to the checker, which records the outcome.",
		Rows: []Row{
			{Title: "Campaigns", Panels: []Panel{
				{Title: "Campaigns by state", Unit: "short", View: Areas, Width: 8, Height: 8,
					Help:    "All campaigns that the nodes know, by state. Paused ones wait for somebody.",
					Queries: []Query{q(`sum by (state) (hayauma_campaigns{@})`, "{{state}}")}},
				{Title: "Progress", Unit: "percentunit", View: Lines, Width: 8, Height: 8,
					Help: "Of each running campaign the share of recipients who have an outcome. A line that stays flat below 100 % is a stalled campaign.",
					Queries: []Query{q(`sum by (campaign) (hayauma_campaign_recipients{@campaign, state!="pending"}) / `+
						`sum by (campaign) (hayauma_campaign_recipients{@campaign})`, "{{campaign}}")}},
				{Title: "Recipients left", Unit: "short", View: Lines, Width: 8, Height: 8,
					Help:    "Recipients of running campaigns who have no outcome yet.",
					Queries: []Query{q(pendingNow, "{{campaign}}")}},
				{Title: "Start after the due time", Unit: "s", View: Lines, Width: 8, Height: 8,
					Help:    "From a campaign's due time to its first messages, for half and for 99 % of the starts. Milliseconds are usual.",
					Queries: quantiles("hayauma_campaign_start_lag_seconds", "@", "", "", "0.5", "0.99")},
				{Title: "Duration of a campaign", Unit: "s", View: Lines, Width: 8, Height: 8,
					Help:    "From the first messages to the end, for half and for 95 % of those that ended.",
					Queries: quantiles("hayauma_campaign_duration_seconds", "@", "", "", "0.5", "0.95")},
				{Title: "Missed due times", Unit: "short", View: Lines, Width: 8, Height: 8,
					Help:    "Occurrences that did not begin when they were due, in the shown interval: left out because an earlier one still sent, or expired.",
					Queries: []Query{q(`sum by (policy) (increase(hayauma_schedule_misfires_total{@}[$__rate_interval]))`, "{{policy}}")}},
			}},
			{Title: "Calls to the provider", Panels: []Panel{
				{Title: "Recipients by channel and answer", Unit: "cps", View: Areas, Width: 12, Height: 8,
					Help:    "Recipients of finished calls. accepted is what you want; throttled: the provider asks for patience; doubtful: no clear answer, called again under the same key, so nobody gets it twice.",
					Queries: []Query{q(`sum by (channel, outcome) (rate(hayauma_messages_sent_total{@channel}[$__rate_interval]))`, "{{channel}} {{outcome}}")}},
				{Title: "Time of a call, p95", Unit: "s", View: Lines, Width: 12, Height: 8,
					Help:    "95 % of the calls ended within this time, by channel and answer.",
					Queries: quantiles("hayauma_send_seconds", "@channel", "channel, outcome", "{{channel}} {{outcome}}", "0.95")},
				{Title: "Recipients in one call", Unit: "short", View: Lines, Width: 8, Height: 8,
					Help: "Average number of recipients that one call carries: 1 for personal messages, up to 500 for equal ones.",
					Queries: []Query{q(`sum by (channel) (rate(hayauma_send_batch_recipients_sum{@channel}[$__rate_interval])) / `+
						`(sum by (channel) (rate(hayauma_send_batch_recipients_count{@channel}[$__rate_interval])) > 0)`, "{{channel}}")}},
				{Title: "Retries", Unit: "cps", View: Lines, Width: 8, Height: 8,
					Help:    "Calls that will be made again, by why the last one did not do.",
					Queries: []Query{q(`sum by (channel, reason) (rate(hayauma_send_retries_total{@channel}[$__rate_interval]))`, "{{channel}} {{reason}}")}},
				{Title: "Throttled by the provider", Unit: "cps", View: Lines, Width: 8, Height: 8,
					Help:    "Calls that were answered with 429, too many requests. A steady line: the channel's limit here is above what the provider allows, or somebody else uses the account.",
					Queries: []Query{q(`sum by (channel) (rate(hayauma_provider_throttled_total{@channel}[$__rate_interval]))`, "{{channel}}")}},
			}},
			{Title: "Limits", Panels: []Panel{
				{Title: "Wait for a token", Unit: "s", View: Lines, Width: 8, Height: 8,
					Help:    "How long calls that were ready waited for their channel's leave. While the limit is what holds a campaign back, this is long, and right.",
					Queries: quantiles("hayauma_rate_limit_wait_seconds", "@channel", "channel", "{{channel}}", "0.5", "0.95")},
				{Title: "Tokens at hand", Unit: "short", View: Lines, Width: 8, Height: 8,
					Help:    "Leaves to call that a node has and has not used yet. They live for a tenth of a second only.",
					Queries: []Query{q(`sum by (channel, instance) (hayauma_rate_limit_tokens{@channel})`, "{{channel}} on {{instance}}")}},
				{Title: "Calls in flight", Unit: "short", View: Lines, Width: 8, Height: 8,
					Help:    "Calls that wait for the provider's answer now. Rate times answer time; it is bounded.",
					Queries: []Query{q(`sum by (channel) (hayauma_inflight_requests{@channel})`, "{{channel}}")}},
			}},
			{Title: "Outcomes", Panels: []Panel{
				{Title: "Recorded outcomes", Unit: "cps", View: Areas, Width: 8, Height: 8,
					Help:    "What the checkers wrote down: delivered means that the provider accepted it. returned and split are steps on the way and no outcomes.",
					Queries: []Query{q(`sum by (channel, result) (rate(hayauma_delivery_checks_total{@channel}[$__rate_interval]))`, "{{channel}} {{result}}")}},
				{Title: "Held by posters", Unit: "short", View: Lines, Width: 8, Height: 8,
					Help:    "Recipients in the posters' hands: they wait for a token, are being called, or their outcome is not recorded yet. It falls to zero after a campaign.",
					Queries: []Query{q(`sum by (channel) (hayauma_delivery_pending{@channel})`, "{{channel}}")}},
				{Title: "Duplicates kept away", Unit: "cps", View: Lines, Width: 8, Height: 8,
					Help:    "What would have been sent or counted twice and was not, by where it was noticed. It rises after a crash, and that is its purpose.",
					Queries: []Query{q(`sum by (reason) (rate(hayauma_duplicates_suppressed_total{@}[$__rate_interval]))`, "{{reason}}")}},
			}},
		},
	}
}
