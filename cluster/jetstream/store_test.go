package jetstream_test

import (
	"context"
	"testing"
	"time"

	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/engine/journal/journaltest"
)

func openNode(t testing.TB, dir string) *natsnode.Node {
	t.Helper()
	node, err := natsnode.Open(t.Context(), natsnode.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := node.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return node
}

func openStore(t testing.TB, node *natsnode.Node, cfg jetstream.Config) *jetstream.Store {
	t.Helper()
	store, err := jetstream.Open(t.Context(), node.Conn(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func subject(t testing.TB, cfg jetstream.Config) journaltest.Subject {
	t.Helper()
	store := openStore(t, openNode(t, t.TempDir()), cfg)
	return journaltest.Subject{Store: store, Objects: store}
}

func TestConforms(t *testing.T) { journaltest.Run(t, subject(t, jetstream.Config{})) }

func TestMatchesModel(t *testing.T) { journaltest.Model(t, subject(t, jetstream.Config{})) }

func TestFull(t *testing.T) { journaltest.RunFull(t, subject(t, jetstream.Config{MaxBytes: 2 << 20})) }
