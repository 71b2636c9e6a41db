package main

// step checks a transition: an outcome `delivered` is never replaced, and a settled outcome never becomes open again.
func (m *model) step(s, t *state) string {
	for r := range s.out {
		for g, o := range s.out[r] {
			if o == delivered && t.out[r][g] != delivered || o == failed && t.out[r][g] < unknown {
				return "P3 a recorded outcome " + outName[o] + " was overwritten"
			}
		}
	}
	return ""
}

// check returns the violated property, or "".
func (m *model) check(s *state) string {
	for r := 0; r < m.c.recs; r++ {
		total := uint8(0)
		for g := range maxGens {
			a := s.acc[r][g]
			if a > 1 {
				return "P1 a recipient got one generation twice"
			}
			if a > 0 && total > 0 && s.ack[r]&(1<<g) == 0 {
				return "P1 a recipient got two generations, and the operator had seen `failed`"
			}
			total += a
		}
		switch o := m.ledger(s, r); {
		case o == delivered && total == 0:
			return "P3 the ledger says delivered, the provider never accepted"
		case total > 0 && (o == failed || o == cancelled || o == suppressed):
			return "P3 the provider accepted, the ledger says " + outName[o]
		}
	}
	for k, d := range m.c.keys {
		if x := &s.k[k]; x.returned&(1<<x.win) != 0 && x.plan == planOpen && s.acc[d.recs[0]][d.gen] > 0 && m.unsettled(s, k) {
			return "P3 the provider accepted, the path counts as returned"
		}
	}
	return ""
}

func (m *model) final(s *state) bool {
	for r := 0; r < m.c.recs; r++ {
		if m.ledger(s, r) == none {
			return false
		}
	}
	return true
}
