package main

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// outcome is that of a flow over an API that is down for the second minute.
func outcome(t *testing.T, supervision engine.Supervision) (missing []string, putOut int) {
	s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
	began := time.Now()
	api := &flaky{served: map[string]int{}, down: func() bool {
		time.Sleep(100 * time.Millisecond) // a call
		return time.Since(began) > time.Minute && time.Since(began) < 2*time.Minute
	}}
	log := &Log{records: numbered(2000), batch: 10, deadline: 5 * time.Second}
	f, err := forward(s, log, api, supervision)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Minute)
	<-f.Stop()
	_, putOut = log.State()
	return api.missing(log.records), putOut
}

func TestTheWholeFlowBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		missing, putOut := outcome(t, together())
		if len(missing) > 0 || putOut > 0 {
			t.Errorf("%d records are missing, %d consumers were put out", len(missing), putOut)
		}
	})
}

// With an executor that backs off alone its consumer misses its deadline, though it loses nothing.
func TestAnExecutorAloneKeepsItsConsumerFromPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alone := together()
		alone.AllForOne = false
		alone.Backoff.Max = 20 * time.Second
		missing, putOut := outcome(t, alone)
		if len(missing) > 0 || putOut == 0 {
			t.Errorf("%d records are missing, %d consumers were put out: a deadline was to be missed", len(missing), putOut)
		}
	})
}

// Both crash at will: nothing is lost.
func TestCrashesLoseNothing(t *testing.T) {
	for range 5 {
		synctest.Test(t, func(t *testing.T) {
			r, _ := enginetest.Rand(t)
			s := enginetest.NewSystem(t, enginetest.Options{Log: enginetest.Silence})
			own := rand.New(rand.NewPCG(r.Uint64(), 1))
			var mu sync.Mutex // a call may outlive the executor that made it
			api := &flaky{served: map[string]int{}, down: func() bool {
				mu.Lock()
				defer mu.Unlock()
				if own.IntN(50) == 0 {
					panic("the executor crashes")
				}
				return own.IntN(50) == 0
			}}
			log := &Log{records: numbered(300), batch: 7, deadline: 10 * time.Second}
			f, err := forward(s, log, api, together())
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute)
			<-f.Stop()
			if committed, putOut := log.State(); committed != 300 || putOut > 0 || len(api.missing(log.records)) > 0 {
				t.Errorf("committed %d, missing %v, put out %d", committed, api.missing(log.records), putOut)
			}
		})
	}
}
