package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/provider/linesim"
)

// story is what the daemon says about one campaign.
type story struct {
	info     actors.Info
	totals   actors.Totals // the checker's
	outcomes map[string]actors.Outcome
	reasons  map[string]string
	twice    []string // users that stand twice
	places   map[string]place
}

// judge compares what the daemon says with what the provider has, and says what is wrong.
func (w *world) judge() (wrong []string, ended map[string]actors.Info) {
	say := func(format string, args ...any) {
		if len(wrong) < 20 {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	got := map[string][]linesim.Delivery{}
	for d := range w.sim.Deliveries() {
		got[d.User] = append(got[d.User], d)
	}
	known := map[string]bool{}
	stories := map[string]story{}
	ended = map[string]actors.Info{}
	for _, m := range w.sc.missions {
		for _, r := range m.rows {
			known[r.user] = true
		}
		s, err := w.read(m)
		if err != nil {
			say("%s can't be read: %v", m.name, err)
			continue
		}
		stories[m.id], ended[m.id] = s, s.info
		w.judgeMission(m, s, got, say)
	}
	for user := range got {
		if !known[user] {
			say("a stranger got a message: %s", user)
		}
	}
	w.judgeCalls(say)
	w.judgeNumbers(say)
	if len(wrong) == 0 {
		w.judgeReplay(stories, say)
	}
	return wrong, ended
}

// judgeMission: every recipient stands in the ledger once, with an outcome that the provider's ledger bears out.
func (w *world) judgeMission(m *mission, s story, got map[string][]linesim.Delivery, say func(string, ...any)) {
	if !s.info.State.Final() {
		say("%s is not final after %v: %s, %s, %v", m.name, w.now(), s.info.State, s.info.Reason, s.info.Totals)
		return
	}
	if n := s.info.Totals.Sum(); int(n) != len(m.rows) || s.info.Totals[actors.Pending] != 0 || s.totals != s.info.Totals {
		say("%s: the sum is %d of %d recipients; campaign %v, checker %v", m.name, n, len(m.rows), s.info.Totals, s.totals)
	}
	if len(s.outcomes) != len(m.rows) || len(s.twice) > 0 {
		say("%s: %d of %d recipients are in the ledger, twice: %v", m.name, len(s.outcomes), len(m.rows), s.twice)
	}
	lives := w.livesOf(m, s)
	for i, r := range m.rows {
		o, listed := s.outcomes[r.user]
		if !listed {
			say("%s row %d is missing", m.name, i)
			continue
		}
		d := got[r.user]
		why, proper := lives.judge(s.places[r.user], d)
		switch {
		case !proper:
			say("%s row %d is %v: %s", m.name, i, o, why)
		case len(d) > 1 && !lives.any():
			say("%s row %d got %d messages (%v): keys %s %s at %v and %v", m.name, i, len(d), o, d[0].Key, d[1].Key, d[0].At.Sub(w.began), d[1].At.Sub(w.began))
		case o == actors.Delivered && len(d) == 0, o != actors.Delivered && o != actors.Unknown && len(d) != 0:
			say("%s row %d is %v (%s), and the provider accepted %d", m.name, i, o, s.reasons[r.user], len(d))
		case len(d) == 1 && d[0].BodySHA256 != r.body():
			say("%s row %d got another body", m.name, i)
		case r.bad != (o == actors.Failed && s.reasons[r.user] == "render"):
			say("%s row %d is %v (%s), can it be rendered: %v", m.name, i, o, s.reasons[r.user], !r.bad)
		case !r.want.met(o, s.reasons[r.user]):
			say("%s row %d is %v (%s), want %v", m.name, i, o, s.reasons[r.user], *r.want)
		case r.never && len(d) > 0:
			say("%s row %d got a message that it doesn't want", m.name, i)
		case r.want != nil && len(d) == 1 && d[0].At.Sub(w.began) < r.want.notBefore:
			say("%s row %d got its message at %v, not after %v", m.name, i, d[0].At.Sub(w.began), r.want.notBefore)
		case r.want == nil && !r.never && w.sure(m, r) && o != actors.Delivered:
			say("%s row %d is %v (%s), though nothing stood in the way", m.name, i, o, s.reasons[r.user])
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cancelAt > 0 && m.finalAt > m.cancelAt+cancelWithin+w.sc.outage.till-w.sc.outage.from+time.Duration(len(w.sc.crashes))*(w.sc.downtime+10*time.Second) {
		say("%s was cancelled at %v and final only at %v", m.name, m.cancelAt, m.finalAt)
	}
}

// cancelWithin is how long an acknowledged cancel may take without a crash.
const cancelWithin = 40 * time.Second

// sure tells whether a recipient must be delivered to: users in whose calls there is no unknown one, where nobody cancelled and nothing expired.
func (w *world) sure(m *mission, r row) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	cancelled := slices.ContainsFunc(m.orders, func(o order) bool { return o.what == cancel })
	if w.sc.altered > 0 {
		return false // a re-drive of other bytes is unknown
	}
	return (r.personal || !m.blemished()) && !r.unknown && !r.bad && !cancelled && m.expire == 0 && m.finalAt < 22*time.Hour
}

// judgeCalls: limits over any second, and no call while a campaign is held.
func (w *world) judgeCalls(say func(string, ...any)) {
	w.mu.Lock()
	calls := slices.Clone(w.calls)
	w.mu.Unlock()
	for endpoint, limit := range []int{w.sc.limits.Push, w.sc.limits.Multicast} {
		if n, at := busiest(calls, endpoint); limit > 0 && n > limit {
			say("%d calls of endpoint %d started in the second from %v: the limit is %d", n, endpoint, at, limit)
		}
	}
	held := map[string]*mission{}
	for _, m := range w.sc.missions {
		for _, r := range m.rows {
			held[r.user] = m
		}
	}
	for _, c := range calls {
		m := held[c.user]
		if m == nil {
			continue
		}
		for _, h := range m.held {
			if c.at >= h.from && (h.to == 0 || c.at < h.to) {
				say("a call of %s started at %v: it had been told to stop by %v", m.name, c.at, h.from)
			}
		}
	}
}

// busiest is the most calls that started in any second.
func busiest(calls []call, endpoint int) (most int, at time.Duration) {
	var times []time.Duration
	for _, c := range calls {
		if c.endpoint == endpoint {
			times = append(times, c.at)
		}
	}
	slices.Sort(times)
	for lo, hi := 0, 0; hi < len(times); hi++ {
		for times[hi]-times[lo] >= time.Second {
			lo++
		}
		if n := hi - lo + 1; n > most {
			most, at = n, times[lo]
		}
	}
	return most, at
}

// judgeNumbers: the events of a durable grain are numbered without gaps and overlaps, whoever stored them.
func (w *world) judgeNumbers(say func(string, ...any)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := map[string]uint64{}
	for _, r := range w.appended {
		k := r.grain.Kind + " " + r.grain.ID
		switch r.grain.Kind {
		case "campaign", "checker", "channel", "statistics", "usage":
		default:
			continue // the timetable has numbers of its own
		}
		if want := next[k] + 1; r.first > want || r.first < want && r.first+uint64(r.count) > want {
			say("%s: incarnation %d stored event %d, next is %d", k, r.by, r.first, want)
		}
		next[k] = max(next[k], r.first+uint64(r.count)-1)
	}
}

// judgeReplay: what a new incarnation reads back is what the last one had in memory, and it does nothing more.
func (w *world) judgeReplay(before map[string]story, say func(string, ...any)) {
	w.mu.Lock()
	in, calls := w.live, len(w.calls)
	w.mu.Unlock()
	if in == nil {
		say("nothing lives at the end")
		return
	}
	in.die("replay")
	for _, m := range w.sc.missions {
		after, err := w.read(m)
		b := before[m.id]
		switch {
		case err != nil:
			say("%s can't be read after a restart: %v", m.name, err)
		case after.info.Totals != b.info.Totals || after.info.State != b.info.State || after.totals != b.totals:
			say("%s: live %v %v %v, replayed %v %v %v", m.name, b.info.State, b.info.Totals, b.totals, after.info.State, after.info.Totals, after.totals)
		}
		for user, o := range b.outcomes {
			if after.outcomes[user] != o {
				say("%s: %s is %v live and %v replayed", m.name, user, o, after.outcomes[user])
			}
		}
	}
	time.Sleep(settleFor)
	w.judgeFigures(before, say)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.calls) != calls {
		say("%d calls started after the end", len(w.calls)-calls)
	}
}

// read asks the campaign and the checker for everything.
func (w *world) read(m *mission) (s story, err error) {
	if _, err = insist[actors.Info](w, actors.Campaigns, m.id, actors.CampaignMsg(actors.Show{})); err != nil {
		return s, err
	}
	time.Sleep(time.Second) // what came after the end is asked for by a new activation
	if s.info, err = insist[actors.Info](w, actors.Campaigns, m.id, actors.CampaignMsg(actors.Show{})); err != nil || s.info.Run == "" {
		return s, err
	}
	layout, err := insist[actors.RunLayout](w, actors.Campaigns, m.id, actors.CampaignMsg(actors.Layout{}))
	if unplanned(err) && s.info.State == actors.StateCancelled {
		return m.allCancelled(s), nil
	}
	if err != nil {
		return s, err
	}
	p, err := insist[actors.Progress](w, actors.Checkers, layout.Run, actors.CheckerMsg(actors.Totalled{Run: layout.Run}))
	if err != nil {
		return s, err
	}
	s.totals = p.Totals
	page, err := insist[actors.Outcomes](w, actors.Checkers, layout.Run, actors.CheckerMsg(actors.Page{Span: actors.Span{Hi: layout.Table.Recipients}}))
	if err != nil {
		return s, err
	}
	s.outcomes, s.reasons, s.places = map[string]actors.Outcome{}, map[string]string{}, map[string]place{}
	for n := range layout.Table.Chunks {
		if err := w.readChunk(layout.Chunks, uint32(n), page, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// unplanned tells whether a campaign was cancelled while a full store kept it from being planned.
func unplanned(err error) bool {
	p, ok := errors.AsType[actors.Problem](err)
	return ok && p.Title == "cancelled before it was planned"
}

// allCancelled is the story of a campaign that ended without a ledger: its own figures must say that nobody got anything.
func (m *mission) allCancelled(s story) story {
	s.totals, s.outcomes, s.reasons = s.info.Totals, map[string]actors.Outcome{}, map[string]string{}
	for _, r := range m.rows {
		s.outcomes[r.user] = actors.Cancelled
	}
	return s
}

func (w *world) readChunk(chunks string, n uint32, page actors.Outcomes, s *story) error {
	chunk, err := campaign.LoadChunk(context.Background(), w.memory, chunks, n)
	if err != nil {
		return err
	}
	for i, r := range chunk.Recipients {
		if _, there := s.outcomes[r.User]; there {
			s.twice = append(s.twice, r.User)
		}
		s.places[r.User] = place{n, chunk.First + uint32(i), actors.Span{Lo: chunk.First, Hi: chunk.First + uint32(len(chunk.Recipients))}}
		s.outcomes[r.User], s.reasons[r.User] = page.Outcomes[int(chunk.First)+i], page.Reasons[int(chunk.First)+i]
	}
	return nil
}
