package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Types of metrics, as Prometheus calls them.
const (
	Gauge     = "gauge"
	Counter   = "counter"
	Histogram = "histogram"
)

// Metric is one line of the catalogue.
type Metric struct {
	Group  string
	Name   string // with its prefix
	Type   string
	Labels []string
	Help   string

	desc *prometheus.Desc
}

// catalogue has every metric of our own, in the order of its declaration below. It is complete when the package is initialised.
var catalogue []*Metric

// Catalogue is every metric of the daemon's own: what Go's runtime and the process have comes with client_golang's collectors.
func Catalogue() []Metric {
	out := make([]Metric, len(catalogue))
	for i, m := range catalogue {
		out[i] = *m
	}
	return out
}

// Names are those of the catalogue, sorted.
func Names() []string {
	names := make([]string, len(catalogue))
	for i, m := range catalogue {
		names[i] = m.Name
	}
	slices.Sort(names)
	return names
}

// describe describes all metrics of some groups.
func describe(ch chan<- *prometheus.Desc, groups ...group) {
	for _, m := range catalogue {
		if slices.Contains(groups, group(m.Group)) {
			ch <- m.desc
		}
	}
}

// group is a part of the catalogue.
type group string

func (g group) declare(kind, name, help string, labels []string) *Metric {
	full := prometheus.BuildFQName(namespace, "", name)
	m := &Metric{Group: string(g), Name: full, Type: kind, Labels: labels, Help: help, desc: prometheus.NewDesc(full, help, labels, nil)}
	catalogue = append(catalogue, m)
	return m
}

func (g group) gauge(name, help string, labels ...string) *Metric {
	return g.declare(Gauge, name, help, labels)
}

func (g group) counter(name, help string, labels ...string) *Metric {
	return g.declare(Counter, name, help, labels)
}

func (g group) histogram(name, help string, labels ...string) *Metric {
	return g.declare(Histogram, name, help, labels)
}

// The groups, in the order of the table.
const (
	ofActors    group = "Actors"
	ofMailboxes group = "Mailbox"
	ofHandling  group = "Handling"
	ofDelivery  group = "Delivery"
	ofCampaigns group = "Campaigns"
	ofCluster   group = "Cluster"
	ofJournal   group = "Journal"
	ofOthers    group = "Around the pipeline"
	ofSelf      group = "Self"
)

// Actors.
var (
	actorActive      = ofActors.gauge("actor_active", "Actors in memory.", "kind")
	actorActivations = ofActors.counter("actor_activations_total", "Activations of actors.", "kind")
	actorPassivated  = ofActors.counter("actor_passivations_total",
		"Actors that left memory: idle had nothing to do, moved went to another member, lost with their shard, stopped for another reason.", "kind", "reason")
	actorActivation = ofActors.histogram("actor_activation_seconds",
		"How long it took to bring an actor into memory, with its events where it has a journal. Of other kinds 1 in 64 is measured.", "kind")
	actorRestarts  = ofActors.counter("actor_restarts_total", "Restarts after a failure.", "kind")
	actorBlocked   = ofActors.counter("actor_handlers_blocked_total", "Handlers that held their worker for more than 100 ms.", "kind")
	actorHeld      = ofActors.gauge("actor_held_messages", "Messages that wait for their actor's member to be settled, those on detours among them.")
	actorHeldBytes = ofActors.gauge("actor_held_bytes", "Bytes that such messages take.")
	actorHeldFor   = ofActors.gauge("actor_held_actors", "Actors that such messages wait for.")
	actorForwarded = ofActors.counter("actor_messages_forwarded_total", "Messages that came for an actor which lives elsewhere by now, and were sent on.")
)

