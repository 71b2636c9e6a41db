package jetstream_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	njs "github.com/nats-io/nats.go/jetstream"
	"github.com/oklog/ulid/v2"

	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/roster"
)

// unwedges: a subject whose messages the leader refuses for ever, because of a purge between the check and the store of one of them, is
// written again after a moment.
func unwedges(t *testing.T, conn *nats.Conn, m *jetstream.Membership) {
	js, err := njs.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := js.Stream(t.Context(), "KV_members")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for n := 1; time.Since(began) < 20*time.Second; n++ {
		id := ulid.Make().String()
		subject := "$KV.members." + id
		done := make(chan error, 1)
		go func() { done <- bucket.Purge(t.Context(), njs.WithPurgeSequence(uint64(time.Now().UnixNano()))) }()
		_, _ = js.Publish(t.Context(), subject, nil, njs.WithExpectLastSequencePerSubject(0), njs.WithRetryAttempts(0))
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if !refused(t, js, subject, 200*time.Millisecond) {
			continue
		}
		t.Logf("figure: wedged after %d tries", n)
		for end := time.Now().Add(20 * time.Second); ; {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			_, err := m.PutRecord(ctx, roster.Record{Incarnation: id, Number: 1}, 1) // the renewal of a record that isn't there
			cancel()
			if err == nil || !refused(t, js, subject, 0) {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%s is refused still: %v", subject, err)
			}
		}
	}
	t.Error("no purge came between a message's check and its store")
}

// refused tells whether messages to the subject are refused for all of d, because another is under way.
func refused(t *testing.T, js njs.JetStream, subject string, d time.Duration) bool {
	for end := time.Now().Add(d); ; time.Sleep(5 * time.Millisecond) {
		_, err := js.Publish(t.Context(), subject, nil, njs.WithExpectLastSequencePerSubject(1), njs.WithRetryAttempts(0))
		var api *njs.APIError
		if !errors.As(err, &api) || api.ErrorCode != 10164 {
			return false
		}
		if time.Now().After(end) {
			return true
		}
	}
}
