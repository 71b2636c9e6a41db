package simulation

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider/linesim"
)

// operator plays a sequence, and holds every answer against the models.
type operator struct {
	w        *world
	s        sequence
	accounts []*account
	models   []*model // in the order in which they were created
	children []*model // occurrences that were commanded
	deaths   int      // at most
}

// account is one channel, with the limits that it was told.
type account struct {
	name   string
	sim    *linesim.Sim
	limits []limitsFor // newest last
	faults uint64
	quota  int64 // as linesim takes it

	quotaSince time.Duration // a figure that the channel has read may be 10 minutes old
}

// limitsFor is a stretch of time in which a limit may be in force; to 0 has no end.
type limitsFor struct {
	actors.Limits
	interval
}

// latency of the provider, where nothing is wrong.
const latency = 20 * time.Millisecond

func newOperator(w *world, s sequence) *operator {
	o := &operator{w: w, s: s}
	w.sims = map[string]*linesim.Sim{}
	for i, l := range s.limits {
		c := &account{name: []string{"shop", "news", "club"}[i], sim: w.sim}
		if i > 0 {
			c.sim = linesim.New(linesim.Options{Limits: linesim.Limits{Off: true}, Order: s.order, Tokens: []string{token}})
			w.sims[c.name] = c.sim
		}
		if c.sim.SetFaults(linesim.Faults{Latency: latency}); s.faults[i] > faultKinds {
			c.fail(s.seed, s.faults[i])
		}
		c.limits = []limitsFor{{Limits: l}}
		c.quota, c.quotaSince = s.quotas[i], -time.Hour // it never had another
		c.sim.SetQuota(c.quota)
		o.accounts = append(o.accounts, c)
	}
	return o
}

// run plays the sequence to its end, and judges it.
func (o *operator) run() []string {
	var keeper sync.WaitGroup
	stop := make(chan struct{})
	keeper.Go(func() { o.w.keep(stop) })
	for _, l := range o.accounts {
		o.configure(l, l.limits[0].Limits)
	}
	for _, c := range o.s.commands {
		time.Sleep(c.wait)
		o.do(c)
		if o.s.looks {
			o.look()
		}
	}
	o.settle()
	faults := o.judge()
	o.w.mu.Lock()
	o.w.over = true
	faults = append(faults, o.w.faults...)
	o.w.mu.Unlock()
	close(stop)
	keeper.Wait()
	return faults
}

func (o *operator) wrong(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	o.w.note("!!!!", text, 0)
	o.w.wrong(fmt.Sprintf("%v: %s", o.w.now(), text))
}

// do is one command.
func (o *operator) do(c command) {
	o.w.note("client", c.String(), 0)
	l := o.accounts[c.on%len(o.accounts)]
	switch c.what {
	case toWait:
	case toCreate:
		o.create(l, c.plan)
	case toLimit:
		o.configure(l, []actors.Limits{{Push: 3, Multicast: 1}, {Push: 50, Multicast: 8}, {}, {Push: 12, Multicast: 3}, {Push: 1}}[c.n%5])
	case toResumeChannel:
		o.resumeChannel(l)
	case toFault:
		l.fail(o.s.seed, c.n)
	case toCalm:
		l.sim.SetFaults(linesim.Faults{Latency: latency})
	case toQuota:
		_, used, _ := l.sim.Quota(token, time.Now())
		if l.quota < 0 {
			o.limitMonth(l, used+int64(c.n*c.n))
		} else {
			o.limitMonth(l, linesim.Unlimited)
		}
	case toKill:
		o.kill()
	case toCrash:
		o.deaths++
		all := slices.Concat(points, redrivePoints)
		p := all[(c.n*7+c.on)%len(all)]
		o.w.mu.Lock()
		o.w.armed = append(o.w.armed, crash{p.name, o.w.counts[p.name] + 1 + c.n%p.often})
		o.w.mu.Unlock()
	case toKnow:
		o.know()
	case toLose:
		m := o.newest(c.on)
		for i := c.n % 5; i < len(m.rows); i += 1 + i*c.n {
			if !m.rows[i].bad {
				m.forget(i)
			}
		}
		o.w.simOf(m.def.Channel).Forget(m.unknown...)
	default:
		o.command(o.target(c), c)
	}
}

