package channel

import (
	"maps"
	"slices"
	"time"

	"hayauma.example/actors"
)

// Memory of runs that are over: what is forgotten is asked of its campaign again.
const (
	rememberOver = 10 * time.Minute
	mostOver     = 4096
	askEvery     = time.Second // at most one StandingOf per run in so long
)

// run is what the channel knows of a run.
type run struct {
	campaign string
	standing actors.Standing
	life     uint32        // the generation of that word
	asked    time.Duration // when its campaign was asked last
	everAsk  bool
	over     time.Duration // since when it is over
	waited   time.Duration // when something of it waited for a token last
	waits    bool          // … ever
	priority actors.Priority
	weighs   int // 0: the default
	// pass is, by priority and endpoint, how many tokens the run got by its weight: of those that lack some the one with the least is next.
	// A run that begins to lack tokens is made level with the others.
	pass [actors.Priorities][len(endpoints)]float64

	need   uint32 // recipients that are unsettled
	peak   uint32 // the most of them since the quota was read: what of them is settled by now may not be in that figure
	begun  bool   // it has opened a window
	waived bool   // it sends as far as the quota goes
	asks   bool   // the quota was read for its sake, or was known
	short  string // why the quota doesn't do for it
	single bool   // it is that of single messages: always active, and nobody's
}

// singles is the run of all single messages of a channel: nobody has to say what it may do. Its messages are few and awaited, so it goes before
// campaigns of lower priority, and among those of its own it has the share of one run.
func singles() *run {
	return &run{single: true, standing: actors.RunActive, priority: actors.PriorityHigh, begun: true}
}

func (k *run) order() int { return k.priority.Order() }

func (k *run) weight() int { return actors.WeightOf(k.weighs) }

// may tells why the run gets tokens and demand or not, as far as it is concerned itself.
func (k *run) may() Reason {
	switch {
	case k.standing == actors.RunOver:
		return RunIsOver
	case k.standing == actors.RunUnknown:
		return RunNotKnown
	case k.standing == actors.RunHeld || k.short != "":
		return RunIsHeld
	}
	return Allowed
}

// waitedLately is how long ago a run's calls may have waited to count as waiting: gates ask twice a second while they hold any.
const waitedLately = 2 * time.Second

// runs are the runs that use the channel.
type runs struct {
	by   map[string]*run
	over []string // oldest first
}

func newRuns() runs { return runs{by: make(map[string]*run)} }

// set notes a campaign's word. It tells whether the run was not known before.
func (r *runs) set(m actors.RunStanding, now time.Duration) (first bool) {
	k := r.by[m.Run]
	if k != nil && k.single {
		return false
	}
	if k == nil {
		k = &run{}
		r.by[m.Run] = k
	}
	first = k.standing == actors.RunUnknown
	if m.Generation > k.life {
		k.life = m.Generation
		r.revive(m.Run, k)
	}
	if m.Standing == actors.RunOver && k.standing != actors.RunOver && m.Generation == k.life {
		k.over = now
		r.over = append(r.over, m.Run)
	}
	k.campaign = m.Campaign
	if k.standing != actors.RunOver && m.Generation == k.life { // over is final in a generation
		k.standing = m.Standing
		k.priority, k.weighs = m.Priority, m.Weight
		k.need, k.begun, k.waived = m.Unsettled, m.Begun, m.Waived
		k.peak = max(k.peak, k.need)
	}
	r.forget(now)
	return first
}

// revive has a run that is over go on: its operator has recipients sent to again.
func (r *runs) revive(id string, k *run) {
	if k.standing == actors.RunOver {
		k.standing = actors.RunUnknown
		r.over = slices.DeleteFunc(r.over, func(o string) bool { return o == id })
	}
}

// wait notes that calls of a run wait at a gate.
func (r *runs) wait(id string, now time.Duration) {
	if k := r.by[id]; k != nil {
		k.waited, k.waits = now, true
	}
}

// waiting tells whether calls of a run waited at a gate a moment ago.
func (r *runs) waiting(id string, now time.Duration) bool {
	k := r.by[id]
	return k != nil && k.waits && now-k.waited < waitedLately
}

// anyWaiting tells whether calls of any run waited at a gate a moment ago.
func (r *runs) anyWaiting(now time.Duration) bool {
	for id := range r.by {
		if r.waiting(id, now) {
			return true
		}
	}
	return false
}

// active is how many runs may send.
func (r *runs) active() int {
	n := 0
	for _, k := range r.by {
		if k.may() == Allowed && !k.single {
			n++
		}
	}
	return n
}

// forget drops runs that have been over for long.
func (r *runs) forget(now time.Duration) {
	for len(r.over) > 0 && (len(r.over) > mostOver || now-r.by[r.over[0]].over > rememberOver) {
		delete(r.by, r.over[0])
		r.over = r.over[1:]
	}
}

// ask tells whose campaign is asked now about a run, if the run is unknown and was not asked about within askEvery.
func (r *runs) ask(id, campaign string, now time.Duration) (string, bool) {
	k := r.by[id]
	if k == nil {
		maps.DeleteFunc(r.by, func(_ string, k *run) bool { return k.standing == actors.RunUnknown && now-k.asked > rememberOver })
		k = &run{campaign: campaign}
		r.by[id] = k
	}
	if k.standing != actors.RunUnknown || k.campaign == "" || k.everAsk && now-k.asked < askEvery {
		return "", false
	}
	k.asked, k.everAsk = now, true
	return k.campaign, true
}

// campaigns are those of the runs that are not over.
func (r *runs) campaigns() []string {
	var ids []string
	for _, k := range r.by {
		if !k.single && (k.standing == actors.RunActive || k.standing == actors.RunHeld) {
			ids = append(ids, k.campaign)
		}
	}
	return ids
}

// short is why the quota doesn't do for a run; empty: it does.
func (r *runs) short(id string) string {
	if k := r.by[id]; k != nil {
		return k.short
	}
	return ""
}

// shortByCampaign is why the quota doesn't do for the runs of campaigns.
func (r *runs) shortByCampaign() map[string]string {
	short := map[string]string{}
	for _, k := range r.by {
		if k.short != "" {
			short[k.campaign] = k.short
		}
	}
	return short
}

// rank is how a run stands beside others.
func (r *runs) rank(id string) (order, weight int) {
	if k := r.by[id]; k != nil {
		return k.order(), k.weight()
	}
	return actors.PriorityNormal.Order(), actors.DefaultWeight
}

// inUse tells how many runs may still send.
func (r *runs) inUse() int { return len(r.campaigns()) }
