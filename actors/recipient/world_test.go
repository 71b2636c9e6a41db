package recipient_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"testing"

	"hayauma.example/actors"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/recipient"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// shardOf is how a cluster finds the shard of a key.
func shardOf(_, key string) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	sum := h.Sum64()
	sum ^= sum >> 32
	sum ^= sum >> 16
	return int(sum % 64)
}

// world is a system over a store that outlives it.
type world struct {
	testing.TB
	store     *journal.Memory
	addresses *recipient.Addresses
	sys       *engine.System
	sets      *recipient.Sets
	watch     engine.Middleware[actors.RecipientMsg] // nil: none
}

func newWorld(t testing.TB) *world {
	w := &world{TB: t, store: enginetest.NewStore(), addresses: recipient.NewAddresses(shardOf)}
	w.start()
	w.configure("shop")
	return w
}

func (w *world) configure(name string) {
	w.Helper()
	settings := actors.Settings{Name: name, Provider: "line", Endpoint: "https://api.line.me", TokenEnv: "LINE_TOKEN"}
	if _, err := engine.Ask[actors.ChannelInfo](context.Background(), w.channel(name), actors.ChannelMsg(actors.Configure{Settings: settings})); err != nil {
		w.Fatal(err)
	}
}

func (w *world) channel(name string) engine.Ref[actors.ChannelMsg] {
	return actors.Channels.Ref(w.sys, name)
}

// books are those that a channel knows of.
func (w *world) books(name string) actors.NotedBooks {
	w.Helper()
	noted, err := engine.Ask[actors.NotedBooks](context.Background(), w.channel(name), actors.ChannelMsg(actors.WhichBooks{}))
	if err != nil {
		w.Fatal(err)
	}
	return noted
}

// start makes a system and its sets; those before are killed.
func (w *world) start() {
	if w.sys != nil {
		w.stop()
	}
	reg := codec.NewRegistry()
	recipient.Register(reg)
	channel.Register(reg)
	w.sys = enginetest.NewSystem(w.TB, enginetest.Options{Store: w.store, Messages: reg})
	if w.watch != nil {
		recipient.Serve(w.sys, w.addresses, w.watch)
	} else {
		recipient.Serve(w.sys, w.addresses)
	}
	channel.Serve(w.sys, channel.Deps{Getenv: func(string) string { return "token" }})
	w.sets = recipient.NewSets(recipient.SetsConfig{System: w.sys, Addresses: w.addresses})
}

func (w *world) stop() {
	w.sets.Close()
	w.sys.Kill()
}

func (w *world) book(user string) engine.Ref[actors.RecipientMsg] {
	return actors.Recipients.Ref(w.sys, w.addresses.Of("shop", user))
}

func ask[R any](w *world, to engine.Ref[actors.RecipientMsg], m actors.RecipientMsg) R {
	w.Helper()
	r, err := engine.Ask[R](context.Background(), to, m)
	if err != nil {
		w.Fatalf("%T: %v", m, err)
	}
	return r
}

// set gives a user these settings and no others.
func (w *world) set(user string, s recipient.Settings) {
	w.Helper()
	w.change(actors.RecipientChange{User: user, Sets: actors.AllFields, Settings: s})
}

func (w *world) change(c actors.RecipientChange) {
	w.Helper()
	ask[actors.Done](w, w.book(c.User), actors.Change{Entries: []actors.RecipientChange{c}})
}

func (w *world) fetch() *recipient.Set {
	w.Helper()
	set, err := w.sets.Fetch(context.Background(), "shop")
	if err != nil {
		w.Fatal(err)
	}
	return set
}

func user(n int) string { return fmt.Sprintf("U%032x", uint64(n)*0x9e3779b97f4a7c15) }