func (o *operator) kill() {
	o.deaths++
	o.w.current().die("kill")
}

// know has the provider know every user.
func (o *operator) know() {
	for _, m := range o.models {
		o.w.simOf(m.def.Channel).Restore(m.unknown...)
	}
}

// faultKinds is how many there are.
const faultKinds = 13

// fail has an account's calls go wrong.
func (l *account) fail(seed uint64, n int) {
	l.faults++
	f := [faultKinds]linesim.Faults{
		{ErrorBefore: 0.4}, {ErrorAfter: 0.4}, {Reset: 0.4}, {TimeoutAfter: 0.2}, {RateLimit: 0.3}, {Unauthorized: 0.05}, {Unauthorized: 1}, {Monthly: 0.1},
		{Slow: 0.3, SlowBy: 20 * time.Second}, {ErrorBefore: 1}, {ErrorAfter: 1}, {Slow: 0.2, SlowBy: 4 * time.Second, ErrorAfter: 0.2, Reset: 0.1},
		{Slow: 0.7, SlowBy: 5 * time.Second},
	}[n%faultKinds]
	f.Seed, f.Latency = seed+l.faults, latency*time.Duration(1+n/faultKinds*5)
	l.sim.SetFaults(f)
}

// newest is one of the newest campaigns: of the others most are over.
func (o *operator) newest(n int) *model { return o.models[len(o.models)-1-n%min(3, len(o.models))] }

// target is the campaign that a command is for: sometimes an occurrence of a series.
func (o *operator) target(c command) *model {
	m := o.newest(c.on)
	if !c.child || !m.def.Series() {
		return m
	}
	i, _, err := tell[actors.Info](o, m, actors.Show{})
	if err != nil || i.Recurs == nil || len(i.Recurs.Newest) == 0 {
		return m
	}
	x := i.Recurs.Newest[c.n%len(i.Recurs.Newest)]
	for _, k := range o.children {
		if k.id == x.Campaign {
			return k
		}
	}
	k := m.occurrence(x)
	if _, _, err := tell[actors.Info](o, k, actors.Show{}); status(err) == 404 {
		return m // it is named, and is about to be
	}
	o.children = append(o.children, k)
	return k
}

// configure sets a channel's limits.
func (o *operator) configure(l *account, limits actors.Limits) {
	asked := o.w.now()
	s := actors.Settings{Name: l.name, Provider: "line", Endpoint: "https://api.line.me", TokenEnv: "LINE_TOKEN", Limits: limits}
	i, err := insist[actors.ChannelInfo](o.w, actors.Channels, l.name, actors.ChannelMsg(actors.Configure{Settings: s}))
	if err != nil || i.Settings != s {
		o.wrong("the limits of %s are %v, not %v: %v", l.name, i.Settings.Limits, limits, err)
	}
	l.limits[len(l.limits)-1].to = o.w.now() + voidAfter
	l.limits = append(l.limits, limitsFor{limits, interval{from: asked}})
}

// limitMonth sets the quota of an account.
func (o *operator) limitMonth(l *account, quota int64) {
	l.quota, l.quotaSince = quota, o.w.now()
	l.sim.SetQuota(quota)
	for _, m := range o.models {
		m.short = m.short && m.def.Channel != l.name
	}
}

// voidAfter is longer than tokens live that were given out before.
const voidAfter = 150 * time.Millisecond

func (o *operator) resumeChannel(l *account) {
	i, err := insist[actors.ChannelInfo](o.w, actors.Channels, l.name, actors.ChannelMsg(actors.ResumeChannel{}))
	if err != nil || i.Paused != "" {
		o.wrong("channel %s was resumed and is paused, %q: %v", l.name, i.Paused, err)
	}
}

// tell gives a campaign's order until it is answered, and counts how often it may have been heard.
func tell[R any](o *operator, m *model, msg actors.CampaignMsg) (r R, times uint32, err error) {
	for patience := o.w.now() + 10*time.Minute; ; time.Sleep(100 * time.Millisecond) {
		times++
		r, err = ask[R](o.w, actors.Campaigns, m.id, msg)
		var p actors.Problem
		if err == nil || errors.As(err, &p) && p.Status != 503 {
			return r, times, err
		}
		if o.w.now() > patience {
			o.wrong("%s doesn't answer %T: %v", m.name, msg, err)
			return r, times, err
		}
	}
}

