package fleet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/linesim"
)

// Judge compares what the fleet says with what the provider has, and says what is wrong.
func (w *World) Judge() (wrong []string) {
	say := func(format string, args ...any) {
		if len(wrong) < 20 {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	got, known := map[string][]linesim.Delivery{}, map[string]bool{}
	for d := range w.Sim.Deliveries() {
		got[d.User] = append(got[d.User], d)
	}
	for _, m := range w.missions {
		for _, r := range m.rows {
			known[r.user] = true
		}
		w.judgeMission(m, got, say)
	}
	for user := range got {
		if !known[user] {
			say("a stranger got a message: %s", user)
		}
	}
	for e, limit := range map[provider.Endpoint]int{provider.Push: w.o.Limits.Push, provider.Multicast: w.o.Limits.Multicast} {
		if n, at := w.Busiest(e); limit > 0 && n > limit {
			say("%d calls of endpoint %d started in the second from %v: the limit is %d", n, e, at, limit)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(wrong, w.faults...)
}

func (w *World) judgeMission(m *Mission, got map[string][]linesim.Delivery, say func(string, ...any)) {
	if !m.info.State.Final() {
		say("%s is not final after %v: %s, %s, %v", m.Name, w.Now(), m.info.State, m.info.Reason, m.info.Totals)
		return
	}
	outcomes, reasons, totals, err := w.read(m)
	if err != nil {
		say("%s can't be read: %v", m.Name, err)
		return
	}
	if n := m.info.Totals.Sum(); int(n) != len(m.rows) || m.info.Totals[actors.Pending] != 0 || totals.Sum() != n || len(outcomes) != len(m.rows) {
		say("%s: the sum is %d, the ledger has %d of %d recipients; campaign %v, checker %v", m.Name, n, len(outcomes), len(m.rows), m.info.Totals, totals)
	}
	if took := m.final - m.accepted; m.Within > 0 && took > m.Within {
		say("%s took %v, longer than %v", m.Name, took, m.Within)
	}
	for i, r := range m.rows {
		o, listed := outcomes[r.user]
		d := got[r.user]
		switch {
		case !listed:
			say("%s row %d is missing", m.Name, i)
		case len(d) > 1:
			say("%s row %d got %d messages (%v): keys %s %s at %v and %v", m.Name, i, len(d), o, d[0].Key, d[1].Key, d[0].At.Sub(w.began), d[1].At.Sub(w.began))
		case o == actors.Delivered && len(d) != 1, o != actors.Delivered && o != actors.Unknown && len(d) != 0:
			say("%s row %d is %v (%s), and the provider accepted %d", m.Name, i, o, reasons[r.user], len(d))
		case len(d) == 1 && d[0].BodySHA256 != r.body():
			say("%s row %d got another body", m.Name, i)
		case o == actors.Unknown && !m.Unknown:
			say("%s row %d is unknown (%s), which nothing excuses", m.Name, i, reasons[r.user])
		case o != actors.Delivered && !r.strange && (r.personal || !m.blemished()):
			say("%s row %d is %v (%s), though nothing stood in the way", m.Name, i, o, reasons[r.user])
		}
	}
}

// read asks campaign and checker for everything.
func (w *World) read(m *Mission) (outcomes map[string]actors.Outcome, reasons map[string]string, totals actors.Totals, err error) {
	layout, err := Insist[actors.RunLayout](w, actors.Campaigns, m.ID, actors.CampaignMsg(actors.Layout{}))
	if err != nil {
		return nil, nil, totals, err
	}
	p, err := Insist[actors.Progress](w, actors.Checkers, layout.Run, actors.CheckerMsg(actors.Totalled{Run: layout.Run}))
	if err != nil {
		return nil, nil, totals, err
	}
	page, err := Insist[actors.Outcomes](w, actors.Checkers, layout.Run, actors.CheckerMsg(actors.Page{Span: actors.Span{Hi: layout.Table.Recipients}}))
	if err != nil {
		return nil, nil, totals, err
	}
	outcomes, reasons = map[string]actors.Outcome{}, map[string]string{}
	for n := range layout.Table.Chunks {
		chunk, err := campaign.LoadChunk(context.Background(), w.Store, layout.Chunks, uint32(n))
		if err != nil {
			return nil, nil, totals, err
		}
		for i, r := range chunk.Recipients {
			outcomes[r.User], reasons[r.User] = page.Outcomes[int(chunk.First)+i], page.Reasons[int(chunk.First)+i]
		}
	}
	return outcomes, reasons, p.Totals, nil
}

// Busiest is the most calls of an endpoint that started in any second, over all nodes.
func (w *World) Busiest(e provider.Endpoint) (most int, at time.Duration) {
	times := w.Starts(e)
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

// Starts are the times at which calls of an endpoint started, in order.
func (w *World) Starts(e provider.Endpoint) (times []time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.starts {
		if s.endpoint == e {
			times = append(times, s.at)
		}
	}
	slices.Sort(times)
	return times
}
