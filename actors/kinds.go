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
)

// tallySnapshot is after how many events a tally's book is stored whole.
const tallySnapshot = 256

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

	// Statistics and Usages are told by checkers. Each has a role of its own, so that its shards can move to nodes of their own at any time.
	Statistics = engine.NewKind[TallyMsg](engine.KindConfig{Name: "statistics", Role: RoleReport, Idle: 10 * time.Minute, SnapshotEvery: tallySnapshot})
	Usages     = engine.NewKind[TallyMsg](engine.KindConfig{Name: "usage", Role: RoleUsage, Idle: 10 * time.Minute, SnapshotEvery: tallySnapshot})
)

// PosterKey is what of a poster's identity rules where it lives: all but the channel.
func PosterKey(id string) string { return id[strings.IndexByte(id, '/')+1:] }
