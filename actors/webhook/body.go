package webhook

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors"
)

// message is the body of a delivery. Names of fields are on the wire and never change.
type message struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	At       time.Time `json:"at"`
	Campaign *subject  `json:"campaign,omitempty"`
	Data     any       `json:"data"`
}

// subject is the campaign that a delivery is about.
type subject struct {
	ID         string       `json:"id"`
	Name       string       `json:"name"`
	Channel    string       `json:"channel"`
	State      actors.State `json:"state"`
	Run        string       `json:"run,omitempty"`
	Recipients uint32       `json:"recipients"`

	due time.Time
}

func subjectOf(i actors.Info) subject {
	return subject{ID: i.ID, Name: i.Name, Channel: i.Channel, State: i.State, Run: i.Run, Recipients: i.Totals.Sum(), due: i.Due}
}

type (
	nothing struct{}
	// totals are a campaign's recipients by outcome.
	totals struct {
		Accepted   uint32 `json:"accepted"`
		Delivered  uint32 `json:"delivered"`
		Failed     uint32 `json:"failed"`
		Unknown    uint32 `json:"unknown"`
		Suppressed uint32 `json:"suppressed"`
		Expired    uint32 `json:"expired"`
		Cancelled  uint32 `json:"cancelled"`
		Pending    uint32 `json:"pending"`
	}
	// progressed is the data of CampaignProgress.
	progressed struct {
		Totals totals `json:"totals"`
	}
	// ended is the data of CampaignFinished. One that is told again later has other totals, and the same finished_at.
	ended struct {
		State      actors.State `json:"state"`
		Totals     totals       `json:"totals"`
		FinishedAt time.Time    `json:"finished_at"`
	}
	// losses is the data of RecipientsFailed.
	losses struct {
		Recipients []loss `json:"recipients"`
	}
	loss struct {
		UserID string `json:"user_id"`
		Index  uint32 `json:"index"`
		State  string `json:"state"`
		Reason string `json:"reason"`
	}
)

// TotalsOf is a campaign's totals as others are told of them.
func TotalsOf(t actors.Totals) any { return totalsOf(t) }

func totalsOf(t actors.Totals) totals {
	return totals{
		Accepted: t.Sum(), Delivered: t[actors.Delivered], Failed: t[actors.Failed], Unknown: t[actors.Unknown], Suppressed: t[actors.Suppressed],
		Expired: t[actors.Expired], Cancelled: t[actors.Cancelled], Pending: t[actors.Pending],
	}
}

// Moment is a time as others are told of it: in UTC, to the millisecond.
func Moment(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// space is the name space of a webhook's ids.
func space(cluster uuid.UUID, webhook string) uuid.UUID {
	return uuid.NewSHA1(cluster, []byte("webhook:"+webhook))
}

// idOf is the id of a fact, and of its repeats.
func idOf(space uuid.UUID, f *fact) string {
	return uuid.NewSHA1(space, fmt.Appendf(nil, "%s|%d|%d|%s", f.grain, f.number, f.part, f.kind)).String()
}

// testLetter is the body of what TestWebhook has sent.
func testLetter(id string, now time.Time) ([]byte, error) {
	return json.Marshal(message{ID: id, Type: Tested, At: Moment(now), Data: nothing{}})
}
