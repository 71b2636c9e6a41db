package simulation

import (
	"fmt"
	"strings"
	"sync"
)

// orders is what lines have handled.
type orders struct {
	mu          sync.Mutex // guards what follows
	activations int
	got         map[string][]handled // by line and sender, in order
	sent        map[string]int
	overtaken   int
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

// check: nothing twice; in order where nothing moves; nothing missing where nothing failed, of senders whose process went on.
func (o *orders) check(p *plan, ended map[string]bool) (problems []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key, got := range o.got {
		seen := map[int]bool{}
		last := handled{}
		for _, h := range got {
			switch {
			case seen[h.n]:
				problems = append(problems, fmt.Sprintf("I4: %s: %d was handled twice", key, h.n))
			case h.n < last.n && p.still():
				problems = append(problems, fmt.Sprintf("I4: %s: %d after %d", key, h.n, last.n))
			case h.n < last.n:
				o.overtaken++
			}
			seen[h.n], last = true, h
		}
		_, from, _ := strings.Cut(key, " from ")
		if p.peace && !ended[from] && len(seen) < o.sent[key] {
			problems = append(problems, fmt.Sprintf("%s: %d of %d were handled", key, len(seen), o.sent[key]))
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
