package webhook

import (
	"iter"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/plan"
	"hayauma.example/engine"
)

// Types of deliveries. They are on the wire and never change.
const (
	CampaignStarted  = "campaign.started"
	CampaignProgress = "campaign.progress"
	CampaignPaused   = "campaign.paused"
	CampaignResumed  = "campaign.resumed"
	CampaignFinished = "campaign.finished"
	RecipientsFailed = "recipients.failed"

	// Tested is the type of what TestWebhook has sent; nobody asks for it by name.
	Tested = "webhook.test"
)

// Types are all that a webhook may ask for.
var Types = []string{CampaignStarted, CampaignProgress, CampaignPaused, CampaignResumed, CampaignFinished, RecipientsFailed}

// batch is how many recipients one recipients.failed names at most.
const batch = 500

// fact is one thing to tell of a stored event.
type fact struct {
	kind   string // one of Types
	grain  string // whose event it is: a campaign's id, or a run's where the checker has it
	number uint64 // the event's, in its grain
	part   int    // of what one event is to tell
	at     time.Time

	finished *campaign.Finished // of CampaignFinished
	failed   []stretch          // of RecipientsFailed, in the order of the event
}

// stretch is recipients with one outcome for one reason.
type stretch struct {
	span    actors.Span
	outcome actors.Outcome
	reason  string // empty where the plan has failed them: it knows why
}

// byRun tells whether the fact is of a run, and its campaign has to be asked for.
func (f *fact) byRun() bool { return f.kind == RecipientsFailed || f.kind == CampaignProgress }

// size is about what a fact takes in memory, in bytes.
func (f *fact) size() int {
	n := 256 + len(f.grain)
	for _, s := range f.failed {
		n += 48 + len(s.reason)
	}
	return n
}

// factsOf is what a stored event of a grain is to tell. CampaignProgress says only that figures have changed.
func factsOf(grain string, x engine.Recorded) iter.Seq[fact] {
	f := fact{grain: grain, number: x.Number, at: x.At}
	switch e := x.Event.(type) {
	case campaign.Event:
		return one(f, e)
	case checker.Event:
		return ofRecipients(f, e)
	}
	return func(func(fact) bool) {}
}

// one is the fact of a campaign's event, if it has one.
func one(f fact, e campaign.Event) iter.Seq[fact] {
	switch e := e.(type) {
	case campaign.WindowOpened:
		if e.Number == 1 {
			f.kind = CampaignStarted
		}
	case campaign.Paused:
		f.kind = CampaignPaused
	case campaign.Resumed:
		f.kind = CampaignResumed
	case campaign.Finished:
		f.kind, f.finished = CampaignFinished, &e
	default: // nothing that others are told
	}
	return func(yield func(fact) bool) {
		if f.kind != "" {
			yield(f)
		}
	}
}

// ofRecipients are the facts of a checker's event: that the figures have changed, and who has failed.
func ofRecipients(f fact, e checker.Event) iter.Seq[fact] {
	var stretches iter.Seq[stretch]
	changed := true
	switch e := e.(type) {
	case checker.Opened: // nothing has been sent: these figures come with the next
		stretches, changed = unrendered(e.Table), false
	case checker.Settled:
		stretches = settled(e.Entries)
	case checker.Directed:
		stretches = directed(e)
	default: // no outcome
		return func(func(fact) bool) {}
	}
	return func(yield func(fact) bool) {
		if f.kind = CampaignProgress; changed && !yield(f) {
			return
		}
		f.kind = RecipientsFailed
		for failed := range batches(stretches) {
			f.part++
			f.failed = failed
			if !yield(f) {
				return
			}
		}
	}
}

// told tells whether others are told of an outcome by recipient.
func told(o actors.Outcome) bool { return o == actors.Failed || o == actors.Unknown }

// unrendered are the recipients that a plan has failed.
func unrendered(t plan.Table) iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		for _, c := range t.Chunks {
			if c.Mode == plan.Failed && !yield(stretch{span: actors.Span{Lo: c.First, Hi: c.First + c.Count}, outcome: actors.Failed}) {
				return
			}
		}
	}
}

func settled(entries []checker.Entry) iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		for _, e := range entries {
			if told(e.Outcome) && !yield(stretch{e.Path, e.Outcome, e.Reason}) {
				return
			}
		}
	}
}

func directed(e checker.Directed) iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		for _, p := range e.Paths {
			if told(e.Outcome) && !yield(stretch{p, e.Outcome, e.Reason}) {
				return
			}
		}
	}
}

// batches cuts stretches into groups of at most 500 recipients.
func batches(stretches iter.Seq[stretch]) iter.Seq[[]stretch] {
	return func(yield func([]stretch) bool) {
		var group []stretch
		room := uint32(batch)
		for s := range stretches {
			for s.span.Lo < s.span.Hi {
				take := s
				take.span.Hi = min(s.span.Hi, s.span.Lo+room)
				group, room = append(group, take), room-uint32(take.span.Len())
				if s.span.Lo = take.span.Hi; room > 0 {
					continue
				}
				if !yield(group) {
					return
				}
				group, room = nil, batch
			}
		}
		if len(group) > 0 {
			yield(group)
		}
	}
}
