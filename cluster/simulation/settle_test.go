package simulation

import (
	"fmt"
	"strings"
	"time"

	"hayauma.example/cluster/roster"
	"hayauma.example/engine/journal"
)

const lookEvery = 100 * time.Millisecond

// settle waits until all is well again.
func (w *world) settle() {
	for {
		amiss := w.amiss()
		switch {
		case amiss == "":
			w.settled = w.now() - calmAt
			w.log.add("settled")
			return
		case w.now() > calmAt+settleIn:
			w.problem("not settled %v after the last fault: %s", settleIn, amiss)
			return
		}
		w.rest(lookEvery)
	}
}

// amiss says what is not well: every node active, every shard owned by whom the view says and by no other, every reminder fired.
func (w *world) amiss() string {
	v, err := w.shared.Client(observer).View(w.ctx)
	if err != nil {
		return err.Error()
	}
	view := v.View
	if len(view.Members) != len(w.plan.roles) {
		return fmt.Sprintf("%d members of %d", len(view.Members), len(w.plan.roles))
	}
	owned := map[journal.Shard]string{}
	for n := range w.plan.roles {
		p := w.current(n)
		if p == nil {
			return fmt.Sprintf("node %d is down", n)
		}
		if m, ok := view.Member(p.me); !ok || m.State != roster.Active {
			return fmt.Sprintf("node %d is not active", n)
		}
		if problem := owns(p, owned); problem != "" {
			return problem
		}
	}
	for _, role := range []string{roleRegisters, roleLines} {
		for n, owner := range roster.Place(view, role) {
			if s := (journal.Shard{Role: role, Number: n}); owned[s] != owner {
				return fmt.Sprintf("shard %v is owned by %q, the view says %q", s, owned[s], owner)
			}
		}
	}
	return w.fencesAmiss(owned)
}

// owns adds the shards that a process owns.
func owns(p *process, owned map[journal.Shard]string) string {
	for _, role := range p.member.Status().Roles {
		for n, s := range role.Shards {
			if s.Phase != roster.Owned {
				continue
			}
			shard := journal.Shard{Role: role.Role, Number: n}
			if other := owned[shard]; other != "" {
				return fmt.Sprintf("shard %v is owned by %s and %s", shard, other, p.me)
			}
			owned[shard] = p.me
		}
	}
	return ""
}

// fencesAmiss: the store says the same.
func (w *world) fencesAmiss(owned map[journal.Shard]string) string {
	var shards []journal.Shard
	for s := range owned {
		shards = append(shards, s)
	}
	for _, s := range w.memory.Stakes(shards) {
		f, err := roster.DecodeFence(s.Data)
		if err != nil || f.Owner != owned[s.Shard] || f.State != roster.FenceOwned {
			return fmt.Sprintf("shard %v: the fence says %+v, %v; owned by %s", s.Shard, f, err, owned[s.Shard])
		}
	}
	return ""
}

const finalFor = 10 * time.Second

// checkReads: every register answers at two nodes, the same, and has rung.
func (w *world) checkReads() {
	for i, key := range keys {
		for c := range 2 {
			w.finalRead(i+c, key)
		}
	}
	w.checkReminders()
}

func (w *world) finalRead(n int, key string) {
	node := n % len(w.plan.roles)
	o := &operation{client: 100 + n, node: node, key: key, in: Do{ID: fmt.Sprintf("final-%d-%s", n, key), Op: opRead}, at: w.now()}
	w.history.called(o)
	c := &client{w: w, n: 100, node: node}
	for {
		out, err := c.ask(o)
		if err == nil {
			w.history.ended(o, &out, w.now())
			w.log.add("%v", o)
			return
		}
		if w.now()-o.at > finalFor {
			w.history.ended(o, nil, 0)
			w.problem("register %s can't be read at node %d: %v", key, node, err)
			return
		}
		w.rest(20 * time.Millisecond)
	}
}

// checkReminders: those that were set have fired.
func (w *world) checkReminders() {
	var late []string
	for begin := w.now(); ; w.rest(lookEvery) {
		late = nil
		for _, key := range keys {
			if set, rang := w.rang(key); set && !rang {
				late = append(late, key)
			}
		}
		if len(late) == 0 {
			return
		}
		if w.now()-begin > 40*time.Second { // one that failed comes again after 30 s
			w.problem("reminders have not fired: %s", strings.Join(late, ", "))
			return
		}
	}
}

// rang asks a register whether its reminder was set, and has fired.
func (w *world) rang(key string) (set, rang bool) {
	for n := range w.plan.roles {
		out, err := (&client{w: w, n: 100, node: n}).ask(&operation{key: key, in: Do{Op: opRang}})
		if err == nil {
			return out.Value != 0, out.OK
		}
	}
	return true, false
}
