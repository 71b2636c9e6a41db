package simulation

import (
	"fmt"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/calendar"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/linesim"
)

// stored is what a sequence has left in the journal.
type stored struct {
	begun    map[string][]actors.Occurrence // by series
	runs     map[string]*storedRun          // by campaign
	reopened map[string][]checker.Reopened  // by run
	pauses   map[string][]interval          // by channel: no call may start
}

// storedRun is a campaign's run.
type storedRun struct {
	run     string
	table   plan.Table
	windows map[uint32][]actors.Span

	redriven []checker.Redriven // where this is the run's own
}

// keyed is what a key stands for.
type keyed struct {
	of     *model
	window uint32
	path   actors.Span
}

// readStored reads the events of campaigns, ledgers and channels.
func (w *world) readStored() stored {
	s := stored{map[string][]actors.Occurrence{}, map[string]*storedRun{}, map[string][]checker.Reopened{}, map[string][]interval{}}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lines {
		k := l.record.Grain.Kind
		if l.what != "stored" || k != actors.Campaigns.Name() && k != actors.Checkers.Name() && k != actors.Channels.Name() {
			continue
		}
		for _, e := range decoded(l.record) {
			s.take(l.record.Grain.ID, l.at, e)
		}
	}
	return s
}

func (s *stored) take(id string, at time.Duration, e any) {
	if s.runs[id] == nil {
		s.runs[id] = &storedRun{windows: map[uint32][]actors.Span{}}
	}
	r := s.runs[id]
	switch e := e.(type) {
	case campaign.Occurred:
		if !slices.ContainsFunc(s.begun[id], func(x actors.Occurrence) bool { return x.Campaign == e.Campaign }) {
			s.begun[id] = append(s.begun[id], actors.Occurrence{Campaign: e.Campaign, Due: e.Due, Step: e.Step})
		}
	case campaign.RunStarted:
		r.run = e.Run
	case campaign.Planned:
		r.table = e.Table
	case campaign.WindowOpened:
		r.windows[e.Number] = e.Paths
	case checker.Reopened:
		s.reopened[id] = append(s.reopened[id], e)
	case checker.Redriven:
		r.redriven = append(r.redriven, e)
	case channel.Paused:
		if n := len(s.pauses[id]); n == 0 || s.pauses[id][n-1].to > 0 {
			s.pauses[id] = append(s.pauses[id], interval{from: at + time.Second})
		}
	case channel.Resumed:
		if n := len(s.pauses[id]); n > 0 && s.pauses[id][n-1].to == 0 {
			s.pauses[id][n-1].to = at
		}
	}
}

// keys are those under which a run may have called.
func (r *storedRun) keys(w *world, each func(key string, window uint32, path actors.Span)) {
	for number, paths := range r.windows {
		key := func(chunk int, p actors.Span) {
			each(actors.RetryKey(w.memory.ClusterID(), r.run, number, uint32(chunk), p).String(), number, p)
		}
		var halves func(chunk int, p actors.Span)
		halves = func(chunk int, p actors.Span) {
			if key(chunk, p); p.Len() > 1 {
				a, b := p.Halves()
				halves(chunk, a)
				halves(chunk, b)
			}
		}
		for _, p := range paths {
			for lo := p.Lo; lo < p.Hi; {
				chunk, entry, ok := plan.Find(r.table, lo)
				if !ok {
					break
				}
				if end := min(p.Hi, entry.First+entry.Count); entry.Mode == plan.Multicast {
					halves(chunk, actors.Span{Lo: lo, Hi: end})
					lo = end
					continue
				}
				key(chunk, actors.Span{Lo: lo, Hi: lo + 1})
				lo++
			}
		}
	}
}

