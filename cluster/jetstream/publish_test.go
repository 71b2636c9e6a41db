package jetstream_test

import (
	"fmt"
	"testing"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"hayauma.example/cluster/jetstream"
	"hayauma.example/engine/journal"
)

// Published events are kept once under their ids, in order, and the oldest make room.
func TestPublisher(t *testing.T) {
	node := openNode(t, t.TempDir())
	store := openStore(t, node, jetstream.Config{})
	if _, err := store.Publisher(t.Context(), jetstream.PublishConfig{Prefix: "pub", MaxBytes: 1}); err == nil {
		t.Error("a stream for nothing")
	}
	p, err := store.Publisher(t.Context(), jetstream.PublishConfig{Prefix: "acme.events", MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	live, err := node.Conn().SubscribeSync("acme.events.>")
	if err != nil {
		t.Fatal(err)
	}
	event := func(n int) journal.Publication {
		return journal.Publication{ID: fmt.Sprint("id", n), Grain: journal.Grain{Kind: "campaign", ID: "a.b c"}, Number: uint64(n), Position: 70, Type: "campaign.paused",
			Body: make([]byte, 100<<10)}
	}
	for _, n := range []int{1, 2, 1, 2, 3} {
		if err := p.Publish(t.Context(), event(n)); err != nil {
			t.Fatal(err)
		}
	}
	m, err := live.NextMsg(1e9)
	if err != nil || m.Subject != "acme.events.campaign.a%2eb%20c" || m.Header.Get(natsjs.MsgIDHeader) != "id1" || m.Header.Get(jetstream.HeaderNumber) != "1" ||
		m.Header.Get(jetstream.HeaderPosition) != "70" || m.Header.Get(jetstream.HeaderType) != "campaign.paused" {
		t.Errorf("heard %+v, %v", m, err)
	}
	if err := live.Unsubscribe(); err != nil {
		t.Fatal(err)
	}
	js, err := natsjs.New(node.Conn())
	if err != nil {
		t.Fatal(err)
	}
	kept := func() natsjs.StreamState {
		t.Helper()
		s, err := js.Stream(t.Context(), jetstream.Published)
		if err != nil {
			t.Fatal(err)
		}
		return s.CachedInfo().State
	}
	if s := kept(); s.Msgs != 3 {
		t.Errorf("%d messages of three events", s.Msgs)
	}
	for n := range 20 {
		if err := p.Publish(t.Context(), event(10+n)); err != nil {
			t.Fatal(err)
		}
	}
	if s := kept(); s.FirstSeq < 10 || s.LastSeq != 23 || s.Bytes > 1<<20 {
		t.Errorf("kept %+v", s)
	}
	if p, err = store.Publisher(t.Context(), jetstream.PublishConfig{Prefix: "pub", MaxBytes: 2 << 20}); err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(t.Context(), event(99)); err != nil || kept().LastSeq != 24 {
		t.Errorf("under another prefix: %v", err)
	}
}