func status(err error) int {
	if err == nil {
		return 200
	}
	if p, ok := errors.AsType[actors.Problem](err); ok {
		return p.Status
	}
	return 0
}

func (o *operator) create(l *account, b blueprint) {
	m := newModel(o, l, b)
	o.w.simOf(l.name).Forget(m.unknown...)
	if _, _, err := tell[actors.Info](o, m, actors.Pause{}); status(err) != 404 {
		o.wrong("%s isn't there yet, and can be paused: %v", m.name, err)
	}
	o.w.submit(m.mission)
	o.models = append(o.models, m)
}

// command gives one order to a campaign.
func (o *operator) command(m *model, c command) {
	if m.parent != nil && c.what != toCancel && c.what != toRedriveFailed && c.what != toRedriveUnknown && c.what != toRedriveUnasked {
		return // it is what its series is
	}
	before, _, err := tell[actors.Info](o, m, actors.Show{})
	if err != nil {
		o.wrong("%s can't be read: %v", m.name, err)
		return
	}
	o.expect(m, before)
	switch c.what {
	case toRedriveFailed:
		o.redrive(m, before, actors.Redrive{State: actors.Failed}, c.n)
		return
	case toRedriveUnknown:
		o.redrive(m, before, actors.Redrive{State: actors.Unknown, Acknowledged: true}, c.n)
		return
	case toRedriveUnasked:
		o.redrive(m, before, actors.Redrive{State: actors.Unknown}, c.n)
		return
	}
	var msg actors.CampaignMsg
	switch c.what {
	case toPause:
		msg = actors.Pause{}
	case toResume:
		m.release(o.w.now())
		msg = actors.Resume{IgnoreQuota: c.n%4 == 3}
	case toCancel:
		msg = actors.Cancel{}
	default:
		msg = m.rank(c.n)
	}
	i, _, err := tell[actors.Info](o, m, msg)
	got := status(err)
	o.w.note("client", fmt.Sprintf("%s %s: %d %s %s %v", verbNames[c.what], m.name, got, i.State, i.Reason, i.Totals), 0)
	if got == 409 && !m.closed(c.what) { // it may have ended meanwhile
		after, _, err := tell[actors.Info](o, m, actors.Show{})
		if err != nil || !after.State.Final() || before.State.Final() {
			o.wrong("%s of %s is refused, and it is %s: %v", verbNames[c.what], m.name, after.State, err)
		}
		m.keepHeld()
		o.expect(m, after)
		return
	}
	want := m.answer(c.what, msg)
	if got != want {
		o.wrong("%s of %s: %d, want %d: %v", verbNames[c.what], m.name, got, want, err)
	}
	if got != 200 {
		m.keepHeld()
		return
	}
	m.obey(c.what, msg, o.w.now())
	o.expect(m, i)
}

// redrive has recipients sent to again.
func (o *operator) redrive(m *model, before actors.Info, msg actors.Redrive, n int) {
	o.expect(m, before)
	o.readOutcomes(m)
	if n%3 == 1 { // that is why
		o.know()
	} else if n%3 == 2 {
		o.w.simOf(m.def.Channel).SetFaults(linesim.Faults{Latency: latency})
	}
	r, times, err := tell[actors.Redriving](o, m, msg)
	got, want := status(err), m.redriveAnswer(msg, before, time.Now())
	o.w.note("client", fmt.Sprintf("redrive %v of %s: %d, %d again, %d left, %v", msg.State, m.name, got, r.Recipients, r.Left, err), 0)
	if !slices.Contains(want, got) {
		o.wrong("redrive %v of %s, which was %s: %d, want one of %v: %v", msg.State, m.name, before.State, got, want, err)
	}
	if got != 200 {
		return
	}
	left, have := uint32(0), before.Totals[msg.State]
	if msg.State == actors.Failed {
		left = uint32(m.bad)
	}
	still := before.State.Final() && times == 1
	switch {
	case r.Left != left:
		o.wrong("redrive of %s leaves %d out, want %d", m.name, r.Left, left)
	case still && msg.State == actors.Failed && r.Recipients+left != have, still && r.Recipients+left > have:
		o.wrong("redrive of %s: %d again and %d left of %d", m.name, r.Recipients, left, have)
	case int(r.Recipients) > len(m.rows)-m.bad:
		o.wrong("redrive of %s: %d again of %d", m.name, r.Recipients, len(m.rows))
	}
	m.reopens(msg.State, r, times)
	if o.expect(m, r.Info); n%5 == 1 {
		o.kill()
	}
}

