package journaltest

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"hayauma.example/engine/journal"
)

// Question is one request of a client. Op is one of claim, append, replay, purge, grains, skew and stats.
type Question struct {
	Client string
	Op     string
	Shard  journal.Shard
	Grain  journal.Grain
	Number uint64 // counts this client's requests that are alike in all of the above, from 1
}

// Hitch is what becomes of a request. The zero Hitch is an answer at once.
type Hitch struct {
	Request     time.Duration // on the way to the store: it is carried out then, whoever waits for it
	Answer      time.Duration // on the way back
	LoseRequest bool
	LoseAnswer  bool // after it was carried out
	Busy        bool // the store answers journal.ErrBusy: a leader that is overrun, or too many batches
}

// Hitches decides about each request. It must not use the server.
type Hitches func(Question) Hitch

// Odds are the probabilities of [Seeded], 0 to 1, and its times.
type Odds struct {
	LoseRequest float64
	LoseAnswer  float64
	Busy        float64
	Straggle    float64       // the request takes up to Late
	Latency     time.Duration // each way, at most
	Late        time.Duration
}

// Seeded draws hitches from the seed and the question alone, so that they don't hang on the order in which goroutines run.
func Seeded(seed uint64, o Odds) Hitches {
	return func(q Question) Hitch {
		r := rand.New(rand.NewPCG(seed, q.hash()))
		h := Hitch{Request: upTo(r, o.Latency), Answer: upTo(r, o.Latency)}
		if late := upTo(r, o.Late); r.Float64() < o.Straggle {
			h.Request = late
		}
		h.LoseRequest = r.Float64() < o.LoseRequest
		h.LoseAnswer = r.Float64() < o.LoseAnswer
		h.Busy = r.Float64() < o.Busy
		return h
	}
}

func (q Question) hash() uint64 {
	h := fnv.New64a()
	for _, s := range []string{q.Client, q.Op, q.Shard.Role, q.Grain.Kind, q.Grain.ID} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	h.Write(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(q.Shard.Number)), q.Number))
	return h.Sum64()
}

func upTo(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d) + 1)) }
