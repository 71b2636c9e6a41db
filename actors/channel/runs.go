package channel

import (
	"maps"
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
	asked    time.Duration // when its campaign was asked last
	everAsk  bool
	over     time.Duration // since when it is over
	waited   time.Duration // when something of it waited for a token last
	waits    bool          // … ever
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
	if k == nil {
		k = &run{}
		r.by[m.Run] = k
	}
	first = k.standing == actors.RunUnknown
	if m.Standing == actors.RunOver && k.standing != actors.RunOver {
		k.over = now
		r.over = append(r.over, m.Run)
	}
	k.campaign = m.Campaign
	if k.standing != actors.RunOver { // over is final
		k.standing = m.Standing
	}
	r.forget(now)
	return first
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
		if k.standing == actors.RunActive {
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

// standing is what the run may do.
func (r *runs) standing(id string) actors.Standing {
	if k := r.by[id]; k != nil {
		return k.standing
	}
	return actors.RunUnknown
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
		if k.standing == actors.RunActive || k.standing == actors.RunHeld {
			ids = append(ids, k.campaign)
		}
	}
	return ids
}

// inUse tells how many runs may still send.
func (r *runs) inUse() int {
	n := 0
	for _, k := range r.by {
		if k.standing == actors.RunActive || k.standing == actors.RunHeld {
			n++
		}
	}
	return n
}
