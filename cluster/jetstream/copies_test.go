package jetstream_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/engine/journal"
)

var streams = []string{"EV", "UP", "KV_members", "KV_cluster"}

func dial(t *testing.T, s *server.Server) (*nats.Conn, natsjs.JetStream) {
	t.Helper()
	node, err := natsnode.Open(t.Context(), natsnode.Config{URL: s.ClientURL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(node.Conn().Close)
	js, err := natsjs.New(node.Conn())
	if err != nil {
		t.Fatal(err)
	}
	return node.Conn(), js
}

// begin opens a store as a start does.
func begin(t *testing.T, conn *nats.Conn, cfg jetstream.Config) (*jetstream.Store, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cfg.Request = 10 * time.Second
	s, err := jetstream.Open(ctx, conn, cfg)
	if err == nil {
		_, err = s.Membership(ctx)
	}
	return s, err
}

// configured are the streams that there are; one without a leader is asked for again.
func configured(t *testing.T, js natsjs.JetStream) map[string]natsjs.StreamConfig {
	t.Helper()
	all := map[string]natsjs.StreamConfig{}
	for _, name := range streams {
		for end := time.Now().Add(30 * time.Second); ; {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			s, err := js.Stream(ctx, name)
			cancel()
			if err == nil {
				all[name] = s.CachedInfo().Config
			}
			if err == nil || errors.Is(err, natsjs.ErrStreamNotFound) {
				break
			}
			if time.Now().After(end) {
				t.Fatal(err)
			}
		}
	}
	return all
}

// keep checks how many copies each stream has.
func keep(t *testing.T, js natsjs.JetStream, want map[string]int) {
	t.Helper()
	all := configured(t, js)
	for _, name := range streams {
		if got := all[name].Replicas; got != want[name] {
			t.Errorf("%s keeps %d copies, want %d", name, got, want[name])
		}
	}
}

func refuses(t *testing.T, err error, want jetstream.CopiesError) {
	t.Helper()
	got, ok := errors.AsType[*jetstream.CopiesError](err)
	if !ok {
		t.Fatalf("not refused as it should be: %v", err)
	}
	if got.Stream != want.Stream || got.Kept != want.Kept || got.Set != want.Set {
		t.Errorf("refused by %+v, want %+v", *got, want)
	}
}

var three = map[string]int{"EV": 3, "UP": 3, "KV_members": 3, "KV_cluster": 3}

func TestStartTakesNoCopies(t *testing.T) {
	if testing.Short() {
		t.Skip("three servers take several seconds to elect their leaders")
	}
	servers := startCluster(t)
	conn, js := dial(t, servers[0])
	const limit = 64 << 20
	one, err := begin(t, conn, jetstream.Config{Replicas: 1, MaxBytes: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a node that runs with fewer", func(t *testing.T) { fills(t, one, js) })
	t.Run("more are given", func(t *testing.T) {
		if _, err := begin(t, conn, jetstream.Config{Replicas: 3, MaxBytes: limit}); err != nil {
			t.Fatal(err)
		}
		keep(t, js, three)
	})
	t.Run("more than there are servers", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := jetstream.Open(ctx, conn, jetstream.Config{Replicas: 5})
		refuses(t, err, jetstream.CopiesError{Stream: "EV", Kept: 3, Set: 5})
		keep(t, js, three)
	})
	for _, cfg := range []jetstream.Config{{}, {Replicas: 1, MaxBytes: limit / 2}} {
		_, err := begin(t, conn, cfg)
		refuses(t, err, jetstream.CopiesError{Stream: "EV", Kept: 3, Set: 1})
		if want := "the store keeps 3 copies (stream EV), this node is set to 1: start it with --nats-replicas 3"; !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	if got := configured(t, js)["EV"].MaxBytes; got != limit {
		t.Errorf("a refused start has changed the limit to %d", got)
	}
	t.Run("no stream is changed for another's sake", func(t *testing.T) {
		for _, name := range []string{"EV", "UP", "KV_members"} {
			if err := js.DeleteStream(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		_, err := begin(t, conn, jetstream.Config{})
		refuses(t, err, jetstream.CopiesError{Stream: "KV_cluster", Kept: 3, Set: 1})
		keep(t, js, map[string]int{"KV_cluster": 3})
		if err := js.DeleteStream(t.Context(), "KV_cluster"); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("another starts meanwhile", func(t *testing.T) { overtaken(t, conn, js) })
}

// overtaken has another node raise each stream after this one has looked.
func overtaken(t *testing.T, conn *nats.Conn, js natsjs.JetStream) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := jetstream.Open(ctx, conn, jetstream.Config{Request: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Membership(ctx); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"KV_cluster", "UP"} {
		cfg := configured(t, js)[name]
		cfg.Replicas = 3
		if _, err := js.UpdateStream(ctx, cfg); err != nil {
			t.Fatal(err)
		}
		_, err := s.Membership(ctx)
		refuses(t, err, jetstream.CopiesError{Stream: name, Kept: 3, Set: 1})
		want := map[string]int{"EV": 1, "UP": 1, "KV_members": 1, "KV_cluster": 1}
		want[name] = 3
		keep(t, js, want)
		cfg.Replicas = 1
		if _, err := js.UpdateStream(ctx, cfg); err != nil {
			t.Fatal(err)
		}
	}
	overtakenAtFloor(ctx, t, s, js)
}

// overtakenAtFloor has another node raise the members' stream after this one looked it up, before it has its floor.
func overtakenAtFloor(ctx context.Context, t *testing.T, s *jetstream.Store, js natsjs.JetStream) {
	known, err := js.Stream(ctx, "KV_members")
	if err != nil {
		t.Fatal(err)
	}
	cfg := known.CachedInfo().Config
	cfg.Replicas, cfg.AllowDirect = 3, false
	if _, err := js.UpdateStream(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	refuses(t, s.LayFloor(ctx, known), jetstream.CopiesError{Stream: "KV_members", Kept: 3, Set: 1})
	if ctx.Err() != nil {
		t.Error("it was told only when it gave up")
	}
	cfg.Replicas, cfg.AllowDirect = 1, true
	if _, err := js.UpdateStream(ctx, cfg); err != nil {
		t.Fatal(err)
	}
}

// fills has a node that is set to one copy open its head-room after an operator gave the stream more copies.
func fills(t *testing.T, s *jetstream.Store, js natsjs.JetStream) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cfg := configured(t, js)["EV"]
	cfg.Replicas, cfg.MaxBytes = 3, 1 // it is full
	if _, err := js.UpdateStream(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	for {
		_, err := s.Claim(ctx, "me", []journal.Shard{shard})
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond) // the new copies elect a leader
	}
	keep(t, js, map[string]int{"EV": 3, "UP": 1, "KV_members": 1, "KV_cluster": 1})
}

// Two that make a store at once either agree, or the one with fewer copies is refused.
func TestStoreIsMadeByTwoAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("three servers take several seconds to elect their leaders")
	}
	servers := startCluster(t)
	less, js := dial(t, servers[0])
	more, _ := dial(t, servers[1])
	for range 5 {
		for name := range configured(t, js) {
			if err := js.DeleteStream(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		refused := make(chan error, 1)
		go func() {
			_, err := begin(t, less, jetstream.Config{})
			refused <- err
		}()
		if _, err := begin(t, more, jetstream.Config{Replicas: 3}); err != nil {
			t.Error(err)
		}
		err := <-refused
		if err != nil && !errors.As(err, new(*jetstream.CopiesError)) {
			t.Error(err)
		}
		t.Logf("after %v the one with fewer: %v", time.Since(began).Round(time.Millisecond), err)
		keep(t, js, three)
	}
}

// A start whose configuration is the streams' says nothing to them.
func TestStreamsInLineAreLeftAlone(t *testing.T) {
	conn := openNode(t, t.TempDir()).Conn()
	changes, err := conn.SubscribeSync("$JS.EVENT.ADVISORY.STREAM.UPDATED.>")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cfg  jetstream.Config
		want []string
	}{
		{jetstream.Config{}, nil},
		{jetstream.Config{Replicas: 1}, nil},
		{jetstream.Config{MaxBytes: 1 << 30, MaxObjectBytes: 1 << 30}, []string{"EV", "UP"}},
		{jetstream.Config{MaxBytes: 1 << 30, MaxObjectBytes: 1 << 30}, nil},
	} {
		if _, err := begin(t, conn, c.cfg); err != nil {
			t.Fatal(err)
		}
		if err := conn.Flush(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for wait := 5 * time.Second; ; { // what is awaited gets time to come, what isn't a moment
			if len(got) >= len(c.want) {
				wait = 100 * time.Millisecond
			}
			msg, err := changes.NextMsg(wait)
			if err != nil {
				break
			}
			got = append(got, msg.Subject[strings.LastIndex(msg.Subject, ".")+1:])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q were changed, want %q", c.cfg, got, c.want)
		}
	}
}

// A server alone keeps one copy, and says so.
func TestMoreCopiesThanNATSKeeps(t *testing.T) {
	conn := openNode(t, t.TempDir()).Conn()
	if _, err := begin(t, conn, jetstream.Config{}); err != nil {
		t.Fatal(err)
	}
	_, err := begin(t, conn, jetstream.Config{Replicas: 3})
	refuses(t, err, jetstream.CopiesError{Stream: "EV", Kept: 1, Set: 3})
	for _, part := range []string{"NATS doesn't keep that many (", "or start it with --nats-replicas 1"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
}
