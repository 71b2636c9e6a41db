package campaign

import (
	"context"
	"maps"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
	"hayauma.example/engine"
)

// seekAfter is how long paths that were dropped are gathered, so that a node that goes costs a question, not thousands; reports that left
// with them come first.
const seekAfter = 100 * time.Millisecond

type (
	// question is what the checker is asked before a re-drive.
	question struct {
		window uint32
		number uint32
		paths  []actors.Span
		part   bool // not of the whole window
		brings int  // so many of the window's reports, the oldest
	}

	// seek asks for what is missing.
	seek struct{ actors.CampaignMsg }
	// sieved brings the paths that were with lost posters.
	sieved struct {
		actors.CampaignMsg
		window uint32
		paths  []actors.Span
		err    error
	}
)

// mostReports bounds what a question brings, because a packet is bounded: a Report takes up to a few hundred bytes.
const mostReports = 1000

// dropped notes what nobody sends any more, and tells the checker what came with it.
func (a *Campaign) dropped(c *engine.Context[actors.CampaignMsg], m actors.Dropped) {
	if m.Run != a.intent.Run {
		return
	}
	for _, r := range m.Reports {
		a.checker(c).Tell(r)
	}
	if a.intent.Finished != nil || a.intent.Window(m.Window) == nil {
		return
	}
	a.miss(m.Window, m.Paths)
	a.keep(m.Window, m.Reports)
	if a.sought == nil {
		a.sought = c.After(seekAfter, seek{})
	}
}

func (a *Campaign) miss(window uint32, paths []actors.Span) {
	m := a.missing[window]
	if m == nil {
		m = &actors.Set{}
		a.missing[window] = m
	}
	for _, p := range paths {
		m.Add(p)
	}
}

// keep has the question bring what the checker was told: where it moves, or this campaign does, the question may overtake that word, and what was
// refused, split or untried would be sent again in doubt. Of what was accepted it costs a call at most: the provider knows the key.
func (a *Campaign) keep(window uint32, reports []actors.Report) {
	for _, r := range reports {
		if r.What != actors.PathAccepted && len(a.reports[window]) < mostReports {
			a.reports[window] = append(a.reports[window], r)
		}
	}
}

// brought forgets the reports that came with a question, once it is answered.
func (a *Campaign) brought(q question) {
	if rest := a.reports[q.window]; len(rest) > q.brings {
		a.reports[q.window] = rest[q.brings:]
	} else {
		delete(a.reports, q.window)
	}
}

// seek asks the checker for what is missing, where it may be sent again; the rest waits until it may.
func (a *Campaign) seek(c *engine.Context[actors.CampaignMsg]) {
	maps.DeleteFunc(a.missing, func(n uint32, _ *actors.Set) bool { return a.intent.Window(n) == nil })
	maps.DeleteFunc(a.reports, func(n uint32, _ []actors.Report) bool { return a.intent.Window(n) == nil })
	if !a.view.looked || !a.intent.mayRedrive(a.view) || a.intent.Finished != nil {
		return
	}
	for _, w := range a.intent.Open {
		m := a.missing[w.Number]
		if m == nil || a.asking[w.Number] || !a.knows(w) || a.view.owes(w) { // one that is not known is sent again as a whole
			continue
		}
		q := question{part: true, paths: m.Spans()}
		delete(a.missing, w.Number)
		a.parts[w.Number] = q
		a.askUnsettled(c, w, q)
	}
}

// Stopping hands what is missing to the next activation, which another node may have.
func (a *Campaign) Stopping(c *engine.Context[actors.CampaignMsg]) {
	for n, q := range a.parts {
		a.miss(n, q.paths)
	}
	for n := range a.reports {
		a.miss(n, nil) // of one that is asked about as a whole there are only reports
	}
	for n, m := range a.missing {
		c.Self().Tell(actors.Dropped{Run: a.intent.Run, Window: n, Paths: m.Spans(), Reports: a.reports[n]})
	}
}

