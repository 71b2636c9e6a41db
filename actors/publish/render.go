package publish

import (
	"encoding/json"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/webhook"
)

// message is the body of a published event. Names of fields are on the wire and never change.
type message struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	Kind     string    `json:"kind"`
	Grain    string    `json:"grain"`
	Number   uint64    `json:"number"`
	Time     time.Time `json:"time"`
	Campaign string    `json:"campaign,omitempty"` // of a run
	Data     data      `json:"data"`
}

// data is what a type of events has to tell. Its keys never change.
type data map[string]any

func (m message) render(event any) ([]byte, error) {
	m.Time = webhook.Moment(m.Time)
	switch e := event.(type) {
	case campaign.Event:
		m.Data = ofCampaign(e)
	case checker.Event:
		m.Data = ofRun(e)
	case channel.Event:
		m.Data = ofChannel(e)
	}
	if m.Data == nil {
		m.Data = data{}
	}
	return json.Marshal(m)
}

func ofCampaign(e campaign.Event) data {
	switch e := e.(type) {
	case campaign.Accepted:
		return accepted(e)
	case campaign.RunStarted:
		return data{"run": e.Run}
	case campaign.Planned:
		s := e.Table.Sends()
		return data{"recipients": e.Table.Recipients, "chunks": len(e.Table.Chunks), "pushes": s.Pushes, "multicasts": s.Multicasts,
			"multicast_recipients": s.MulticastRecipients, "failed": s.Failed}
	case campaign.WindowOpened:
		return data{"window": e.Number, "recipients": counted(e.Paths), "opened_at": webhook.Moment(e.At)}
	case campaign.WindowClosed:
		return data{"window": e.Number, "recipients": counted(e.Paths)}
	case campaign.Paused:
		return data{"by_series": e.BySeries}
	case campaign.Ranked:
		return data{"priority": e.Priority, "weight": e.Weight}
	case campaign.RedriveAsked:
		return data{"generation": e.Generation, "state": e.State.String()}
	case campaign.Replanned:
		return data{"generation": e.Generation, "recipients": counted(e.Paths), "more": e.More}
	case campaign.Finished:
		return data{"state": e.State, "totals": webhook.TotalsOf(e.Totals), "finished_at": webhook.Moment(e.At)}
	case campaign.Occurred:
		return data{"campaign": e.Campaign, "due": webhook.Moment(e.Due), "step": e.Step}
	case campaign.Skipped:
		return data{"due": webhook.Moment(e.Due), "reason": e.Reason}
	case campaign.OccurrenceEnded:
		return data{"campaign": e.Campaign, "state": e.State, "totals": webhook.TotalsOf(e.Totals)}
	default: // that it has happened is all
		return nil
	}
}

func accepted(e campaign.Accepted) data {
	d := data{"name": e.Definition.Name, "channel": e.Definition.Channel, "rows": e.Audience.Rows, "duplicates": e.Audience.Duplicates,
		"due": webhook.Moment(e.Due), "recurs": e.Definition.Series()}
	if e.Series != "" {
		d["series"] = e.Series
	}
	return d
}

// ofRun tells of recipients by their index: from the first to before the last.
func ofRun(e checker.Event) data {
	switch e := e.(type) {
	case checker.Opened:
		return data{"run": e.Run, "channel": e.Channel, "recipients": e.Table.Recipients}
	case checker.Settled:
		return settled(e.Entries)
	case checker.Directed:
		return directed(e)
	case checker.Returned:
		return data{"window": e.Window, "recipients": counted(e.Paths)}
	case checker.Redriven:
		return data{"window": e.Window, "recipients": counted(e.Paths)}
	case checker.Split:
		return data{"window": e.Window, "from": e.Path.Lo, "to": e.Path.Hi}
	case checker.Reopened:
		return data{"generation": e.Generation, "state": e.State.String(), "recipients": counted(e.Paths)}
	default: // that it has happened is all
		return nil
	}
}

func ofChannel(e channel.Event) data {
	switch e := e.(type) {
	case channel.Configured:
		s := e.Settings
		return data{"provider": s.Provider, "endpoint": s.Endpoint, "limits": data{"push": s.Limits.Push, "multicast": s.Limits.Multicast}}
	case channel.Paused:
		return data{"reason": e.Kind, "campaigns": e.Campaigns}
	case channel.Resumed:
		return data{"by": e.By}
	default: // that it has happened is all
		return nil
	}
}

// stretchesMost is how many stretches an event tells of one by one.
const stretchesMost = 2000

// stretch is recipients that follow each other and have one outcome, by their index in the run.
type stretch struct {
	From  uint32 `json:"from"`
	To    uint32 `json:"to"` // not among them
	State string `json:"state"`
}

// stretches collects outcomes.
type stretches struct {
	list   []stretch
	counts map[string]int
	more   bool // some are in counts only
}

func (s *stretches) add(p actors.Span, o actors.Outcome) {
	state := o.String()
	s.counts[state] += p.Len()
	if n := len(s.list); n > 0 && s.list[n-1].To == p.Lo && s.list[n-1].State == state {
		s.list[n-1].To = p.Hi
		return
	}
	if len(s.list) == stretchesMost {
		s.more = true
		return
	}
	s.list = append(s.list, stretch{From: p.Lo, To: p.Hi, State: state})
}

func (s *stretches) data() data {
	d := data{"outcomes": s.counts, "recipients": s.list}
	if s.more {
		d["more"] = true
	}
	return d
}

func newStretches() *stretches { return &stretches{list: []stretch{}, counts: map[string]int{}} }

func settled(entries []checker.Entry) data {
	s := newStretches()
	for _, e := range entries {
		s.add(e.Path, e.Outcome)
	}
	return s.data()
}

func directed(e checker.Directed) data {
	s := newStretches()
	for _, p := range e.Paths {
		s.add(p, e.Outcome)
	}
	return s.data()
}

func counted(paths []actors.Span) int {
	n := 0
	for _, p := range paths {
		n += p.Len()
	}
	return n
}
