package cluster

import (
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"math/bits"
	"slices"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// mark is what members tell each other on the way that messages take, as JSON. Its place on that way is what counts.
type mark struct {
	What   marking  `json:"what"`
	Epoch  uint64   `json:"epoch,omitempty"`  // herald, ask: of the sender's view; flushed: of the one that its places are drawn by
	Number uint64   `json:"number,omitempty"` // flush, flushed
	To     string   `json:"to,omitempty"`     // passed
	Shards shardSet `json:"shards,omitempty"` // herald, ask, passed
}

// marking is a kind of mark.
type marking string

const (
	herald  marking = "herald"  // from now on I send you what is for these: my view says that they are yours
	ask     marking = "ask"     // from now on I send you nothing for these: tell when all that I sent has arrived where they are
	passed  marking = "passed"  // the answer: it has arrived there
	flush   marking = "flush"   // tell when this has arrived
	flushed marking = "flushed" // the answer
)

// shardSet has a bit for each shard of a role.
type shardSet map[string]uint64

var _ [64 - Shards]struct{} // a bit for each

func (s shardSet) add(shard journal.Shard) { s[shard.Role] |= 1 << shard.Number }

func (s shardSet) remove(shard journal.Shard) { s[shard.Role] &^= 1 << shard.Number }

func (s shardSet) has(shard journal.Shard) bool { return s[shard.Role]>>shard.Number&1 == 1 }

func (s shardSet) size() (n int) {
	for _, numbers := range s {
		n += bits.OnesCount64(numbers)
	}
	return n
}

// with is the shards of both.
func (s shardSet) with(others shardSet) shardSet {
	both := maps.Clone(s)
	for role, numbers := range others {
		both[role] |= numbers
	}
	return both
}

// all gives the shards, always in one order.
func (s shardSet) all() iter.Seq[journal.Shard] {
	return func(yield func(journal.Shard) bool) {
		for _, role := range slices.Sorted(maps.Keys(s)) {
			for n := range Shards {
				if shard := (journal.Shard{Role: role, Number: n}); s.has(shard) && !yield(shard) {
					return
				}
			}
		}
	}
}

// setsOf is sets by something else, made when needed.
type setsOf[K comparable] map[K]shardSet

func (s setsOf[K]) add(key K, shard journal.Shard) {
	if s[key] == nil {
		s[key] = shardSet{}
	}
	s[key].add(shard)
}

// markAgain is how long after a mark that couldn't be sent it is tried again: the lane was full, or its member is none any more.
const markAgain = 50 * time.Millisecond

// mark sends one, or tells why it couldn't. Who is no member any more needs none.
func (m *Member) mark(to string, k mark) error {
	word, err := json.Marshal(k)
	if err == nil {
		err = m.system().Mark(to, word)
	}
	if err != nil {
		m.log.Debug("mark not sent", "to", to, "what", string(k.What), "error", err)
	}
	return err
}

// lateMark waits for room on the way to a member.
type lateMark struct {
	to string
	mark
}

// tellMark sends a mark that isn't a question, now or when there is room: who waits for it would wait for as long as a detour lasts. It is as
// true later.
func (m *Member) tellMark(to string, k mark) {
	if errors.Is(m.mark(to, k), engine.ErrBacklog) {
		m.loop.keepMark(lateMark{to, k})
		m.markSoon()
	}
}

// keepMark keeps one. There are no more than members and what can be said of each: the shards of like ones are told together, and of answers
// to a flush the newest is enough.
func (l *loop) keepMark(late lateMark) {
	for i := range l.lateMarks {
		if k := &l.lateMarks[i]; k.to == late.to && k.What == late.What && k.To == late.To {
			k.Epoch, k.Number = max(k.Epoch, late.Epoch), max(k.Number, late.Number)
			k.Shards = k.Shards.with(late.Shards)
			return
		}
	}
	l.lateMarks = append(l.lateMarks, late)
}

// markSoon has the loop send again what it couldn't.
func (m *Member) markSoon() {
	if m.loop.markAt == 0 {
		m.loop.markAt = m.now() + markAgain
	}
}

// marks sends again what couldn't be sent.
func (m *Member) marks(now time.Duration) {
	l := &m.loop
	if l.markAt == 0 || now < l.markAt {
		return
	}
	l.markAt = 0
	late := l.lateMarks
	l.lateMarks = nil
	for _, k := range late {
		m.tellMark(k.to, k.mark)
	}
	m.askOwners()
	for to, w := range l.ways {
		m.askWay(to, w)
	}
}

// Marked implements engine.Marked.
func (m *Member) Marked(from string, word []byte) {
	var k mark
	if err := json.Unmarshal(word, &k); err != nil {
		m.log.Warn("mark not understood", "from", from, "error", err)
		return
	}
	switch k.What {
	case herald:
		m.places.heralded(k.Epoch, k.Shards)
	case flush:
		m.answerFlush(from, k.Number)
	case flushed:
		m.post(func() { m.flushed(from, k.Number, k.Epoch) })
	case ask:
		m.unseen.Add(1)
		m.post(func() { m.owe(debt{from: from, epoch: k.Epoch, shards: k.Shards}) })
	case passed:
		m.post(func() { m.passed(from, k.To, k.Shards) })
	}
}

// answerFlush tells that all has arrived that was sent before. Where there is no room the loop does.
func (m *Member) answerFlush(to string, number uint64) {
	answer := mark{What: flushed, Number: number, Epoch: m.places.drawnBy()}
	if errors.Is(m.mark(to, answer), engine.ErrBacklog) {
		m.post(func() { m.tellMark(to, answer) })
	}
}