// judge is what is wrong at the end.
func (o *operator) judge() (wrong []string) {
	w := o.w
	say := func(format string, args ...any) {
		if len(wrong) < 20 {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	s := w.readStored()
	senders := o.senders(&s)
	whose := map[string]keyed{}
	for _, m := range senders {
		if r := s.runs[m.id]; r != nil {
			r.keys(w, func(key string, window uint32, path actors.Span) { whose[key] = keyed{m, window, path} })
		}
	}
	got := o.deliveries(whose, say)
	stories := map[string]story{}
	w.sc.missions = nil
	for _, m := range senders {
		if m.cancelled || m.parent != nil && m.parent.cancelled {
			m.orders = []order{{what: cancel}}
		}
		m.finalAt = w.now()
		w.sc.missions = append(w.sc.missions, m.mission)
		story, err := w.read(m.mission)
		if err != nil {
			say("%s can't be read: %v", m.name, err)
			continue
		}
		stories[m.id] = story
		o.readOutcomes(m)
		w.judgeMission(m.mission, story, got[m.id], say)
		o.judgeReopened(m, s.reopened[story.info.Run], say)
	}
	for _, m := range o.models {
		o.judgeSeries(m, stories, s.begun[m.id], say)
		if st := m.seen.StartedAt; m.before != nil && !st.IsZero() && (m.before.endedAt.IsZero() || st.Before(m.before.endedAt)) {
			say("%s began at %v, before the end of %s", m.name, st.Sub(w.began), m.before.name)
		}
	}
	o.judgeDoubts(whose, &s, say)
	o.judgeStarts(whose, stories, s.pauses, say)
	o.judgeLimits(say)
	w.judgeNumbers(say)
	if len(wrong) == 0 {
		w.judgeReplay(stories, say)
	}
	return wrong
}

// senders are all campaigns that send, those of series as well.
func (o *operator) senders(s *stored) (all []*model) {
	for _, m := range o.models {
		if !m.def.Series() {
			all = append(all, m)
			continue
		}
		for _, x := range s.begun[m.id] {
			if i := slices.IndexFunc(o.children, func(k *model) bool { return k.id == x.Campaign }); i >= 0 {
				all = append(all, o.children[i])
			} else {
				k := m.occurrence(x)
				o.children = append(o.children, k)
				all = append(all, k)
			}
		}
	}
	return all
}

// deliveries are what users got, by campaign.
func (o *operator) deliveries(whose map[string]keyed, say func(string, ...any)) map[string]map[string][]linesim.Delivery {
	got := map[string]map[string][]linesim.Delivery{}
	for _, l := range o.accounts {
		for d := range l.sim.Deliveries() {
			m := whose[d.Key].of
			switch {
			case m == nil:
				say("a message at %v under a key of no window", d.At.Sub(o.w.began))
				continue
			case m.def.Channel != l.name:
				say("%s sent by %s", m.name, l.name)
			case got[m.id] == nil:
				got[m.id] = map[string][]linesim.Delivery{}
			}
			got[m.id][d.User] = append(got[m.id][d.User], d)
		}
	}
	return got
}

// judgeReopened: nobody was sent to again but by the operator's word.
func (o *operator) judgeReopened(m *model, reopened []checker.Reopened, say func(string, ...any)) {
	var n [actors.Delivered + 1]uint32
	seen := map[uint32]bool{} // a generation is reopened in stretches, and a record may be stored twice
	for _, e := range reopened {
		if !seen[e.Generation] {
			n[e.State]++
		}
		seen[e.Generation] = true
	}
	for state, k := range n {
		if k > m.asked[state] {
			say("%s: %v recipients were reopened %d times, and that was asked for %d times", m.name, actors.Outcome(state), k, m.asked[state])
		}
	}
}

// judgeSeries: what it says is the sum of its occurrences.
func (o *operator) judgeSeries(m *model, stories map[string]story, begun []actors.Occurrence, say func(string, ...any)) {
	if !m.def.Series() {
		return
	}
	i, _, err := tell[actors.Info](o, m, actors.Show{})
	if err != nil || i.Recurs == nil || int(i.Recurs.Begun) != len(begun) {
		say("%s: %d occurrences were begun: %+v, %v", m.name, len(begun), i.Recurs, err)
		return
	}
	var sums [actors.Delivered + 1]uint64
	for _, x := range begun {
		for state, n := range stories[x.Campaign].info.Totals {
			sums[state] += uint64(n)
		}
	}
	if sums != i.Recurs.Sums {
		say("%s: its occurrences have %v, and it says %v", m.name, sums, i.Recurs.Sums)
	}
}

// judgeStarts: no call starts where one may not.
func (o *operator) judgeStarts(whose map[string]keyed, stories map[string]story, pauses map[string][]interval, say func(string, ...any)) {
	open, err := calendar.ParseHours(quarters)
	if err != nil {
		o.w.t.Fatal(err)
	}
	during := func(at time.Duration, all []interval) bool {
		return slices.ContainsFunc(all, func(h interval) bool { return at >= h.from && (h.to == 0 || at < h.to) })
	}
	seen, none := map[string]bool{}, [actors.Delivered + 1]uint32{}
	underWay := map[string]bool{} // campaigns with a multicast that started in time: if it is refused, its halves follow
	for _, c := range o.w.calls {
		m := whose[c.key].of
		if m == nil {
			say("a call at %v under a key of no window", c.at)
			continue
		}
		at, due := o.w.began.Add(c.at), stories[m.id].info.Due
		late := m.def.ExpireAfter > 0 && at.After(due.Add(m.def.ExpireAfter+3*time.Second))
		switch {
		case during(c.at, m.held), m.parent != nil && m.asked == none && during(c.at, m.parent.held): // a redrive is its own operator's
			say("a call of %s started at %v: it had been told to stop", m.name, c.at)
		case during(c.at, pauses[c.channel]):
			say("a call of %s started at %v: its channel was paused", m.name, c.at)
		case m.def.Hours != "" && !open.Open(at, time.UTC) && !open.Open(at.Add(-time.Second), time.UTC):
			say("a call of %s started at %v, outside of its hours", m.name, c.at)
		case at.Before(due):
			say("a call of %s started at %v, it is due at %v", m.name, c.at, due.Sub(o.w.began))
		case late && !seen[c.key] && o.deaths == 0 && (c.endpoint != int(provider.Multicast) || !underWay[m.id]):
			say("a call of %s started at %v, it was due at %v", m.name, c.at, due.Sub(o.w.began))
		}
		seen[c.key] = true
		underWay[m.id] = underWay[m.id] || c.endpoint == int(provider.Multicast) && !late
	}
}

// judgeLimits: no second has more starts than the highest limit that was in force in it.
func (o *operator) judgeLimits(say func(string, ...any)) {
	for _, l := range o.accounts {
		for endpoint := range 2 {
			var times []time.Duration
			for _, c := range o.w.calls {
				if c.channel == l.name && c.endpoint == endpoint {
					times = append(times, c.at)
				}
			}
			slices.Sort(times)
			for lo, hi := 0, 0; hi < len(times); hi++ {
				for times[hi]-times[lo] >= time.Second {
					lo++
				}
				if n, most := hi-lo+1, l.most(endpoint, times[lo], times[hi]); most > 0 && n > most {
					say("%d calls of endpoint %d of %s started from %v to %v: the limit is %d", n, endpoint, l.name, times[lo], times[hi], most)
					return
				}
			}
		}
	}
}

// most is the highest limit of a stretch of time; 0: none.
func (l *account) most(endpoint int, from, to time.Duration) (most int) {
	for _, x := range l.limits {
		if to < x.from || x.to > 0 && from > x.to {
			continue
		}
		n := []int{x.Push, x.Multicast}[endpoint]
		if n == 0 {
			return 0
		}
		most = max(most, n)
	}
	return most
}