// Mailbox.
var (
	mailboxMessages = ofMailboxes.gauge("actor_mailbox_messages", "Messages accepted and not yet handled, of all actors of the kind.", "kind")
	mailboxMax      = ofMailboxes.gauge("actor_mailbox_depth_max", "Depth of the deepest mailbox now.", "kind")
	mailboxPeak     = ofMailboxes.gauge("actor_mailbox_high_watermark", "Depth of the deepest mailbox in the last 60 s.", "kind")
	mailboxBacklog  = ofMailboxes.gauge("actor_mailbox_backlogged_actors", "Actors with more than 32 messages waiting.", "kind")
	mailboxRanges   = ofMailboxes.gauge("actor_mailbox_actors", "Actors by the depth of their mailbox, in ranges.", "kind", "depth")
	mailboxDepth    = ofMailboxes.gauge("actor_mailbox_depth",
		"Messages accepted and not yet handled, of one actor: of each up to 1,000 active ones, above that of the deepest, the stuck and the system's own.",
		"kind", "actor")
	mailboxAge = ofMailboxes.gauge("actor_mailbox_oldest_age_seconds",
		"Age of the oldest message that waits, to 0.1 s; of the actors that actor_mailbox_depth shows.", "kind", "actor")
	mailboxAgeMax = ofMailboxes.gauge("actor_mailbox_oldest_age_max_seconds", "Age of the oldest message that waits anywhere in the kind.", "kind")
	mailboxFound  = ofMailboxes.histogram("actor_mailbox_enqueue_depth",
		"Depth of a mailbox when it has accepted a message, that one included. 1 message in 64 is measured.", "kind")
	mailboxWait = ofMailboxes.histogram("actor_mailbox_wait_seconds",
		"How long a message waited from its acceptance to its handler. 1 message in 64 is measured.", "kind")
)

// Handling.
var (
	handleTook = ofHandling.histogram("actor_handle_seconds",
		"How long a handler took for a message. 1 message in 64 is measured.", "kind", "message")
	messagesReceived = ofHandling.counter("actor_messages_received_total", "Messages accepted into mailboxes.", "kind")
	messagesHandled  = ofHandling.counter("actor_messages_handled_total", "Messages handled to their end (ok) or to a failure (error).", "kind", "result")
	deadLetters      = ofHandling.counter("dead_letters_total", "Messages that nobody handled, by reason.", "kind", "reason")
)

// Delivery. A channel beyond the first 500 is counted as other.
var (
	messagesSent = ofDelivery.counter("messages_sent_total",
		"Recipients of provider calls that have ended, by outcome: accepted, refused, throttled, over_quota, unauthorized, unsent (it never left), doubtful.",
		"channel", "outcome")
	sendTook      = ofDelivery.histogram("send_seconds", "How long a provider call took.", "channel", "outcome")
	sendBatch     = ofDelivery.histogram("send_batch_recipients", "Recipients of one provider call.", "channel")
	sendRetries   = ofDelivery.counter("send_retries_total", "Paths that are to be called again, by the outcome of the call before.", "channel", "reason")
	sendThrottled = ofDelivery.counter("provider_throttled_total", "Provider calls that were answered with a rate limit (429).", "channel")
	limitWait     = ofDelivery.histogram("rate_limit_wait_seconds", "How long a call that was ready waited for its token, for whatever reason.", "channel")
	limitTokens   = ofDelivery.gauge("rate_limit_tokens",
		"Calls that the channel's limits allow at this moment, of both endpoints; told by the node that has the channel.", "channel")
	inFlight = ofDelivery.gauge("inflight_requests", "Tokens handed out whose call hasn't ended: calls that are under way.", "channel")
	checks   = ofDelivery.counter("delivery_checks_total",
		"Recipients that checkers have judged and recorded, by result: delivered, failed, unknown, suppressed, expired, cancelled, returned, split.",
		"channel", "result")
	pending = ofDelivery.gauge("delivery_pending",
		"Recipients that this node's posters hold: they wait for a token, are being called, or their outcome isn't recorded yet.", "channel")
	duplicates = ofDelivery.counter("duplicates_suppressed_total",
		"What would have been sent or counted twice: audience (a recipient twice in an upload), request (an Idempotency-Key again), command (a path that its "+
			"poster holds already), provider (the provider knew the retry key), report (a word on a path whose outcome is recorded).", "reason")
)

// Campaigns. Each is counted by the node that has its shard.
var (
	campaigns          = ofCampaigns.gauge("campaigns", "Campaigns by state.", "state")
	campaignRecipients = ofCampaigns.gauge("campaign_recipients",
		"Recipients of running campaigns by outcome; those of more than 100 campaigns are counted together as other.", "campaign", "state")
	campaignLag      = ofCampaigns.histogram("campaign_start_lag_seconds", "From a run's due time to its first window.")
	campaignDuration = ofCampaigns.histogram("campaign_duration_seconds", "From a run's first window to its end.")
	misfires         = ofCampaigns.counter("schedule_misfires_total",
		"Occurrences that didn't begin at their due time, by what became of them: skip (left out, an earlier one still sent), missed (left out, a later one "+
			"was due too), expire (left out or ended, too late).",
		"policy")
)

