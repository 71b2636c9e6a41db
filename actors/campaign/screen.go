package campaign

import (
	"context"
	"maps"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/recipient"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// Settings are those of a channel's users, as of one moment. They are safe for concurrent use.
type Settings interface {
	// Of is a user's; false: he has the defaults.
	Of(user string) (actors.RecipientSettings, bool)
	// Len is how many users have any.
	Len() int
}

// screenFor is how long it may take to find out who of a window's recipients is written to.
const screenFor = time.Minute

type (
	// screened brings what was found out about the recipients of a window that could be opened.
	screened struct {
		actors.CampaignMsg
		opening
		anybody    bool   // somebody has settings
		last, from uint32 // the newest window, and the cursor, when that began
		late       uint32 // … and for how many it was too late
		err        error
	}
	// leftOutKnown says that the checker knows whom a window leaves out.
	leftOutKnown struct {
		actors.CampaignMsg
		window   uint32
		progress actors.Progress
		err      error
	}
)

// openWindow opens the next window, but first finds out who of its recipients is written to.
func (a *Campaign) openWindow(c *engine.Context[actors.CampaignMsg]) {
	s := &a.intent
	paths, cursor := s.nextPaths(a.view)
	switch {
	case len(paths) == 0 && cursor == s.Cursor:
	case a.deps.Settings == nil || len(paths) == 0:
		a.open(c, opening{paths: paths, cursor: cursor})
	default:
		a.screen(c, opening{paths: paths, cursor: cursor})
	}
}

// screen looks off the actor at the settings of the channel's users. Where nobody has any, no chunk is read.
func (a *Campaign) screen(c *engine.Context[actors.CampaignMsg], o opening) {
	a.view.screening = true
	s := &a.intent
	m := screened{opening: o, last: s.Last, from: s.Cursor, late: s.late()}
	l := screening{
		objects: a.deps.Objects, chunks: s.Chunks, paths: byChunk(s.Table, o.paths), due: s.due(), now: c.Now(),
		screen: recipient.Screen{Topic: s.Accepted.Definition.Topic, Zone: s.Accepted.Definition.Zone},
	}
	settings, channel := a.deps.Settings, s.Accepted.Definition.Channel
	c.GoWithin(screenFor, func(ctx context.Context) actors.CampaignMsg {
		set, err := settings(ctx, channel)
		if err == nil && set.Len() > 0 {
			m.anybody = true
			m.findings, err = l.look(ctx, set)
		}
		m.err = err
		return m
	})
}

// screening is what is looked at, one chunk in memory at a time.
type screening struct {
	objects journal.Objects
	chunks  string // prefix of the stored chunks' names
	paths   []actors.Path
	due     time.Time // of the run
	now     time.Time
	screen  recipient.Screen
}

// look screens each recipient. Those of a multicast have settings that came after the plan, since it has put who had any into pushes: their quiet
// hours count from the next plan on, because the call is one for all.
func (l *screening) look(ctx context.Context, set Settings) (f findings, err error) {
	f = findings{spared: map[string]*actors.Set{}, later: map[time.Time]*actors.Set{}}
	var chunk plan.Chunk
	loaded := -1
	for _, p := range l.paths {
		if loaded != int(p.Chunk) {
			if chunk, err = LoadChunk(ctx, l.objects, l.chunks, p.Chunk); err != nil {
				return f, err
			}
			loaded = int(p.Chunk)
			if chunk.Local {
				l.screen.Local = chunk.Now(l.due)
			}
		}
		for i := range p.Span.Each() {
			settings, some := set.Of(chunk.Recipients[i.Lo-chunk.First].User)
			if !some {
				continue
			}
			switch v := l.screen.Of(settings, l.now); {
			case v.Reason != "":
				note(f.spared, v.Reason, i)
			case !v.Until.IsZero() && !p.Multicast:
				note(f.later, v.Until, i)
			}
		}
	}
	return f, nil
}

func note[K comparable](in map[K]*actors.Set, key K, p actors.Span) {
	s := in[key]
	if s == nil {
		s = &actors.Set{}
		in[key] = s
	}
	s.Add(p)
}

// screened opens the window, unless that is not the next step any more.
func (a *Campaign) screened(c *engine.Context[actors.CampaignMsg], m screened) {
	a.view.screening = false
	if m.err != nil {
		a.failed(c, "asking for recipients' settings", m.err)
		return
	}
	a.succeeded(actors.RolePoster)
	s := &a.intent
	a.view.now = c.Now()
	next, _ := s.next(a.view)
	switch {
	case next != openWindow || s.Last != m.last || s.Cursor != m.from || s.late() != m.late:
		a.advance(c)
	case !m.anybody:
		paths, cursor := s.nextPaths(a.view)
		a.open(c, opening{paths: paths, cursor: cursor})
	default:
		a.open(c, m.opening)
	}
}

// open announces a window. Nothing of one that leaves somebody out is sent before the checker knows of that.
func (a *Campaign) open(c *engine.Context[actors.CampaignMsg], o opening) {
	s := &a.intent
	a.view.now = c.Now()
	events := s.opens(o, a.view)
	e, opens := events[len(events)-1].(WindowOpened)
	suppressed, deferred := s.withheld(events)
	engine.Persist(c, events, func() {
		a.local.Figures.withheld(suppressed, deferred)
		if len(events) > 1 || !opens {
			a.deps.Crash("campaign.deferred")
		}
		if !opens {
			a.advance(c)
			return
		}
		if e.Number == 1 {
			a.local.Figures.opened(s.due(), e.At)
		}
		a.deps.Crash("campaign.window.opened")
		a.outcomeAt = c.Now()
		if len(e.Suppressed) > 0 {
			a.firsts[e.Number] = struct{}{}
		} else {
			a.dispatch(c, s.Window(e.Number))
		}
		a.advance(c)
	})
}

// dispatch tells a window's composer for the first time.
func (a *Campaign) dispatch(c *engine.Context[actors.CampaignMsg], w *Window) {
	a.known[w.Number] = struct{}{}
	if paths := a.intent.calls(w); len(paths) > 0 || len(w.Paths) == 0 {
		a.compose(c, w, paths, question{})
	}
	a.deps.Crash("campaign.window.told")
}

// tellLeftOut has the checker know whom a window leaves out: reports of it are then not about them.
func (a *Campaign) tellLeftOut(c *engine.Context[actors.CampaignMsg]) {
	w := a.intent.untoldOf(a.view)
	a.view.given = true
	checker, run, number, spared := a.checker(c), a.intent.Run, w.Number, slices.Clone(w.Suppressed)
	a.deps.Crash("campaign.spared.before")
	c.GoWithin(askTimeout, func(ctx context.Context) actors.CampaignMsg {
		m := leftOutKnown{window: number}
		for _, x := range spared {
			word := actors.Direct{Run: run, Paths: x.Paths, Outcome: actors.Suppressed, Reason: x.Reason, Window: number}
			if m.progress, m.err = engine.Ask[actors.Progress](ctx, checker, actors.CheckerMsg(word)); m.err != nil {
				break
			}
		}
		return m
	})
}

// leftOutKnown lets a window's paths leave. If the run was stopped meanwhile they come back at once, untried.
func (a *Campaign) leftOutKnown(c *engine.Context[actors.CampaignMsg], m leftOutKnown) {
	a.view.given = false
	if m.err != nil {
		a.failed(c, "telling the ledger who is left out", m.err)
		return
	}
	a.succeeded(actors.RoleChecker)
	a.view.spared[m.window] = true
	a.deps.Crash("campaign.spared.after")
	_, first := a.firsts[m.window]
	delete(a.firsts, m.window)
	if w := a.intent.Window(m.window); w != nil && first {
		a.dispatch(c, w)
		if a.view.now = c.Now(); !a.intent.mayRedrive(a.view) || a.intent.isLate(w) {
			actors.Composers.Ref(c.System(), actors.ComposerID(a.intent.Run, w.Number)).Tell(actors.ReturnWindow{})
		}
	}
	maps.DeleteFunc(a.view.spared, func(n uint32, _ bool) bool { return a.intent.Window(n) == nil })
	a.absorb(c, m.progress)
}
