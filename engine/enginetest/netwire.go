package enginetest

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"hayauma.example/engine/enginetest/bubble"
)

// wire is a lane between two members: what its sender holds, what is under way, and what its receiver has. Guarded by net.mu.
type wire struct {
	net *Network
	lane

	unacked []parcel // at the sender, in order
	bytes   int      // of them
	next    uint64   // number of the next packet

	connected bool
	epoch     int       // counts connections: what belongs to an earlier one is lost
	flight    []flying  // packets under way, in order of arrival
	last      time.Time // when the last of flight arrives

	received   uint64 // number of the last packet that its receiver has had
	delivering bool   // a goroutine is within deliver
}

type parcel struct {
	number  uint64
	bytes   []byte
	written bool // to some connection
}

type flying struct {
	parcel
	at time.Time
}

// take takes a packet from its sender.
func (w *wire) take(b []byte) {
	w.unacked = append(w.unacked, parcel{number: w.next, bytes: b})
	w.next++
	w.bytes += len(b)
	if w.connected {
		w.launch(&w.unacked[len(w.unacked)-1])
	}
}

func (w *wire) launch(p *parcel) {
	p.written = true
	now := time.Now()
	at := now.Add(w.net.latency)
	if w.net.jitter > 0 {
		at = at.Add(w.jitter(p.number))
	}
	if at.Before(w.last) {
		at = w.last
	}
	w.last = at
	w.flight = append(w.flight, flying{*p, at})
	w.later(at.Sub(now), w.deliver)
}

// jitter is drawn from the seed, the lane and the packet alone, so that it doesn't hang on the order in which goroutines run.
func (w *wire) jitter(number uint64) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(w.from + "\x00" + w.to))
	h.Write(binary.LittleEndian.AppendUint64([]byte{0, byte(w.Lane)}, number))
	r := rand.New(rand.NewPCG(w.net.seed, h.Sum64()))
	return time.Duration(r.Int64N(int64(w.net.jitter)))
}

// later calls f with the lock held unless the connection is another by then.
func (w *wire) later(d time.Duration, f func()) {
	epoch := w.epoch
	bubble.AfterFunc(d, func() {
		w.net.mu.Lock()
		defer w.net.mu.Unlock()
		if w.epoch == epoch {
			f()
		}
	})
}

// up connects, and sends what is not acknowledged.
func (w *wire) up() {
	if w.connected || w.net.wires[w.lane] != w || !w.net.linked(w.way) {
		return
	}
	w.connected = true
	w.epoch++
	for i := range w.unacked {
		w.launch(&w.unacked[i])
	}
}

// down loses what is under way.
func (w *wire) down() {
	w.connected = false
	w.epoch++
	w.flight, w.last = nil, time.Time{}
}

// deliver gives all that has arrived to the receiver. One goroutine does so at a time; another finds it at work and leaves the rest
// to it. The lock is not held within Receive.
func (w *wire) deliver() {
	if w.delivering {
		return
	}
	w.delivering = true
	defer func() {
		w.delivering = false
		w.net.idle.Broadcast()
	}()
	for len(w.flight) > 0 && !w.flight[0].at.After(time.Now()) {
		p := w.flight[0].parcel
		w.flight = w.flight[1:]
		w.arrive(p)
	}
}

func (w *wire) arrive(p parcel) {
	to := w.net.members[w.to]
	switch {
	case w.net.cuts[w.way]:
		return // it is sent again when the cut is mended
	case p.number <= w.received:
		to.stats.Duplicates++
	case p.number > w.received+1:
		return // one before it was lost in a cut that is mended by now: its wire is made again
	default:
		w.receive(to, p)
	}
	received := w.received
	w.later(w.net.latency, func() { w.acknowledge(received) })
}

func (w *wire) receive(to *Member, p parcel) {
	w.net.mu.Unlock()
	defer func() {
		w.net.mu.Lock()
		w.received = p.number
		to.stats.Received++
	}()
	to.receiver.Receive(w.from, w.Lane, slices.Values([][]byte{p.bytes}))
}

func (w *wire) acknowledge(received uint64) {
	if w.net.cuts[way{w.to, w.from}] {
		return
	}
	for len(w.unacked) > 0 && w.unacked[0].number <= received {
		w.bytes -= len(w.unacked[0].bytes)
		w.unacked = w.unacked[1:]
	}
}