// Cluster.
var (
	clusterMembers    = ofCluster.gauge("cluster_members", "Members of the view by their condition, as this node sees them.", "state")
	clusterMember     = ofCluster.gauge("cluster_member_info", "Always 1; the labels tell of a member of the view, the version of this node only.", "member", "version", "roles")
	clusterOwned      = ofCluster.gauge("cluster_shards_owned", "Shards that this node serves.", "role")
	clusterEpoch      = ofCluster.gauge("cluster_view_epoch", "Number of the view that this node has seen last; it rises by one with each change.")
	clusterViews      = ofCluster.counter("cluster_view_changes_total", "Changes of the view that this node has seen.")
	clusterHandOffs   = ofCluster.counter("cluster_handoffs_total", "Shards that this node has given up in order, by whether all of theirs was known to be stored.", "result")
	clusterSelfFences = ofCluster.counter("cluster_self_fences_total", "Times that this node's lease ran out.")
	clusterLost       = ofCluster.counter("cluster_shards_lost_total", "Shards that the store took away from this node, or gave no clear answer for.")
	clusterEvictions  = ofCluster.counter("cluster_evictions_total", "Members that this node took out of the view.")
	clusterDetours    = ofCluster.gauge("cluster_detour_shards", "Shards for which messages wait here until those to an earlier owner have arrived.")
	clusterFailover   = ofCluster.histogram("cluster_failover_seconds", "Shards that this node took over, by how long nobody served them.")
	remoteMessages    = ofCluster.counter("remote_messages_total", "Messages to (sent) and from (received) another member.", "peer", "direction")
	remoteBytes       = ofCluster.counter("remote_bytes_total", "Bytes of such messages.", "peer", "direction")
	remoteQueue       = ofCluster.gauge("remote_queue_messages", "Messages to another member that it hasn't acknowledged yet.", "peer")
	remoteReconnects  = ofCluster.counter("remote_reconnects_total", "Connections to another member that were made anew.", "peer")
	clockSkew         = ofCluster.gauge("clock_skew_seconds", "The peer's clock minus this node's; peer store is the journal's server.", "peer")
)

// Journal.
var (
	journalAppend      = ofJournal.histogram("journal_append_seconds", "Duration of an append, to its acknowledgement.")
	journalBatch       = ofJournal.histogram("journal_batch_events", "Events in one append.")
	journalErrors      = ofJournal.counter("journal_errors_total", "Operations that the event store refused or left unanswered.", "op")
	journalRecords     = ofJournal.gauge("journal_records", "Records that the event store holds.")
	journalBytes       = ofJournal.gauge("journal_bytes", "Bytes that the event store holds.")
	journalObjects     = ofJournal.gauge("journal_objects", "Objects (audience parts, chunks) that the store holds.")
	journalObjectBytes = ofJournal.gauge("journal_object_bytes", "Bytes of objects that the store holds.")
)

// What stands around the pipeline.
var (
	httpRequests = ofOthers.counter("http_requests_total", "Requests to the API, by operation and class of status.", "operation", "status")
	httpTook     = ofOthers.histogram("http_request_seconds", "How long a request to the API took, without those that stream events.", "operation")
	webhookSends = ofOthers.counter("webhook_deliveries_total", "Events told to webhooks: ok, failed (and tried again), given_up.", "result")
	occurrences  = ofOthers.counter("series_occurrences_total", "Occurrences that series have begun.")
	withheld     = ofOthers.counter("recipients_withheld_total",
		"Recipients of campaigns that weren't sent to because of their settings (suppressed), or will be later (deferred).", "reason")
	singles = ofOthers.counter("single_messages_total", "Single messages by what became of them.", "outcome")
)

// Self.
var (
	buildInfo    = ofSelf.gauge("build_info", "Always 1; the labels tell the build.", "version", "go_version")
	tracked      = ofSelf.gauge("metrics_tracked_actors", "Actors that have series of their own.")
	collectTook  = ofSelf.histogram("metrics_collect_seconds", "What a scrape of the actors costs.")
	spansDropped = ofSelf.counter("trace_spans_dropped_total", "Spans of traces that were not exported.")
)
