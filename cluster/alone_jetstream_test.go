package cluster_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"hayauma.example/cluster"
	"hayauma.example/cluster/clustertest"
	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/cluster/roster"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// process is a member alone on an embedded server, as the daemon runs it.
type process struct {
	node  *natsnode.Node
	store *jetstream.Store
	*cluster.Member
	fired chan string
}

// openProcess opens the store below a directory. It has no member yet.
func openProcess(t *testing.T, dir string) *process {
	t.Helper()
	node, err := natsnode.Open(t.Context(), natsnode.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	store, err := jetstream.Open(t.Context(), node.Conn(), jetstream.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &process{node: node, store: store, fired: make(chan string, 1000)}
}

// serve joins as the store's only member, which appends by way of j, and returns when it serves every shard.
func (p *process) serve(t *testing.T, j journal.Store, w journal.WriterOptions) {
	t.Helper()
	shared, err := p.store.Membership(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.Member, err = clustertest.Alone(cluster.MemberConfig{
		Self: roster.Member{Roles: []string{"composer", "poster", "checker"}}, Objects: shared, Journal: j, Writer: w,
	})
	if err != nil {
		t.Fatal(err)
	}
	sys, err := engine.New(engine.Config{
		Log: enginetest.Silence, Incarnation: p.Status().Incarnation, Messages: codec.NewRegistry(), Journal: p.Member, Directory: p.Member,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sys.Kill)
	p.OnReminder(func(_, id, name string, _ time.Time, payload []byte) { // instead of the engine
		p.fired <- id + "/" + name + "=" + string(payload)
	})
	if err := clustertest.Serve(t.Context(), p.Member, sys); err != nil {
		t.Fatal(err)
	}
}

func startProcess(t *testing.T, dir string) *process {
	t.Helper()
	p := openProcess(t, dir)
	p.serve(t, p.store, journal.WriterOptions{})
	return p
}

func (p *process) end(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := p.Stop(ctx); err != nil {
		t.Error(err)
	}
	if err := p.node.Close(ctx); err != nil {
		t.Error(err)
	}
}

func (p *process) append(t *testing.T, n int, first uint64, marks ...engine.Mark) {
	t.Helper()
	var stored sync.WaitGroup
	for i := range n {
		stored.Add(1)
		id := fmt.Sprint("grain ", i)
		u := unit(id, first, 1, marks...)
		u.Data = []byte("event")
		p.Append(u, func(err error) {
			if err != nil {
				t.Error(err)
			}
			stored.Done()
		})
	}
	stored.Wait()
}

func TestRemindersOnDisk(t *testing.T) {
	const n = 100
	dir, due := t.TempDir(), time.Now()
	start := time.Now()
	one := startProcess(t, dir)
	t.Logf("started on an empty directory in %v", time.Since(start).Round(time.Microsecond))
	one.append(t, n, 1, engine.Mark{Name: "m", Due: due.Add(time.Hour), Payload: []byte("later")})
	one.append(t, n, 2, engine.Mark{Name: "m", Due: due.Add(time.Hour), Forget: true}, engine.Mark{Name: "m", Due: due, Payload: []byte("now")})
	one.end(t)

	start = time.Now()
	two := startProcess(t, dir)
	t.Logf("started with %d reminders in %v", n, time.Since(start).Round(time.Microsecond))
	seen := map[string]bool{}
	for len(seen) < n {
		seen[<-two.fired] = true
	}
	for i := range n {
		if id := fmt.Sprintf("grain %d/m=now", i); !seen[id] {
			t.Errorf("%s did not fire", id)
		}
	}
	two.append(t, n, 3, engine.Mark{Name: "m", Due: due, Forget: true})
	two.end(t)

	three := startProcess(t, dir)
	defer three.end(t)
	select {
	case id := <-three.fired:
		t.Errorf("%s fired after it was forgotten", id)
	case <-time.After(100 * time.Millisecond):
	}
	for i := range n {
		id, count := fmt.Sprint("grain ", i), 0
		for r, err := range three.Replay(t.Context(), "checker", id, journal.Grain{Kind: "k", ID: id}) {
			if err != nil {
				t.Fatal(err)
			}
			count += int(r.Count)
		}
		if count != 3 {
			t.Errorf("%d events of %s", count, id)
		}
	}
}
