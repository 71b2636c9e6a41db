package main

import (
	"errors"
	"sync"
	"time"
)

// ErrPutOut: the consumer has not polled in time, and is no member any more.
var ErrPutOut = errors.New("forwarder: the consumer has not polled in time")

// Log is a log with one consumer group, in memory. It is safe for concurrent use.
type Log struct {
	records  []string
	batch    int           // records a poll
	deadline time.Duration // between two polls

	mu        sync.Mutex
	committed int       // records before it are done; guarded by mu, as are the others
	next      int       // of the member
	polled    time.Time // when the member has polled last; zero: there is none
	putOut    int       // members that were
}

// expire puts out a member that has not polled in time; l.mu is held.
func (l *Log) expire() {
	if !l.polled.IsZero() && time.Since(l.polled) > l.deadline {
		l.putOut++
		l.polled = time.Time{}
	}
}

// Join makes the caller the group's member; it reads on from the last commit.
func (l *Log) Join() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire()
	l.next, l.polled = l.committed, time.Now()
}

// Leave ends the membership.
func (l *Log) Leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire()
	l.polled = time.Time{}
}

// Poll returns the next records, and the position of the first.
func (l *Log) Poll() (records []string, first int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.expire(); l.polled.IsZero() {
		return nil, 0, ErrPutOut
	}
	l.polled = time.Now()
	first = l.next
	l.next = min(first+l.batch, len(l.records))
	return l.records[first:l.next], first, nil
}

// Commit says that everything before the position is done.
func (l *Log) Commit(behind int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.committed = max(l.committed, behind)
}

// State returns how many records are committed and how many members were put out.
func (l *Log) State() (committed, putOut int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.committed, l.putOut
}