// shardsLost finds what was lost with a node: posters, composers, or the checker's and the channel's last words.
func (a *Campaign) shardsLost(c *engine.Context[actors.CampaignMsg], m actors.ShardsLost) {
	if a.intent.Run == "" || a.intent.Finished != nil {
		return
	}
	lost := func(role, key string) bool { return a.deps.Shard == nil || m.Shards[role].Has(a.deps.Shard(role, key)) }
	if lost(actors.RoleChecker, a.intent.Run) {
		a.view.looked = false // its last word may have been lost
	}
	if lost(actors.RolePoster, a.intent.Accepted.Definition.Channel) && a.view.looked {
		a.describe(c)
	}
	for _, w := range a.intent.Open {
		switch {
		case a.view.settledOf(w) >= w.Size || !a.knows(w):
		case lost(actors.RoleComposer, actors.ComposerID(a.intent.Run, w.Number)):
			delete(a.known, w.Number) // whom it told nobody knows
		case m.Shards[actors.RolePoster] != 0:
			a.sieve(c, w, func(poster string) bool { return lost(actors.RolePoster, actors.PosterKey(poster)) })
		}
	}
	a.advance(c)
}

// sieve looks for the window's paths that were with lost posters: what is unsettled, without what its composer has not told yet.
func (a *Campaign) sieve(c *engine.Context[actors.CampaignMsg], w *Window, gone func(poster string) bool) {
	s := sieve{
		deps: a.deps, channel: a.intent.Accepted.Definition.Channel, run: a.intent.Run, chunks: a.intent.Chunks, window: w.Number,
		whole: w.Paths, gone: gone, table: a.intent.Table,
		checker: a.checker(c), composer: actors.Composers.Ref(c.System(), actors.ComposerID(a.intent.Run, w.Number)),
	}
	c.GoWithin(askTimeout, func(ctx context.Context) actors.CampaignMsg {
		paths, err := s.find(ctx)
		return sieved{window: s.window, paths: paths, err: err}
	})
}

func (a *Campaign) sieved(c *engine.Context[actors.CampaignMsg], m sieved) {
	switch {
	case m.err != nil:
		a.log(c).Warn("what was lost is not known: the window is sent again", "campaign", c.ID(), "window", m.window, "error", m.err)
		delete(a.known, m.window)
		a.advance(c)
	case len(m.paths) > 0:
		a.miss(m.window, m.paths)
		a.seek(c)
	}
}

// sieve finds the paths of lost posters off the actor.
type sieve struct {
	deps                 Deps
	channel, run, chunks string
	window               uint32
	whole                []actors.Span
	gone                 func(poster string) bool
	table                plan.Table
	checker              engine.Ref[actors.CheckerMsg]
	composer             engine.Ref[actors.ComposerMsg]
}

func (s sieve) find(ctx context.Context) (paths []actors.Span, err error) {
	untaken, err := engine.Ask[actors.Untaken](ctx, s.composer, actors.ComposerMsg(actors.Remaining{}))
	if err != nil {
		return nil, err
	}
	look := actors.Unsettled{Run: s.run, Window: s.window, Paths: s.whole, Peek: true}
	u, err := engine.Ask[actors.UnsettledPaths](ctx, s.checker, actors.CheckerMsg(look))
	if err != nil {
		return nil, err
	}
	var chunk plan.Chunk
	loaded := -1
	for _, p := range byChunk(s.table, without(u.Paths, untaken.Paths)) {
		if p.Multicast {
			if s.gone(actors.MulticastPoster(s.channel, s.run, p.Span)) {
				paths = append(paths, p.Span)
			}
			continue
		}
		if loaded != int(p.Chunk) {
			if chunk, err = LoadChunk(ctx, s.deps.Objects, s.chunks, p.Chunk); err != nil {
				return nil, err
			}
			loaded = int(p.Chunk)
		}
		for i := range p.Span.Each() {
			if s.gone(actors.PushPoster(s.channel, chunk.Recipients[i.Lo-chunk.First].User)) {
				paths = append(paths, i)
			}
		}
	}
	return paths, nil
}
