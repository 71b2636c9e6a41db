package linesim

import "iter"

// Ledger is the sum of what was accepted and asked. Its JSON is that of GET /_sim/ledger.
type Ledger struct {
	Users      int      `json:"users"`      // distinct users accepted
	Deliveries int      `json:"deliveries"` // accepted (request, user)
	Duplicates int      `json:"duplicates"` // deliveries of a (channel, user, body) that had one before
	Requests   Requests `json:"requests"`
	Conflicts  int      `json:"conflicts"` // 409
	Throttled  int      `json:"throttled"` // 429 for the rate
}

// Requests counts all HTTP requests to an endpoint, whatever their answer.
type Requests struct {
	Push      int `json:"push"`
	Multicast int `json:"multicast"`
}

// Ledger sums up.
func (s *Sim) Ledger() Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Ledger{
		Users:      int(s.ledger.users.n),
		Deliveries: int(s.ledger.deliveries.n),
		Duplicates: s.ledger.duplicates,
		Requests:   Requests{Push: s.counts.requests[push], Multicast: s.counts.requests[multicast]},
		Conflicts:  s.counts.conflicts,
		Throttled:  s.counts.throttled,
	}
}

// Deliveries yields what was accepted before the call, in order of acceptance. Others may go on meanwhile; a Reset doesn't disturb it.
func (s *Sim) Deliveries() iter.Seq[Delivery] {
	return func(yield func(Delivery) bool) {
		l, n := s.view()
		var page []Delivery
		for from := uint32(0); from < n; from += chunkSize {
			page = s.page(l, page[:0], from, min(from+chunkSize, n))
			for _, d := range page {
				if !yield(d) {
					return
				}
			}
		}
	}
}

// view is the ledger and how much of it is there.
func (s *Sim) view() (*ledger, uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ledger, s.ledger.deliveries.n
}

func (s *Sim) page(l *ledger, page []Delivery, from, to uint32) []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := from; i < to; i++ {
		page = append(page, l.delivery(i))
	}
	return page
}

// User returns one user's deliveries in order of acceptance; none for one who had none. It reads the whole ledger.
func (s *Sim) User(id string) []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.ledger
	found := []Delivery{}
	number, ok := l.find(id)
	if !ok {
		return found
	}
	for i := range l.deliveries.n {
		if l.deliveries.at(i).user == number {
			found = append(found, l.delivery(i))
		}
	}
	return found
}
