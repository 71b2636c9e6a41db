package actors

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// RetryKey is the provider's idempotency key of one path in one window: UUIDv5(cluster, "run|window|chunk|path").
//
// A re-drive keeps its window and so its key. A path that was proven untried is in a new window and has a new key. Neither
// attempt, node nor time is part of it.
func RetryKey(cluster uuid.UUID, run string, window uint32, chunk uint32, path Span) uuid.UUID {
	name := append(make([]byte, 0, 128), run...)
	for _, n := range [...]uint32{window, chunk} {
		name = strconv.AppendUint(append(name, '|'), uint64(n), 10)
	}
	return uuid.NewSHA1(cluster, path.append(append(name, '|')))
}

// CampaignID is UUIDv5 of the API token's id and the caller's Idempotency-Key, so that a repeated request meets the same grain.
func CampaignID(token, key string) string {
	space := uuid.NewSHA1(uuid.NameSpaceURL, []byte("hayauma:campaign:"+token))
	return uuid.NewSHA1(space, []byte(key)).String()
}

// OccurrenceID is UUIDv5 of a series and what is due: so an occurrence is begun once, however often it is tried.
func OccurrenceID(series string, due time.Time, step uint32) string {
	space := uuid.NewSHA1(uuid.NameSpaceURL, []byte("hayauma:occurrence:"+series))
	return uuid.NewSHA1(space, fmt.Appendf(nil, "%d|%d", due.Unix(), step)).String()
}

// Times of the sending protocol. LINE keeps a retry key for 24 h from its first request; a window's clock starts when it is opened.
const (
	CallDeadline   = 22*time.Hour + 50*time.Minute // after it no call of the window starts
	GiveUpAfter    = 23 * time.Hour                // after it what is unsettled becomes unknown
	StallAfter     = 60 * time.Second              // without a new outcome, unsettled paths are sent again
	CancelPatience = 2 * time.Second               // how long a cancel waits for returns
	MaxSkew        = 5 * time.Minute               // a node whose clock is off by more makes no calls
	MaxOpenWindows = 4
	ChunksInWindow = 50
)
