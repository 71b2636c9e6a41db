package actors

import (
	"strings"
	"time"

	"hayauma.example/engine"
)

// Roles of the built-in kinds: shards, fences and stored subjects are by role, so the role of a kind never changes. Which nodes carry
// it is configuration.
const (
	RoleComposer = "composer"
	RolePoster   = "poster"
	RoleChecker  = "checker"
	RoleReport   = "report"
	RoleUsage    = "usage"
	RoleWebhook  = "webhook"

	RoleExperiment = "experiment"
)

// tallySnapshot is after how many events a tally's book is stored whole.
const tallySnapshot = 256

// webhookSnapshot is after how many events a webhook's state is stored whole.
const webhookSnapshot = 256

// never is the idle time of kinds that leave memory only by their own decision.
const never = -1

// The kinds of the pipeline, see the package documentation.
var (
	Campaigns = engine.NewKind[CampaignMsg](engine.KindConfig{Name: "campaign", Role: RoleComposer, Idle: 5 * time.Minute})
	// Composers leave by themselves when they have nothing to tell; one that waits for demand would lose it by leaving earlier.
	Composers = engine.NewKind[ComposerMsg](engine.KindConfig{Name: "composer", Role: RoleComposer, Idle: never})
	Channels  = engine.NewKind[ChannelMsg](engine.KindConfig{Name: "channel", Role: RolePoster, Idle: 10 * time.Minute})
	// Checkers take one report for every recipient: the mailbox is bounded by the demand that channels grant, not by a number.
	Checkers = engine.NewKind[CheckerMsg](engine.KindConfig{Name: "checker", Role: RoleChecker, Idle: 5 * time.Minute, Mailbox: engine.Unbounded})
	// Posters leave by themselves when they hold nothing, and one that waits for a token, however long, holds something. A user's
	// posters of one channel live where the user's settings do.
	Posters = engine.NewKind[PosterMsg](engine.KindConfig{Name: "poster", Role: RolePoster, Idle: never, Private: true,
		Affinity: PosterKey})

	// Recipients are books of users' settings. A book has the name of its channel and a token that makes it live where its users' posters
	// do; no user is in it.
	Recipients = engine.NewKind[RecipientMsg](engine.KindConfig{Name: "recipients", Role: RolePoster, Idle: 10 * time.Minute,
		SnapshotEvery: 1000, SnapshotBytes: 256 << 10, Affinity: PosterKey})

	// Messages are books of single messages, named as the books of settings of the same users are: a message, its user's settings and his
	// posters live together. The mailbox is bounded by what a book accepts: each message has one reminder and one report at a time.
	Messages = engine.NewKind[MessageMsg](engine.KindConfig{Name: "messages", Role: RolePoster, Idle: 5 * time.Minute, Mailbox: engine.Unbounded,
		SnapshotEvery: 2000, SnapshotBytes: 512 << 10, Affinity: PosterKey})

	// Statistics and Usages are told by checkers. Each has a role of its own, so that its shards can move to nodes of their own at any time.
	Statistics = engine.NewKind[TallyMsg](engine.KindConfig{Name: "statistics", Role: RoleReport, Idle: 10 * time.Minute, SnapshotEvery: tallySnapshot})
	Usages     = engine.NewKind[TallyMsg](engine.KindConfig{Name: "usage", Role: RoleUsage, Idle: 10 * time.Minute, SnapshotEvery: tallySnapshot})

	// Experiments are told by checkers, too: each of the results of variants, over all campaigns of a channel that name it.
	Experiments = engine.NewKind[TallyMsg](engine.KindConfig{Name: "experiment", Role: RoleExperiment, Idle: 10 * time.Minute, SnapshotEvery: tallySnapshot})

	// Webhooks follow the store for as long as they are active, and leave by themselves when they are paused or removed. Their role is
	// their own: only some nodes may reach other networks, and following delays a shard's hand-over (package webhook).
	Webhooks = engine.NewKind[WebhookMsg](engine.KindConfig{Name: "webhook", Role: RoleWebhook, Idle: never, SnapshotEvery: webhookSnapshot})

	// Publishers is one grain, which follows the store as webhooks do, and lives with them (package publish).
	Publishers = engine.NewKind[PublisherMsg](engine.KindConfig{Name: "publisher", Role: RoleWebhook, Idle: never, SnapshotEvery: webhookSnapshot})
)

// PosterKey is what of a poster's identity rules where it lives: all but the channel.
func PosterKey(id string) string { return id[strings.IndexByte(id, '/')+1:] }
