package jetstream_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
)

// TestRecordsOfTheDeadGo: what nobody renews is removed; what is renewed stays, revisions go on, and who was removed is told so by its
// next renewal.
func TestRecordsOfTheDeadGo(t *testing.T) {
	m := openMembership(t, openStore(t, openNode(t, t.TempDir()), jetstream.Config{Request: 10 * time.Second, RecordFor: 2 * time.Second}))
	dead, live := roster.Record{Incarnation: ulid.Make().String(), Number: 1}, roster.Record{Incarnation: ulid.Make().String(), Number: 1}
	last, err := m.PutRecord(t.Context(), dead, 0)
	if err != nil {
		t.Fatal(err)
	}
	rev, err := m.PutRecord(t.Context(), live, 0)
	gone := roster.Found{Revision: 1}
	for began := time.Now(); err == nil && gone.Revision != 0 && time.Since(began) < 30*time.Second; {
		time.Sleep(100 * time.Millisecond)
		live.Number++
		if rev, err = m.PutRecord(t.Context(), live, rev); err == nil {
			gone, err = m.Record(t.Context(), dead.Incarnation)
		}
	}
	if err != nil || gone.Revision != 0 {
		t.Fatal("still there:", gone, err)
	}
	dead.Number++
	_, err = m.PutRecord(t.Context(), dead, last)
	if refused, ok := errors.AsType[*objects.Refused[roster.Found]](err); !ok || !refused.Known || refused.Found.Revision != 0 {
		t.Error("a renewal of what was removed:", err)
	}
	again, err := m.PutRecord(t.Context(), dead, 0)
	if err != nil || again <= rev {
		t.Errorf("created again at %d after %d: %v", again, rev, err)
	}
	if found, err := m.Record(t.Context(), live.Incarnation); err != nil || found.Revision != rev {
		t.Error("the floor or the live record went too:", found, rev, err)
	}
	told := map[string]bool{}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for s := range m.WatchRecords(ctx) {
		told[s.Key] = s.Event == objects.Stored
		if told[live.Incarnation] && told[dead.Incarnation] {
			break
		}
	}
	if len(told) != 3 { // Began has no key
		t.Error(told)
	}
}
