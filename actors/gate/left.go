package gate

func (g *gate) withdraw(m Withdraw) (waited bool) {
	r := g.parked.runs[m.Run]
	w := g.parked.all[key{r, m.Path, m.Poster}]
	if w != nil {
		g.parked.remove(w)
	}
	return w != nil
}

// left forgets what a poster had that is no more. A token that it had not seen was surely not used; of a call that it had begun the
// channel keeps the place for as long as it could need.
func (g *gate) left(m Left) {
	switch f := g.flights[m.Calling]; {
	case m.Calling == 0:
		if !g.withdraw(Withdraw{Run: m.Run, Path: m.Path, Poster: m.Poster}) {
			g.unused(Unused{Token: g.unseen(holder{m.Run, m.Path, m.Poster})})
		}
	case f.lot != nil:
		f.lot.out--
		fallthrough
	default:
		g.land(m.Calling)
	}
}

// unseen is the token on its way to a poster that has left; 0: none is. There are few, and they are searched for.
func (g *gate) unseen(to holder) uint64 {
	for token, f := range g.flights {
		if f.to == to {
			return token
		}
	}
	return 0
}
