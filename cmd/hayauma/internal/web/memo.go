package web

import (
	"sync"
	"time"
)

// memo has watchers share what is dear to ask for. An answer is good for a while, and longer the longer it took: however many watch, a
// twentieth of the time is the most that is spent on one thing.
type memo[V any] struct {
	mu   sync.Mutex
	kept map[string]*answer[V]
}

// answer is one that may be given again.
type answer[V any] struct {
	mu   sync.Mutex // held while it is asked for
	v    V
	good time.Time // until when; zero: there is none
}

// Bounds of memos.
const (
	memoMost  = 64
	memoShare = 20
)

// get gives the answer that is kept under a key, or asks. A refusal is not kept.
func (m *memo[V]) get(key string, least time.Duration, ask func() (V, error)) (V, error) {
	m.mu.Lock()
	if m.kept == nil || len(m.kept) >= memoMost && m.kept[key] == nil {
		m.kept = map[string]*answer[V]{}
	}
	a := m.kept[key]
	if a == nil {
		a = &answer[V]{}
		m.kept[key] = a
	}
	m.mu.Unlock()

	a.mu.Lock()
	defer a.mu.Unlock()
	begin := time.Now()
	if begin.Before(a.good) {
		return a.v, nil
	}
	v, err := ask()
	if err == nil {
		end := time.Now()
		a.v, a.good = v, end.Add(max(least, memoShare*end.Sub(begin)))
	}
	return v, err
}
