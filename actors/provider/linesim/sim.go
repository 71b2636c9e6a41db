package linesim

import (
	"sync"
	"time"

	"github.com/google/uuid"
)

// Sim is the simulator's core. It is safe for concurrent use, holds no socket and no timer.
type Sim struct {
	options Options
	strict  bool

	mu       sync.Mutex
	dice     *dice
	ledger   *ledger
	channels map[string]*channel
	states   map[[16]byte]state // users that aren't reachable, by packed id
	quota    int64              // monthly, of every channel; Unlimited
	number   uint64             // requests so far, gives request ids
	counts   counts
}

// counts are what the ledger tells besides deliveries.
type counts struct {
	requests  [endpoints]int
	conflicts int // 409
	throttled int // 429 for the rate, by a bucket or a fault
}

// state of a user.
type state uint8

const (
	active state = iota
	blocked
	unknown
)

// New makes a simulator.
func New(o Options) *Sim {
	s := &Sim{options: o, strict: !o.LedgerOnly}
	s.Reset()
	return s
}

// Reset forgets everything and is as New left it: ledger, keys, counts, rates, users, quota, and faults set later.
func (s *Sim) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dice = newDice(s.options.Faults)
	s.ledger = newLedger()
	s.channels = map[string]*channel{}
	s.states = map[[16]byte]state{}
	s.counts = counts{}
	s.quota = Unlimited
	if s.options.Quota != nil {
		s.quota = *s.options.Quota
	}
	for _, token := range s.options.Tokens {
		s.channels[token] = newChannel(len(s.channels))
	}
}

// SetFaults changes what goes wrong from now on. The chance starts again from the seed.
func (s *Sim) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dice = newDice(f)
}

// SetQuota changes the monthly limit of every channel; Unlimited for none.
func (s *Sim) SetQuota(limit int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota = limit
}

// Block makes users silently unreachable: accepted, counted here, not billed.
func (s *Sim) Block(ids ...string) { s.setState(blocked, ids) }

// Forget makes users unknown: a request that names one is refused as a whole.
func (s *Sim) Forget(ids ...string) { s.setState(unknown, ids) }

// Restore makes users reachable again.
func (s *Sim) Restore(ids ...string) { s.setState(active, ids) }

func (s *Sim) setState(to state, ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if packed, _ := userID(id); to == active {
			delete(s.states, packed)
		} else {
			s.states[packed] = to
		}
	}
}

// Draw tells what will befall the next request: wait fate.Wait, then Decide, then wait fate.Latency.
func (s *Sim) Draw() Fate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dice.draw()
}

// Decide answers one request. The zero Fate is a request that nothing befalls.
func (s *Sim) Decide(q *Request, fate Fate, now time.Time) Decision {
	x := examine(q, s.strict)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	d := s.decide(q, &x, fate.fault, now)
	d.RequestID = requestID(s.number)
	return d
}

// nextID is the id of a request that isn't decided by the core.
func (s *Sim) nextID() uuid.UUID {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	return requestID(s.number)
}

// channel finds the channel of a token, nil where the token is unknown.
func (s *Sim) channel(token string) *channel {
	if ch, ok := s.channels[token]; ok {
		return ch
	}
	if token == "" || len(s.options.Tokens) > 0 {
		return nil
	}
	ch := newChannel(len(s.channels))
	s.channels[token] = ch
	return ch
}

// Quota tells a channel's monthly limit and what it has used; ok is false where the token is unknown.
func (s *Sim) Quota(token string, now time.Time) (limit, used int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channel(token)
	if ch == nil {
		return 0, 0, false
	}
	ch.turn(now)
	return s.quota, ch.used, true
}
