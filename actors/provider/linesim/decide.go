package linesim

import "time"

// decide runs the gates in LINE's order. Called under the lock.
func (s *Sim) decide(q *Request, x *exam, f fault, now time.Time) Decision {
	s.counts.requests[x.at]++
	ch := s.channel(q.Token)
	if ch == nil || f == unauthorized {
		return refuse(&saysUnauthorized)
	}
	if refused := s.admit(ch, x.at, f, now); refused != nil {
		return refuse(refused)
	}
	if x.wrong != nil && x.wrong.status != 400 {
		return refuse(x.wrong) // too large or of another media type: refused unread
	}
	if x.badKey || q.Validate && q.Key != "" {
		return refuse(&saysBadKey)
	}
	switch f {
	case errorBefore:
		ch.try(x.key, now)
		return refuse(&saysError)
	case resetBefore:
		ch.try(x.key, now)
		return Decision{Manner: Cut}
	}
	if q.Validate {
		return s.validated(x)
	}
	return after(s.settle(ch, q, x, now), f)
}

// admit counts the request against the channel's rate, and brings the three causes of a 429.
func (s *Sim) admit(ch *channel, at endpoint, f fault, now time.Time) *refusal {
	limits := s.options.Limits
	within := limits.Off || ch.buckets[at].take(now, limits.rate(at))
	switch {
	case !within || f == rateLimited:
		s.counts.throttled++
		return &saysRateLimit
	case f == monthlyLimited:
		return &saysMonthlyLimit
	case f == concurrencyLimited:
		return &saysConcurrency
	}
	return nil
}

func (s *Sim) validated(x *exam) Decision {
	if x.wrong != nil {
		return refuse(x.wrong)
	}
	return Decision{Status: 200}
}

// settle accepts the request or says why not.
func (s *Sim) settle(ch *channel, q *Request, x *exam, now time.Time) Decision {
	wrong := x.wrong
	if s.options.Order == BodyFirst && wrong == nil {
		wrong = s.unreachable(x)
	}
	if s.options.Order == BodyFirst && wrong != nil {
		ch.try(x.key, now)
		return refuse(wrong)
	}
	if conflict, ok := s.conflict(ch, x, now); ok {
		return conflict
	}
	if wrong == nil {
		wrong = s.unreachable(x)
	}
	if wrong == nil {
		wrong = s.bill(ch, x, now)
	}
	if wrong != nil {
		ch.try(x.key, now)
		return refuse(wrong)
	}
	return s.accept(ch, x, now)
}

// conflict tells whether the key was accepted within its life.
func (s *Sim) conflict(ch *channel, x *exam, now time.Time) (Decision, bool) {
	if x.key == ([16]byte{}) {
		return Decision{}, false
	}
	a, ok := s.ledger.accepted(ch.number, x.key)
	if !ok || now.UnixNano()-a.since >= int64(KeyLife) {
		return Decision{}, false
	}
	s.counts.conflicts++
	d := refuse(&saysAccepted)
	d.AcceptedRequestID = requestID(a.number)
	if !a.multicast {
		d.sent = sent{a.number, a.sent, a.quotable}
	}
	return d, true
}

// unreachable refuses the whole request for one unknown user.
func (s *Sim) unreachable(x *exam) *refusal {
	if !s.strict || len(s.states) == 0 {
		return nil
	}
	for _, id := range x.to {
		if packed, _ := userID(id); s.states[packed] == unknown {
			return &saysFailed
		}
	}
	return nil
}

// bill charges the recipients who haven't blocked the account, all or none.
func (s *Sim) bill(ch *channel, x *exam, now time.Time) *refusal {
	ch.turn(now)
	cost := int64(len(x.to))
	if len(s.states) > 0 {
		for _, id := range x.to {
			if packed, _ := userID(id); s.states[packed] == blocked {
				cost--
			}
		}
	}
	if s.quota != Unlimited && ch.used+cost > s.quota {
		return &saysMonthlyLimit
	}
	ch.used += cost
	return nil
}

func (s *Sim) accept(ch *channel, x *exam, now time.Time) Decision {
	a := acceptance{
		key: x.key, at: now.UnixNano(), since: ch.keySince(x.key, now), number: s.number,
		channel: ch.number, sent: x.sent, quotable: x.quotable, multicast: x.at == multicast,
	}
	delete(ch.tried, x.key)
	s.ledger.accept(a, x.body, x.to)
	d := Decision{Status: 200}
	if !a.multicast {
		d.sent = sent{s.number, a.sent, a.quotable}
	}
	return d
}

// after lets a fault hide an acceptance, the first or a repeated one.
func after(d Decision, f fault) Decision {
	if d.Status != 200 && d.Status != 409 {
		return d
	}
	switch f {
	case errorAfter:
		return refuse(&saysError)
	case resetAfter:
		return Decision{Manner: Cut}
	case timeoutAfter:
		return Decision{Manner: Held}
	}
	return d
}
