package simulation

import (
	"time"

	"hayauma.example/engine"
)

const ownersEvery = 10 * time.Millisecond

// watchOwners looks that no two processes act for one shard at one instant: each would take its messages, and its lease stands. And that
// none sends messages to a process whose address it doesn't know yet.
func (w *world) watchOwners() {
	for !w.isOver() {
		for _, key := range keys[:len(keys)/2] { // one in each shard
			w.checkOwner(key)
		}
		w.rest(ownersEvery)
	}
}

func (w *world) checkOwner(key string) {
	var first *process
	for _, p := range w.running() {
		place := p.member.Locate(roleRegisters, key)
		if place.Answer == engine.Elsewhere && !p.knows(place.Member) {
			w.problem("node %d as %s says at %v that %s is at %s, whose address it was not given", p.node, p.me, w.now(), key, place.Member)
			return
		}
		if place.Answer != engine.Here || !p.member.May() {
			continue
		}
		w.mu.Lock()
		w.acting++
		w.mu.Unlock()
		if first != nil {
			w.problem("two act: the shard of %s at %v has node %d as %s and node %d as %s", key, w.now(), first.node, first.me, p.node, p.me)
			return
		}
		first = p
	}
}

func (w *world) isOver() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.over
}
