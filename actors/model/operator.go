package main

// operator: cancel, and redrive of recipients whose ledger shows failed or (acknowledged) unknown.
func (m *model) operator(s *state, emit emitter) {
	if !s.cancel {
		t := *s
		t.cancel = true
		emit(1, false, t, "operator: cancel (durable)", 0, 0, 0)
	} else { // the campaign's Ask; it may run before or after any Returned, and again
		t := *s
		for k := range m.c.keys {
			x := &t.k[k]
			switch {
			case x.plan == planTodo, x.plan == planOpen && x.returned&(1<<x.win) != 0:
				m.setUnsettled(&t, k, cancelled)
			case x.plan == planOpen && !x.split:
				m.setUnsettled(&t, k, unknown)
			}
		}
		if t != *s {
			emit(0, true, t, "checker: takes the campaign's cancel: unopened and returned are cancelled, the rest unknown", 0, 0, 0)
		}
	}
	if m.c.redriv {
		m.redrive(s, emit)
	}
	if m.c.evicts && !s.evict {
		t := *s
		t.evict = true
		if m.r.incarnation {
			for k := range t.k {
				t.k[k].rep[0] = 0
			}
		}
		emit(1, false, t, "member A hangs and is evicted (it may go on later)", 0, 0, 0)
	}
}

// redrive by the operator, in three durable steps: the campaign keeps that it is wanted, the checker reopens whoever stands so at that moment, and the
// campaign plans a path of the new generation. It goes on while the campaign is being cancelled: what was reopened is cancelled by its path.
func (m *model) redrive(s *state, emit emitter) {
	for k, d := range m.c.keys {
		r := d.recs[0]
		switch o := m.ledger(s, r); {
		case d.gen == 0:
		case s.redr[r] == redriveOpened && int(s.gen[r]) == d.gen:
			t := *s
			t.redr[r], t.k[k].plan = redriveNone, planTodo
			emit(0, true, t, "campaign: plans {k} (durable)", k, 0, 0)
			if !m.r.redriveAsked {
				t := *s
				t.redr[r] = redriveNone
				emit(1, false, t, "campaign: crashes and knows nothing of the redrive", k, 0, 0)
			}
		case s.redr[r] == redriveOpened, int(s.gen[r])+1 != d.gen:
		case s.redr[r] == redriveFailed && o == failed, s.redr[r] == redriveUnknown && o == unknown:
			t := *s
			t.redr[r], t.gen[r] = redriveOpened, uint8(d.gen)
			if o == unknown {
				t.ack[r] |= 1 << d.gen
			}
			emit(0, true, t, "checker: reopens a recipient that is "+outName[o]+" for {k} (durable)", k, 0, 0)
		case s.redr[r] != redriveNone:
			t := *s
			t.redr[r] = redriveNone
			emit(0, true, t, "checker: nothing to reopen for {k}, it is "+outName[o], k, 0, 0)
		case !s.cancel && (o == failed || o == unknown):
			t := *s
			t.redr[r] = redriveFailed
			if o == unknown {
				t.redr[r] = redriveUnknown
			}
			emit(0, false, t, "operator: wants what is "+outName[o]+" again (durable)", k, 0, 0)
		}
	}
}
