package channel

import (
	"context"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
	"hayauma.example/engine"
)

// Times of probes.
const (
	probeFirst   = time.Second
	probeMost    = time.Minute
	probeTimeout = 10 * time.Second
	probeCalm    = time.Minute // a pause so soon after a probe ended one in vain goes on with its times
)

// probing is where the probes of a pause are.
type probing struct {
	pause int           // number of the pause in this activation: what belongs to an earlier one is stale
	wait  time.Duration // before the next probe
	ended time.Duration // when a probe ended a pause
	fine  int           // calls accepted since then
}

// begin starts the times anew.
func (p *probing) begin() {
	p.pause++
	p.wait = 0
}

// again begins the times of a pause that starts now: soon after a probe had ended one, with no call accepted since, they go on where
// they were.
func (p *probing) again(now time.Duration) {
	wait := p.wait
	p.begin()
	if p.ended > 0 && p.fine == 0 && now-p.ended < probeCalm {
		p.wait = wait
	}
	p.fine = 0
}

// next is how long to wait for the next probe.
func (p *probing) next() time.Duration {
	p.wait = min(max(2*p.wait, probeFirst), probeMost)
	return p.wait
}

// pauseFor tells whether trouble pauses the channel. A refused token weighs more than a used quota.
func (ch *Channel) pauseFor(c *call, trouble []actors.Trouble) (Paused, bool) {
	if !ch.state.configured || ch.state.pause != nil {
		return Paused{}, false
	}
	p := Paused{At: c.Now()}
	for _, t := range trouble {
		switch {
		case t.Verdict == provider.Unauthorized:
			p.Kind, p.Reason = PauseUnauthorized, pauseReason("the channel access token was refused", t.Reason)
		case t.Verdict == provider.OverQuota && p.Kind == "":
			p.Kind, p.Reason = PauseQuota, pauseReason("monthly limit reached", t.Reason)
		}
	}
	return p, p.Kind != ""
}

func pauseReason(what, words string) string {
	if words == "" {
		return what
	}
	return what + ": " + words
}

// pause stops the channel for good, then tells the campaigns and does the rest.
func (ch *Channel) pause(c *call, p Paused, then func()) {
	p.Campaigns = ch.everyCampaign()
	engine.Persist(c, []Event{p}, func() {
		c.Log().Warn("channel paused", "channel", ch.name, "kind", string(p.Kind), "reason", p.Reason)
		ch.probing.again(ch.now(c))
		ch.watch(c)
		ch.tell(c, p.Campaigns)
		then()
	})
}

// resume ends the pause, if there is one, then does the rest.
func (ch *Channel) resume(c *call, by string, then func()) {
	if ch.state.pause == nil {
		then()
		return
	}
	campaigns := ch.everyCampaign()
	engine.Persist(c, []Event{Resumed{c.Now(), by}}, func() {
		c.Log().Info("channel resumed", "channel", ch.name, "by", by)
		ch.tell(c, campaigns)
		ch.grantDemand(c)
		then()
	})
}

func (ch *Channel) resumeByOperator(c *call) {
	ch.probing.ended = 0
	if ch.granter.runs.needQuota() {
		ch.readQuota(c)
	}
	ch.resume(c, "operator", func() { ch.describe(c, "") })
}

// watch sets the time of the next probe.
func (ch *Channel) watch(c *call) { c.After(ch.probing.next(), probe{pause: ch.probing.pause}) }

func (ch *Channel) probe(c *call, m probe) {
	if m.pause != ch.probing.pause || ch.state.pause == nil {
		return
	}
	if ch.quota.busy { // one question at a time
		c.After(probeFirst, m)
		return
	}
	ch.quota.busy = true
	settings := ch.state.settings
	c.Go(func(ctx context.Context) actors.ChannelMsg {
		q, err := ch.deps.quotaOf(ctx, settings, probeTimeout)
		return probed{pause: m.pause, quota: q, err: err}
	})
}

func (ch *Channel) afterProbe(c *call, m probed) {
	ch.answered(c, m.quota, m.err)
	if m.pause != ch.probing.pause || ch.state.pause == nil {
		return
	}
	if !over(ch.state.pause.Kind, m.quota, m.err) {
		ch.watch(c)
		return
	}
	ch.probing.ended = ch.now(c)
	ch.resume(c, "probe", func() {})
}

// over decides whether a probe's answer ends a pause.
func over(kind PauseKind, q provider.Quota, err error) bool {
	if err != nil {
		return false
	}
	return kind != PauseQuota || !q.Limited || q.Used < q.Limit
}
