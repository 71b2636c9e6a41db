package recipient

import (
	"fmt"
	"strconv"
	"strings"

	"hayauma.example/actors"
)

// How a channel's settings are spread. All of it is stored in the books' identities and never changes.
const (
	shards    = 64 // of the role of posters
	volumes   = 4  // books of one shard, so that what a shard has needn't fit into one record
	BookCount = shards * volumes
)

// Addresses know which book a user's settings are in. They are safe for concurrent use.
type Addresses struct {
	shard  func(role, key string) int
	tokens [BookCount]string // by number: what names a book in each channel
	number map[string]int    // by token
}

// NewAddresses finds the books' names; shard is the number of a key's shard among the 64 of a role. A shard that no short number falls into
// is a panic: then shard is no hash.
func NewAddresses(shard func(role, key string) int) *Addresses {
	const most = 1 << 20
	a := &Addresses{shard: shard, number: make(map[string]int, BookCount)}
	var found [shards]int
	for i, missing := 0, BookCount; missing > 0; i++ {
		if i == most {
			panic(fmt.Sprintf("recipient: %d names were tried, and %d of %d books have none", most, missing, BookCount))
		}
		token := strconv.Itoa(i)
		s := a.shardOf(token)
		if found[s] == volumes {
			continue
		}
		a.tokens[s*volumes+found[s]], a.number[token] = token, s*volumes+found[s]
		found[s]++
		missing--
	}
	return a
}

func (a *Addresses) shardOf(key string) int { return a.shard(actors.RolePoster, key) }

// Number is the number of a user's book, below BookCount. It lives where the user's posters do, whatever the channel.
func (a *Addresses) Number(user string) int {
	return a.shardOf(user)*volumes + volumeOf(user)
}

// volumeOf is FNV-1a of 32 bits with Murmur3's last step, so that it has nothing to do with the shard, which is FNV-1a of 64 bits.
func volumeOf(user string) int {
	h := uint32(2166136261)
	for i := range len(user) {
		h = (h ^ uint32(user[i])) * 16777619
	}
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return int((h ^ h>>16) % volumes)
}

// Book is the identity of a channel's book of that number.
func (a *Addresses) Book(channel string, number int) string { return channel + "/" + a.tokens[number] }

// Of is the identity of the book with a user's settings.
func (a *Addresses) Of(channel, user string) string { return a.Book(channel, a.Number(user)) }

// place is the channel and the number of a book by its identity; false: it is none's.
func (a *Addresses) place(book string) (channel string, number int, ok bool) {
	channel, token, _ := strings.Cut(book, "/")
	number, ok = a.number[token]
	return channel, number, ok
}
