package channel

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
	"hayauma.example/engine"
)

const (
	quotaEvery   = 10 * time.Minute // so old a figure may be while runs send
	quotaTimeout = 5 * time.Second  // shorter than a campaign waits for its channel's description
)

// Messages of the channel to itself.
type (
	// quotaDue says that the figure is old.
	quotaDue struct {
		actors.ChannelMsg
		timer int
	}
	// quotaRead is the provider's answer.
	quotaRead struct {
		actors.ChannelMsg
		quota provider.Quota
		err   error
	}
)

// quota is what the channel knows of its month. A figure that can't be read stops nothing: the provider's own refusal does.
type quota struct {
	known   bool
	figure  provider.Quota
	read    time.Time     // for show
	at      time.Duration // when it was read last, or tried
	tried   bool
	trouble string

	busy     bool // a question is under way, this one or a probe's: there is one at a time
	again    bool // it is read once more after that
	timer    int  // the newest one; others are stale
	deferred []deferred
}

// deferred is a run's question about the channel that came while the quota was read for its sake.
type deferred struct {
	run   string
	reply engine.Reply
}

// describeTo answers a campaign, when it is known whether the quota does for its run: no window is opened for one that has to wait.
func (ch *Channel) describeTo(c *call, run string) {
	k := ch.granter.runs.by[run]
	if run == "" || k == nil || !ch.state.configured || !ch.quota.busy || !k.needsQuota() {
		ch.describe(c, run)
		return
	}
	ch.quota.deferred = append(ch.quota.deferred, deferred{run, c.Reply()})
}

// needsQuota tells whether the run may have to wait for the quota: one that has begun doesn't, because what was sent a moment ago is counted
// here and there at different times.
func (k *run) needsQuota() bool {
	return k.standing == actors.RunActive && k.need > 0 && !k.begun && !k.waived
}

// reserve takes what a run needs. The quota is read when a run wants to send and the figure is old, and at an operator's word.
func (ch *Channel) reserve(c *call, m actors.RunStanding) {
	k := ch.granter.runs.by[m.Run]
	if k != nil && k.standing == actors.RunActive && k.need > 0 && (m.Look || !k.asks) {
		k.asks = true
		if m.Look || !ch.quota.known || ch.now(c)-ch.quota.at >= quotaEvery {
			ch.readQuota(c)
		}
	}
	ch.judgeQuota(c)
}

// readQuota asks the provider, after the question that is under way.
func (ch *Channel) readQuota(c *call) {
	switch {
	case ch.deps.Provider == nil || !ch.state.configured:
		return
	case ch.quota.busy:
		ch.quota.again = true
		return
	}
	ch.quota.busy, ch.quota.again = true, false
	for id, k := range ch.granter.runs.by { // what is settled by now is about to be counted as used
		if k.standing == actors.RunActive && k.begun && !k.single {
			actors.Campaigns.Ref(c.System(), k.campaign).Tell(actors.StandingOf{Run: id})
		}
	}
	settings := ch.state.settings
	c.Go(func(ctx context.Context) actors.ChannelMsg {
		q, err := ch.deps.quotaOf(ctx, settings, quotaTimeout)
		return quotaRead{quota: q, err: err}
	})
}

func (ch *Channel) quotaRead(c *call, m quotaRead) { ch.answered(c, m.quota, m.err) }

// answered takes a figure, or why there is none, and says to those who wait what it means for them.
func (ch *Channel) answered(c *call, figure provider.Quota, err error) {
	q := &ch.quota
	q.busy, q.tried, q.at = false, true, ch.now(c)
	if err != nil {
		q.trouble = "the quota could not be read: " + err.Error()
	} else {
		q.known, q.figure, q.read, q.trouble = true, figure, c.Now(), ""
		for _, k := range ch.granter.runs.by {
			k.peak = k.need
			if k.standing == actors.RunOver {
				k.peak = 0 // what it sent is in the figure
			}
		}
	}
	ch.judgeQuota(c)
	ch.grantDemand(c)
	waiting := q.deferred
	q.deferred = nil
	for _, d := range waiting {
		d.reply.Send(ch.info(c, d.run))
	}
	if q.again {
		ch.readQuota(c)
	}
	q.timer++
	c.After(quotaEvery, quotaDue{timer: q.timer})
}

func (ch *Channel) quotaDue(c *call, m quotaDue) {
	if m.timer == ch.quota.timer && ch.granter.runs.needQuota() {
		ch.readQuota(c)
	}
}

// judgeQuota holds the runs for which the quota doesn't do, and tells the campaigns of those for whom that has changed.
func (ch *Channel) judgeQuota(c *call) {
	if changed := ch.granter.runs.judge(&ch.quota); len(changed) > 0 {
		ch.tell(c, changed)
	}
}

// quotaOf asks the provider, off the actor.
func (d Deps) quotaOf(ctx context.Context, s actors.Settings, patience time.Duration) (provider.Quota, error) {
	p, err := d.Provider(s)
	if err != nil {
		return provider.Quota{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return p.Quota(ctx)
}

// needQuota tells whether a run that may send has recipients left.
func (r *runs) needQuota() bool {
	for _, k := range r.by {
		if k.standing == actors.RunActive && k.need > 0 {
			return true
		}
	}
	return false
}

// judge reserves what runs need, the oldest first: the ids of runs tell their age. One that has not begun and needs more than is left reserves
// nothing, and waits. It returns the campaigns for which that has changed.
func (r *runs) judge(q *quota) (changed []string) {
	left := q.figure.Limit - q.figure.Used
	reserved := int64(0)
	for _, id := range r.known() {
		k, why := r.by[id], ""
		if free := max(0, left-reserved); q.known && q.figure.Limited && k.needsQuota() && int64(k.need) > free {
			why = q.words(k.need, free, reserved)
		} else {
			reserved += int64(k.peak)
		}
		if why != k.short {
			k.short = why
			changed = append(changed, k.campaign)
		}
	}
	return changed
}

// known are the runs of which a campaign has told, the oldest first.
func (r *runs) known() []string {
	ids := make([]string, 0, len(r.by))
	for id, k := range r.by {
		if k.standing != actors.RunUnknown {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// words tell a run why it waits.
func (q *quota) words(need uint32, free, reserved int64) string {
	others := ""
	if reserved > 0 {
		others = fmt.Sprintf(", reserved %d", reserved)
	}
	return fmt.Sprintf("quota: %d recipients, %d left this month (limit %d, used %d%s)", need, free, q.figure.Limit, q.figure.Used, others)
}

// info is what is shown.
func (q *quota) info(r *runs) actors.QuotaInfo {
	i := actors.QuotaInfo{Limited: q.figure.Limited, Limit: q.figure.Limit, Used: q.figure.Used, Read: q.read, Trouble: q.trouble}
	for _, k := range r.by {
		if k.short == "" {
			i.Reserved += int64(k.peak)
		}
	}
	return i
}
