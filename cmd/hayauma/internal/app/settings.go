package app

import (
	"context"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/recipient"
	"hayauma.example/engine"
)

// setsPart is the part of the memory limit that users' settings may take together. One channel's may take more, alone.
const setsPart = 4

// startSets keeps the settings of the channels' users that campaigns of this node work with.
func (a *App) startSets() {
	a.books = recipient.NewAddresses(shardNumber)
	a.sets = recipient.NewSets(recipient.SetsConfig{System: a.sys, Addresses: a.books, MaxBytes: int(a.cfg.MemoryLimit / setsPart)})
	a.onStop("recipients' settings", func(context.Context) error {
		a.sets.Close()
		return nil
	})
}

// settings are those of a channel's users, with all that is durable by now.
func (a *App) settings(ctx context.Context, channel string) (campaign.Settings, error) {
	set, err := a.sets.Fetch(ctx, channel)
	if err != nil {
		return nil, err
	}
	return set, nil
}

// suppress has a user's book note that he can't be reached.
func (a *App) suppress(ctx context.Context, channel, user, reason string) error {
	book := actors.Recipients.Ref(a.sys, a.books.Of(channel, user))
	_, err := engine.Ask[actors.Done](ctx, book, actors.RecipientMsg(actors.Suppress{User: user, Reason: reason}))
	return err
}
