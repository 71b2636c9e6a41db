package main

func (m *model) poster(s *state, k, p int, emit emitter) {
	sl := s.k[k].slot[p]
	w := int(sl.w)
	if sl.st == empty {
		return
	}
	step := func(cost uint8, calm bool, n slot, text string, change func(*state)) {
		t := *s
		t.k[k].slot[p] = n
		if change != nil {
			change(&t)
		}
		emit(cost, calm, t, text, k, p, w)
	}
	late := m.r.deadlineAtPoster && s.k[k].age[w] > 0
	doubt := slot{held, sl.w, sl.re, 1, sl.ex}
	if sl.st == held {
		if !late {
			step(0, true, slot{calling, sl.w, sl.re, sl.doubt, sl.ex}, "poster {p}: calls the provider for {k}/{w}", func(t *state) { t.called = true && !m.r.freeRedrive })
		}
		if sl.re == 0 && sl.doubt == 0 && w+1 < nWin { // pause, drain, quota stop, cancel, 23 h: also a stale request to return
			step(0, true, slot{}, "poster {p}: {k}/{w} untried, drops it and reports Returned", func(t *state) { m.report(t, k, p, repReturned<<w) })
		}
		if late && (sl.re == 1 || sl.doubt == 1) {
			step(0, true, slot{}, "poster {p}: drops {k}/{w}, past its deadline", nil)
		}
		step(1, false, slot{}, "poster {p} crashes with {k}/{w}", nil)
		return
	}
	// sl.st == calling: the request is on its way or at the provider
	final := uint8(repFail)
	if m.c.keys[k].half[0] > 0 {
		final = repSplit
	}
	if sl.doubt == 1 && m.r.doubtPoster {
		final = repDoubt
	}
	acc, conflict := m.provider(s, k, sl.w)
	if acc {
		step(0, true, slot{}, "provider: accepts {k}/{w}; poster {p} gets 200, reports", func(t *state) { m.accept(t, k, sl.w, sl.ex); m.report(t, k, p, repOK) })
		step(1, false, doubt, "provider: accepts {k}/{w}; poster {p} gets a time-out or 500", func(t *state) { m.accept(t, k, sl.w, sl.ex) })
	}
	if conflict {
		step(0, true, slot{}, "provider: 409 for {k}/{w}; poster {p} reports accepted", func(t *state) { m.report(t, k, p, repOK) })
	}
	step(0, true, slot{}, "provider: 4xx for {k}/{w} (before its key table); poster {p} reports", func(t *state) { m.report(t, k, p, final) })
	if final == repSplit && !m.r.splitFirst {
		step(1, false, slot{}, "provider: 400 for {k}/{w}; poster {p} sends the halves and crashes before Split is durable", func(t *state) {
			for _, h := range m.c.keys[k].half {
				t.k[h].first |= 1 << w
			}
		})
	}
	step(1, false, doubt, "provider: nothing done for {k}/{w}; poster {p} gets a time-out or 500", nil)
	step(1, false, doubt, "poster {p} gives up waiting for {k}/{w}, the request is still on its way", func(t *state) { t.k[k].orphan |= 1 << w })
	step(1, false, slot{}, "poster {p} crashes during the call of {k}/{w}", func(t *state) { t.k[k].orphan |= 1 << w })
	step(0, false, slot{held, sl.w, sl.re, sl.doubt, sl.ex}, "provider: 429 or 401 for {k}/{w}; poster {p} keeps it", func(t *state) {
		if pr := m.prov(t, k, sl.w); m.r.seenStartsClock && pr.st == 0 {
			*pr = rec{1, sl.w}
		}
	})
}

// checker takes a report of the poster on p. Every report may also arrive once more later (its acknowledgement was lost).
func (m *model) checker(s *state, k, p int, emit emitter) {
	x := s.k[k]
	for b := uint8(1); b <= repReplan; b <<= 1 {
		if x.rep[p]&b == 0 {
			continue
		}
		keep := *s
		text := m.take(&keep, k, b)
		gone := keep
		gone.k[k].rep[p] &^= b
		emit(0, true, gone, "checker: "+text+" (from {p}), acknowledged", k, p, 0)
		emit(1, false, keep, "checker: "+text+" (from {p}), acknowledgement lost", k, p, 0)
		lost := *s
		lost.k[k].rep[p] &^= b
		emit(1, false, lost, "a report for {k} of the poster on {p} is lost for good (it crashed)", k, p, 0)
	}
}

func (m *model) take(t *state, k int, b uint8) string {
	x := &t.k[k]
	doubt := x.redriven && m.r.doubtRedriven
	switch {
	case b == repOK:
		m.set(t, k, delivered)
		return "{k} delivered"
	case b == repFail && !doubt:
		m.set(t, k, failed)
		return "{k} failed (4xx)"
	case b == repSplit && !doubt:
		if x.split || !m.unsettled(t, k) {
			return "{k} split request again"
		}
		x.split = true
		for _, h := range m.c.keys[k].half { // the root's poster tells the halves after the acknowledgement
			y := &t.k[h]
			y.plan, y.win, y.age = planOpen, x.win, x.age
			y.returned |= x.returned
			y.first |= 1 << x.win
		}
		return "Split{k} durable, halves told"
	case b == repFail, b == repSplit, b == repDoubt:
		m.set(t, k, unknown)
		return "{k} unknown (4xx in doubt)"
	case b == repReplan && !m.r.replanByChecker:
		if x.plan != planOpen {
			return "(the campaign instead) {k} planned anew already"
		}
		x.plan = planMoved
		t.k[m.c.keys[k].alt].plan = planTodo
		return "(the campaign instead) {k} planned anew under a new chunk id"
	}
	w := b / repReturned >> 1 // repReturned: 0, repReturned1: 1
	if b == repReplan || !m.r.returnedWindow {
		w = x.win
	}
	if x.redriven && (m.r.returnedRefused || b == repReplan) || !m.unsettled(t, k) {
		return "{k} Returned refused"
	}
	x.returned |= 1 << w
	return "{k} Returned recorded"
}
