package simulation

import (
	"fmt"
	"sync"
)

// orders is what lines have handled.
type orders struct {
	mu          sync.Mutex // guards what follows
	activations int
	got         map[string][]handled // by line and sender, in order
	sent        map[string]int
}

type handled struct{ activation, n int }

func newOrders() *orders { return &orders{got: map[string][]handled{}, sent: map[string]int{}} }

func (o *orders) activate() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.activations++
	return o.activations
}

func (o *orders) handled(line string, activation int, m Numbered) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := line + " from " + m.From
	o.got[key] = append(o.got[key], handled{activation, m.N})
}

// next numbers what a sender tells a line.
func (o *orders) next(line, from string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := line + " from " + from
	o.sent[key]++
	return o.sent[key]
}

// check: nothing twice.
func (o *orders) check(bool) (problems []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key, got := range o.got {
		seen := map[int]bool{}
		for _, h := range got {
			if seen[h.n] {
				problems = append(problems, fmt.Sprintf("I4: %s: %d was handled twice", key, h.n))
			}
			seen[h.n] = true
		}
	}
	return problems
}

func (o *orders) count() (sent, got int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range o.sent {
		sent += n
	}
	for _, g := range o.got {
		got += len(g)
	}
	return sent, got
}
