package actors

import (
	"strings"
	"time"

	"hayauma.example/engine"
)

// Roles of the built-in kinds; NODE_TYPE names the roles of a node.
const (
	RoleComposer = "composer"
	RolePoster   = "poster"
	RoleChecker  = "checker"
)

// The kinds of the pipeline, see the package documentation.
var (
	Campaigns = engine.NewKind[CampaignMsg](engine.KindConfig{Name: "campaign", Role: RoleComposer, Idle: 5 * time.Minute})
	Composers = engine.NewKind[ComposerMsg](engine.KindConfig{Name: "composer", Role: RoleComposer, Idle: time.Minute})
	Channels  = engine.NewKind[ChannelMsg](engine.KindConfig{Name: "channel", Role: RolePoster, Idle: 10 * time.Minute})
	// Checkers take one report for every recipient: the mailbox is bounded by the demand that channels grant, not by a number.
	Checkers = engine.NewKind[CheckerMsg](engine.KindConfig{Name: "checker", Role: RoleChecker, Idle: 5 * time.Minute, Mailbox: engine.Unbounded})
	// Posters leave by themselves when they hold nothing; a user's posters of one channel live where the user's settings do.
	Posters = engine.NewKind[PosterMsg](engine.KindConfig{Name: "poster", Role: RolePoster, Idle: 10 * time.Second, Private: true,
		Affinity: func(id string) string { return id[strings.IndexByte(id, '/')+1:] }})
)