// look looks at everything.
func (o *operator) look() {
	delivered := map[string]uint64{}
	for _, m := range slices.Concat(o.models, o.children) {
		i, _, err := tell[actors.Info](o, m, actors.Show{})
		if err != nil {
			o.wrong("%s can't be read: %v", m.name, err)
			continue
		}
		o.expect(m, i)
		o.readOutcomes(m)
		switch {
		case m.parent != nil:
		case i.Recurs != nil:
			delivered[m.def.Channel] += i.Recurs.Sums[actors.Delivered]
		default:
			delivered[m.def.Channel] += uint64(i.Totals[actors.Delivered])
		}
	}
	for _, l := range o.accounts {
		if n := l.sim.Ledger().Deliveries; delivered[l.name] > uint64(n) {
			o.wrong("%d are delivered by %s, and the provider accepted %d", delivered[l.name], l.name, n)
		}
	}
}

// settle ends all trouble and lets everything come to its end.
func (o *operator) settle() {
	o.w.note("client", "settle", 0)
	o.w.mu.Lock()
	o.w.armed = nil
	o.w.mu.Unlock()
	for _, l := range o.accounts {
		l.sim.SetFaults(linesim.Faults{Latency: latency})
		o.limitMonth(l, linesim.Unlimited)
		o.configure(l, actors.Limits{Push: 80, Multicast: 20})
		o.resumeChannel(l)
	}
	for _, m := range o.models {
		if !m.closed(toResume) {
			o.command(m, command{what: toResume})
		}
	}
	from := o.w.now()
	for every := 2 * time.Second; ; time.Sleep(every) {
		if o.ended() {
			break
		}
		if o.w.now() > from+10*time.Minute {
			every = time.Minute
		}
		if o.w.now() > from+endsWithin {
			for _, m := range o.models {
				i, _, _ := tell[actors.Info](o, m, actors.Show{})
				if !i.State.Final() {
					o.wrong("%s is not over: %s, %s, %v, %+v", m.name, i.State, i.Reason, i.Totals, i.Recurs)
				}
			}
			return
		}
	}
	time.Sleep(restWithin)
	o.w.judgeRest()
	time.Sleep(settleFor - restWithin)
}

// endsWithin is longer than anything takes once nothing is wrong: what is due latest is due in 40 minutes, and in an hour there are hours.
const endsWithin = 5 * time.Hour

func (o *operator) ended() bool {
	for _, m := range o.models {
		i, _, err := tell[actors.Info](o, m, actors.Show{})
		if err != nil {
			o.wrong("%s can't be read: %v", m.name, err)
			return true
		}
		if o.expect(m, i); !i.State.Final() {
			return false
		}
	}
	for _, k := range o.children {
		if i, _, err := tell[actors.Info](o, k, actors.Show{}); err == nil && !i.State.Final() {
			return false
		}
	}
	return true
}

// page is every recipient's outcome, in the order of the plan; nil where there is no plan yet.
func (o *operator) page(m *model) []actors.Outcome {
	layout, _, err := tell[actors.RunLayout](o, m, actors.Layout{})
	if err != nil {
		return nil
	}
	msg := actors.CheckerMsg(actors.Page{Span: actors.Span{Hi: layout.Table.Recipients}})
	page, err := insist[actors.Outcomes](o.w, actors.Checkers, layout.Run, msg)
	if err != nil {
		return nil // its ledger isn't open yet
	}
	return page.Outcomes
}

// readOutcomes holds every recipient's outcome against the one before.
func (o *operator) readOutcomes(m *model) {
	if m.def.Series() {
		return
	}
	if outcomes := o.page(m); len(outcomes) == len(m.rows) {
		o.ordered(m, outcomes)
	}
}
