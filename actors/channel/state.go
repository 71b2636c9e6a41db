package channel

import (
	"fmt"
	"slices"
	"time"

	"hayauma.example/actors"
)

// state is what the events make: nothing else changes it.
type state struct {
	configured bool
	settings   actors.Settings
	since      time.Time // of the last event that changed what is shown
	pause      *Paused
	books      actors.NotedBooks // of users' settings; they outlast the channel
}

// Apply makes an event part of the state.
func (ch *Channel) Apply(e Event) {
	s := &ch.state
	switch e := e.(type) {
	case Configured:
		s.configured, s.settings = true, e.Settings
		if s.pause == nil {
			s.since = e.At
		}
		s.books.Whole = s.books.Whole || e.New
	case Removed:
		*s = state{since: e.At, books: s.books}
	case Paused:
		s.pause, s.since = &e, e.At
	case Resumed:
		s.pause, s.since = nil, e.At
	case BooksNoted:
		s.books = actors.NotedBooks{Books: s.books.Books.And(e.Books), Whole: s.books.Whole || e.Whole}
	}
}

// stopped is why the channel grants nothing; empty: it does.
func (s *state) stopped(name string) string {
	switch {
	case !s.configured:
		return fmt.Sprintf("channel %q is not configured", name)
	case s.pause != nil:
		return s.pause.Reason
	}
	return ""
}

// with is the pause with one more campaign to tell of its end; false: there is no pause, or it is known already.
func (p *Paused) with(campaign string) (Paused, bool) {
	if p == nil || slices.Contains(p.Campaigns, campaign) {
		return Paused{}, false
	}
	more := *p
	more.Campaigns = append(slices.Clone(p.Campaigns), campaign)
	return more, true
}

// join are the campaigns and those of the pause, each once, in order.
func (p *Paused) join(campaigns []string) []string {
	if p != nil {
		campaigns = append(campaigns, p.Campaigns...)
	}
	slices.Sort(campaigns)
	return slices.Compact(campaigns)
}
