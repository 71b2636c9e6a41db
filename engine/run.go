package engine

import (
	"bytes"
	"sync"

	"hayauma.example/codec"
)

// run takes packets that came together. Messages for one grain with nobody to answer, before which the same stands in their packets, go to
// its mailbox at once: its lock, its worker and this goroutine meet once over them and not for each.
type run struct {
	to   receiver
	from string            // the member that sent them
	each func([]byte) bool // take, made once

	head  []byte // what stands before each message; empty: there is none
	cell  *cell
	hops  uint8
	items []envelope // at most runLength
	slab  codec.Slab // memory of the messages of this and the next runs
}

// runLength bounds a run, in messages, so that the grain begins before all have come.
const runLength = 64

var runs = sync.Pool{New: func() any {
	r := &run{items: make([]envelope, 0, runLength)}
	r.each = r.take
	return r
}}

// take takes one packet.
func (r *run) take(packet []byte) bool {
	if r.goesOn(packet) && r.to.held.grains.Load() == 0 {
		r.add(packet[len(r.head):])
		return true
	}
	r.flush()
	r.to.receive(r, packet)
	return true
}

func (r *run) goesOn(packet []byte) bool {
	return len(r.head) > 0 && len(packet) > len(r.head) && bytes.Equal(packet[:len(r.head)], r.head)
}

func (r *run) begin(c *cell, hops uint8, head []byte) {
	r.head, r.cell, r.hops = append(r.head[:0], head...), c, hops
}

func (r *run) add(body []byte) {
	msg, behind, err := r.to.messages.DecodeIn(&r.slab, body)
	if err != nil {
		r.to.refuseParcel(r.from, &header{op: opTell, kind: []byte(r.cell.kind.name)}, err)
		return
	}
	if r.items = append(r.items, envelope{msg: withTrace(msg, behind)}); len(r.items) == runLength {
		r.push()
	}
}

// push gives the grain what has come.
func (r *run) push() {
	n := 0
	if r.to.held.grains.Load() == 0 {
		n = r.cell.kind.deliverRun(r.cell, r.items)
	}
	for i := n; i < len(r.items); i++ {
		r.to.one(r.cell, &r.items[i], r.hops)
	}
	clear(r.items)
	r.items = r.items[:0]
}

// flush ends what goes on.
func (r *run) flush() {
	if len(r.items) > 0 {
		r.push()
	}
	r.head, r.cell = r.head[:0], nil
}

func (r *run) end() {
	r.flush()
	r.to, r.from = receiver{}, ""
	runs.Put(r)
}
