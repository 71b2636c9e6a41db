package app

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/catalog"
	"hayauma.example/actors/plan"
	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/codec"
	"hayauma.example/engine/journal"
)

// stored is what an engine's append of one event looks like.
func stored(t *testing.T, r *codec.Registry, e campaign.Event) []byte {
	payload, err := r.Append(binary.AppendVarint([]byte{0}, time.Now().UnixMilli()), e)
	if err != nil {
		t.Fatal(err)
	}
	frame, err := codec.AppendFrame(nil, payload)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// A node that starts anew reads the list of a thousand campaigns of two writers from the store at once.
func TestListOfAThousandCampaignsIsReadFromTheStore(t *testing.T) {
	node, err := natsnode.Open(t.Context(), natsnode.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close(context.WithoutCancel(t.Context()))
	store, err := jetstream.Open(t.Context(), node.Conn(), jetstream.Config{})
	if err != nil {
		t.Fatal(err)
	}
	r := messages()
	life := [][]byte{
		stored(t, r, campaign.Accepted{Definition: actors.Definition{Name: "n", Channel: "shop", Messages: make([]byte, 500)}, Audience: actors.Audience{Rows: 9}}),
		stored(t, r, campaign.RunStarted{Run: ulid.Make().String()}),
		stored(t, r, campaign.Planned{Table: plan.Table{Recipients: 9, Chunks: []plan.Entry{{Count: 9, Mode: plan.Push}}}}),
		stored(t, r, campaign.WindowOpened{Number: 1, Cursor: 9, Paths: []actors.Span{{Hi: 9}}, At: time.Now()}),
		stored(t, r, campaign.Finished{State: actors.StateFinished, Totals: actors.Totals{actors.Delivered: 9}, At: time.Now()}),
	}
	const each = 500
	for shard := range 2 {
		claims, err := store.Claim(t.Context(), fmt.Sprint("owner", shard), []journal.Shard{{Role: actors.RoleComposer, Number: shard}})
		if err != nil {
			t.Fatal(err)
		}
		for n, data := range life {
			batch := make([]journal.Record, each)
			for i := range batch {
				g := journal.Grain{Kind: actors.Campaigns.Name(), ID: fmt.Sprintf("%d-%04d", shard, i)}
				batch[i] = journal.Record{Grain: g, First: uint64(n) + 1, Count: 1, Data: data}
			}
			if err := store.Append(t.Context(), claims[0], fmt.Sprint(shard, n), batch); err != nil {
				t.Fatal(err)
			}
		}
	}
	list := catalog.New(catalog.Config{Store: store, Messages: r})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(ended)
		list.Run(ctx)
	}()
	defer func() { cancel(); <-ended }()
	if err := list.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	items, more := list.Page(catalog.Query{Limit: 2 * each, State: actors.StateFinished}, time.Now())
	if len(items) != 2*each || more || items[0].Totals[actors.Delivered] != 9 || items[each].ID != "1-0000" {
		t.Errorf("%d campaigns, the first is %+v", len(items), items[0])
	}
	if t.Logf("complete after %v", took); took > 5*time.Second {
		t.Errorf("5,000 events took %v", took)
	}
}
