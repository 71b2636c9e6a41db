package simulation

import (
	"fmt"
	"strings"
	"sync"

	"hayauma.example/engine"
)

// orders is what lines have handled.
type orders struct {
	mu          sync.Mutex // guards what follows
	activations int
	got         map[string][]handled // by line and sender, in order
	sent        map[string]int
	lost        map[string]map[int]bool // reported
	reported    int
	overtaken   int
}

type handled struct{ activation, n int }

func newOrders() *orders {
	return &orders{got: map[string][]handled{}, sent: map[string]int{}, lost: map[string]map[int]bool{}}
}

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

// reportedLost notes what a system said that nobody would handle, or that it may not have been handled.
func (o *orders) reportedLost(d engine.DeadLetter) {
	m, ok := d.Message.(Numbered)
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	key := d.ID + " from " + m.From
	if o.lost[key] == nil {
		o.lost[key] = map[int]bool{}
	}
	o.lost[key][m.N] = true
	o.reported++
}

// check: nothing twice; in order where nothing moves; nothing lost without a word where no process ended abruptly and all links were good,
// of senders whose own process went on.
func (o *orders) check(p *plan, abrupt int, ended map[string]bool) (problems []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key, sent := range o.sent {
		seen := map[int]bool{}
		last := handled{}
		for _, h := range o.got[key] {
			switch {
			case seen[h.n]:
				problems = append(problems, fmt.Sprintf("I4: %s: %d was handled twice", key, h.n))
			case h.n < last.n && p.orderly():
				problems = append(problems, fmt.Sprintf("I4: %s: %d after %d", key, h.n, last.n))
			case h.n < last.n:
				o.overtaken++
			}
			seen[h.n], last = true, h
		}
		_, from, _ := strings.Cut(key, " from ")
		told := abrupt == 0 && p.reaches() && !ended[from]
		for n := 1; n <= sent && told; n++ {
			if !seen[n] && !o.lost[key][n] {
				problems = append(problems, fmt.Sprintf("I4: %s: %d was neither handled nor reported", key, n))
			}
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
