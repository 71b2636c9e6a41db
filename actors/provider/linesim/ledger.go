package linesim

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/maphash"
	"time"

	"github.com/google/uuid"
)

// ledger is what was accepted. It isn't safe for concurrent use; records are only added.
type ledger struct {
	seed maphash.Seed

	users      chunks[user]
	acceptance chunks[acceptance]
	deliveries chunks[delivery]
	bodies     chunks[[32]byte]

	byUser, byKey, byBody, byTriple index

	odd        map[[16]byte]string // ids that aren't U and 32 hex digits
	duplicates int
}

// user is a recipient. Its id is the 16 bytes of U and 32 lower-case hex digits, or a hash of an odd id.
type user struct {
	id [16]byte
}

// acceptance is one accepted request.
type acceptance struct {
	key       [16]byte // zero: none
	at, since int64    // Unix ns: of the acceptance, and of the key's first request
	number    uint64   // of the request, gives its id
	body      uint32   // index of bodies
	channel   uint32
	sent      uint8 // message objects
	quotable  uint8 // bit i: message i has a quote token
	multicast bool
}

// delivery is one user of one acceptance.
type delivery struct{ user, acceptance uint32 }

// Delivery is one accepted (request, user).
type Delivery struct {
	User       string
	Key        string   // retry key, empty where the request had none
	BodySHA256 [32]byte // of the messages in canonical JSON
	At         time.Time
}

func newLedger() *ledger {
	return &ledger{seed: maphash.MakeSeed(), odd: map[[16]byte]string{}}
}

// userID packs an id; named tells whether the id is one of LINE's user ids, else its name must be kept aside.
func userID(id string) (packed [16]byte, named bool) {
	if isUserID(id) {
		_, err := hex.Decode(packed[:], []byte(id[1:]))
		return packed, err == nil
	}
	sum := sha256.Sum256([]byte(id))
	return [16]byte(sum[:16]), false
}

func isUserID(id string) bool {
	if len(id) != 33 || id[0] != 'U' {
		return false
	}
	for i := 1; i < len(id); i++ {
		if c := id[i]; c-'0' > 9 && c-'a' > 5 {
			return false
		}
	}
	return true
}

// accept records one acceptance for its recipients, each of whom stands in to once.
func (l *ledger) accept(a acceptance, body [32]byte, to []string) {
	a.body = l.bodyNumber(body)
	n := l.acceptance.add(a)
	if a.key != ([16]byte{}) {
		l.byKey.put(l.keyHash(a.channel, a.key), n, func(i uint32) bool { return l.sameKey(i, a.channel, a.key) }, l.keyHashOf)
	}
	for _, id := range to {
		u := l.userNumber(id)
		l.countTriple(l.deliveries.add(delivery{u, n}))
	}
}

// accepted finds the acceptance under a key.
func (l *ledger) accepted(channel uint32, key [16]byte) (*acceptance, bool) {
	n, ok := l.byKey.find(l.keyHash(channel, key), func(i uint32) bool { return l.sameKey(i, channel, key) })
	if !ok {
		return nil, false
	}
	return l.acceptance.at(n), true
}

func (l *ledger) userNumber(id string) uint32 {
	packed, named := userID(id)
	hash := maphash.Comparable(l.seed, packed)
	same := func(i uint32) bool { return l.users.at(i).id == packed }
	if n, ok := l.byUser.find(hash, same); ok {
		return n
	}
	if !named {
		l.odd[packed] = id
	}
	n := l.users.add(user{id: packed})
	l.byUser.put(hash, n, same, func(i uint32) uint64 { return maphash.Comparable(l.seed, l.users.at(i).id) })
	return n
}

func (l *ledger) bodyNumber(sum [32]byte) uint32 {
	hash := binary.LittleEndian.Uint64(sum[:])
	same := func(i uint32) bool { return *l.bodies.at(i) == sum }
	if n, ok := l.byBody.find(hash, same); ok {
		return n
	}
	n := l.bodies.add(sum)
	l.byBody.put(hash, n, same, func(i uint32) uint64 { return binary.LittleEndian.Uint64(l.bodies.at(i)[:]) })
	return n
}

// triple is what must be accepted once only.
type triple struct{ channel, user, body uint32 }

func (l *ledger) tripleOf(d uint32) triple {
	who := l.deliveries.at(d)
	a := l.acceptance.at(who.acceptance)
	return triple{a.channel, who.user, a.body}
}

func (l *ledger) countTriple(d uint32) {
	t := l.tripleOf(d)
	hash := maphash.Comparable(l.seed, t)
	same := func(i uint32) bool { return l.tripleOf(i) == t }
	if _, ok := l.byTriple.find(hash, same); ok {
		l.duplicates++
		return
	}
	l.byTriple.put(hash, d, same, func(i uint32) uint64 { return maphash.Comparable(l.seed, l.tripleOf(i)) })
}

func (l *ledger) keyHash(channel uint32, key [16]byte) uint64 {
	return maphash.Comparable(l.seed, struct {
		channel uint32
		key     [16]byte
	}{channel, key})
}

func (l *ledger) keyHashOf(i uint32) uint64 {
	a := l.acceptance.at(i)
	return l.keyHash(a.channel, a.key)
}

func (l *ledger) sameKey(i, channel uint32, key [16]byte) bool {
	a := l.acceptance.at(i)
	return a.channel == channel && a.key == key
}

// delivery reads one delivery.
func (l *ledger) delivery(n uint32) Delivery {
	d := l.deliveries.at(n)
	a := l.acceptance.at(d.acceptance)
	out := Delivery{User: l.name(d.user), BodySHA256: *l.bodies.at(a.body), At: time.Unix(0, a.at).UTC()}
	if a.key != ([16]byte{}) {
		out.Key = uuid.UUID(a.key).String()
	}
	return out
}

func (l *ledger) name(n uint32) string {
	id := l.users.at(n).id
	if odd, ok := l.odd[id]; ok {
		return odd
	}
	return "U" + hex.EncodeToString(id[:])
}

// find returns the number of a user who had a delivery.
func (l *ledger) find(id string) (uint32, bool) {
	packed, _ := userID(id)
	return l.byUser.find(maphash.Comparable(l.seed, packed), func(i uint32) bool { return l.users.at(i).id == packed })
}
