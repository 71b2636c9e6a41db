package jetstream_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"hayauma.example/cluster/jetstream"
	"hayauma.example/engine/journal"
)

// oneServer runs a server on a port of its own, which can be restarted.
func oneServer(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, SyncAlways: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server doesn't start")
	}
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	return s
}

// followAll follows as the contract says: after an error again, from the last position that was seen.
func followAll(ctx context.Context, s *jetstream.Store, role string, each func(journal.Record)) {
	last := uint64(0)
	for ctx.Err() == nil {
		for sight, err := range s.Follow(ctx, role, "k", last) {
			if err == nil && !sight.Caught {
				last = sight.Record.Position
				each(sight.Record)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Two processes write, and the server restarts between: a follower sees every record once, in the order of each shard.
func TestFollowOverARestart(t *testing.T) {
	dir, port := t.TempDir(), freePorts(t, 1)[0]
	s := oneServer(t, dir, port)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var stores [3]*jetstream.Store
	for i := range stores {
		_, stores[i] = storeOf(t, s, jetstream.Config{})
	}
	seen := make(chan journal.Record, 100)
	following, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		followAll(following, stores[2], "role", func(r journal.Record) { seen <- r })
	}()
	t.Cleanup(func() { stop(); <-ended })

	write := func(from, n int) {
		for i := range 2 {
			claims, err := stores[i].Claim(ctx, fmt.Sprint("owner", i), []journal.Shard{{Role: "role", Number: i}})
			for ; err != nil; claims, err = stores[i].Claim(ctx, fmt.Sprint("owner", i), []journal.Shard{{Role: "role", Number: i}}) {
				if ctx.Err() != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Millisecond) // it is connecting again
			}
			for first := from; first < from+n; first++ {
				r := journal.Record{Grain: journal.Grain{Kind: "k", ID: fmt.Sprint(i)}, First: uint64(first), Count: 1, Data: []byte{1}}
				if err := stores[i].Append(ctx, claims[0], fmt.Sprint(i, " ", first), []journal.Record{r}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	want := func(from, n int) {
		t.Helper()
		next := map[string]uint64{"0": uint64(from), "1": uint64(from)}
		for range 2 * n {
			select {
			case r := <-seen:
				if r.First != next[r.Grain.ID] {
					t.Errorf("of %s comes %d, want %d", r.Grain.ID, r.First, next[r.Grain.ID])
				}
				next[r.Grain.ID] = r.First + 1
			case <-ctx.Done():
				t.Fatalf("of %v no more comes", next)
			}
		}
	}
	write(1, 20)
	want(1, 20)
	s.Shutdown()
	s.WaitForShutdown()
	oneServer(t, dir, port)
	write(21, 20)
	want(21, 20)
	select {
	case r := <-seen:
		t.Errorf("one too many: %+v", r)
	default:
	}
}

// What follows and takes nothing holds little of what is stored in memory, and gets all of it later.
func TestFollowReadsAheadWithinBounds(t *testing.T) {
	s := oneServer(t, t.TempDir(), freePorts(t, 1)[0])
	_, store := storeOf(t, s, jetstream.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	claims, err := store.Claim(ctx, "owner", []journal.Shard{{Role: "role", Number: 0}})
	if err != nil {
		t.Fatal(err)
	}
	const records = 40
	for i := range records {
		r := journal.Record{Grain: journal.Grain{Kind: "k", ID: "g"}, First: uint64(i + 1), Count: 1, Data: make([]byte, journal.MaxRecord)}
		if err := store.Append(ctx, claims[0], fmt.Sprint(i), []journal.Record{r}); err != nil {
			t.Fatal(err)
		}
	}
	conn, follower := storeOf(t, s, jetstream.Config{})
	n := 0
	for sight, err := range follower.Follow(ctx, "role", "k", 0) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			time.Sleep(300 * time.Millisecond) // what comes ahead has come by then
			if in := conn.Stats().InBytes; in > 8<<20 {
				t.Errorf("%d bytes came to who takes nothing", in)
			}
		}
		if sight.Caught {
			break
		}
	}
	if n != records+1 {
		t.Errorf("%d sights of %d records", n, records)
	}
}

// Who follows and has nothing to take costs little memory, so there may be many of them: each webhook is two.
func TestFollowersAreSmall(t *testing.T) {
	s := oneServer(t, t.TempDir(), freePorts(t, 1)[0])
	_, store := storeOf(t, s, jetstream.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	const followers = 40
	before := heapInUse()
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	for range followers {
		caught := make(chan error, 1)
		all.Go(func() {
			for _, err := range store.Follow(ctx, "role", "k", 0) {
				select {
				case caught <- err:
				default: // it ends
				}
			}
		})
		if err := <-caught; err != nil {
			t.Fatal(err)
		}
	}
	if each := (heapInUse() - before) / followers; each > 512<<10 {
		t.Errorf("a follower takes %d bytes", each)
	}
}

// heapInUse is what is reachable.
func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
