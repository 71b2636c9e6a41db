package objects

import (
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"time"
)

// Op is what a [Call] asks for.
type Op string

// Operations, and the deliveries of the watches.
const (
	OpPutRecord   Op = "put_record"
	OpRecord      Op = "record"
	OpWatchRecord Op = "watch_record"
	OpPutView     Op = "put_view"
	OpView        Op = "view"
	OpWatchView   Op = "watch_view"
	OpPutFences   Op = "put_fences"
	OpFences      Op = "fences"
)

// Call is one request of a client, or one delivery to its watch.
type Call struct {
	Client string
	Op     Op
	Number uint64 // counts this client's calls of this Op, from 1
}

// Fault is what becomes of a call. The zero Fault is an answer at once.
type Fault struct {
	Request     time.Duration // on the way to the store: it may arrive after the caller's deadline, and is stored then
	Answer      time.Duration // on the way back, or of a delivery
	LoseRequest bool
	LoseAnswer  bool // after it was carried out; a delivery that is lost interrupts the watch
	Busy        bool // the store answers ErrBusy
	Blind       bool // where it is refused, the read after it fails: Refused.Known is false
}

// Faults decides about each call. It is asked under the store's lock and must not use the store.
type Faults func(Call) Fault

// Odds are the probabilities of [Seeded], 0 to 1, and its times.
type Odds struct {
	LoseRequest float64
	LoseAnswer  float64
	Busy        float64
	Blind       float64
	Interrupt   float64       // of each delivery of a watch
	Straggle    float64       // the request takes up to Late
	Latency     time.Duration // each way, at most
	Late        time.Duration
}

// Seeded draws faults from the seed and the call alone, so that they don't hang on the order in which goroutines run.
func Seeded(seed uint64, o Odds) Faults {
	return func(c Call) Fault {
		r := rand.New(rand.NewPCG(seed, c.hash()))
		f := Fault{Request: upTo(r, o.Latency), Answer: upTo(r, o.Latency)}
		if late := upTo(r, o.Late); r.Float64() < o.Straggle {
			f.Request = late
		}
		f.LoseRequest = r.Float64() < o.LoseRequest
		f.LoseAnswer = r.Float64() < o.LoseAnswer
		f.Busy = r.Float64() < o.Busy
		f.Blind = r.Float64() < o.Blind
		if c.Op == OpWatchRecord || c.Op == OpWatchView {
			f.LoseAnswer = r.Float64() < o.Interrupt
		}
		return f
	}
}

func (c Call) hash() uint64 {
	h := fnv.New64a()
	h.Write([]byte(c.Client + "\x00" + string(c.Op) + "\x00" + strconv.FormatUint(c.Number, 10)))
	return h.Sum64()
}

func upTo(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d) + 1)) }
