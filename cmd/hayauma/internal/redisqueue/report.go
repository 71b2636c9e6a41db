package redisqueue

import (
	"cmp"
	"slices"
	"time"
)

// What a report shows of many.
const (
	shownRows     = 10
	shownProblems = 20
)

// Report is what an import has done, or would do.
type Report struct {
	DryRun   bool            `json:"dry_run"`
	Stages   []StageReport   `json:"stages"`
	Channels []ChannelReport `json:"channels"`
	First    []Row           `json:"first,omitempty"`    // of a dry run: the first messages
	Refused  int             `json:"refused"`            // jobs that were left where they are
	Problems []Problem       `json:"problems,omitempty"` // why, of the first of them
}

// StageReport counts the jobs of a stage.
type StageReport struct {
	Stage   string `json:"stage"`
	Jobs    int    `json:"jobs"`
	Removed int    `json:"removed"`
	Gone    int    `json:"gone"` // were not there any more when they were to be removed
}

// ChannelReport counts the messages of a channel.
type ChannelReport struct {
	Channel  string     `json:"channel"`
	Now      int        `json:"now"`
	Later    int        `json:"later"`
	First    *time.Time `json:"first_due,omitempty"` // of those that are due later
	Last     *time.Time `json:"last_due,omitempty"`
	Accepted int        `json:"accepted"`
	Repeated int        `json:"repeated"` // of those, what the daemon knew before, as far as it said so
}

// Row is one message that would be scheduled.
type Row struct {
	Stage string `json:"stage"`
	Place int64  `json:"place"` // from 0
	Message
	Channel string `json:"channel"`
}

// Problem is why a job is left where it is.
type Problem struct {
	Stage  string `json:"stage"`
	Place  int64  `json:"place"` // from 0, when it was read
	Reason string `json:"reason"`
}

// Messages counts what is handed over, or would be.
func (r *Report) Messages() (now, later int) {
	for _, c := range r.Channels {
		now, later = now+c.Now, later+c.Later
	}
	return now, later
}

func (r *Report) stage() *StageReport { return &r.Stages[len(r.Stages)-1] }

func (r *Report) channel(name string) *ChannelReport {
	i, found := slices.BinarySearchFunc(r.Channels, name, func(c ChannelReport, name string) int { return cmp.Compare(c.Channel, name) })
	if !found {
		r.Channels = slices.Insert(r.Channels, i, ChannelReport{Channel: name})
	}
	return &r.Channels[i]
}

func (r *Report) refuse(p Problem) {
	r.Refused++
	if len(r.Problems) < shownProblems {
		r.Problems = append(r.Problems, p)
	}
}

// count takes a message in. What was due by now is sent at once.
func (r *Report) count(m Message, now time.Time) {
	c := r.channel(m.Channel)
	if m.At == nil || !m.At.After(now) {
		c.Now++
		return
	}
	c.Later++
	if c.First == nil || m.At.Before(*c.First) {
		c.First = m.At
	}
	if c.Last == nil || m.At.After(*c.Last) {
		c.Last = m.At
	}
}
