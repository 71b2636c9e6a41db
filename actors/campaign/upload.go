package campaign

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// PartName and DupName name the stored objects of an upload, ChunkName those of a run.
func PartName(upload string, n int) string { return fmt.Sprintf("up.%s.part.%d", upload, n) }

// DupName names a list of duplicate rows of an upload.
func DupName(upload string, n int) string { return fmt.Sprintf("up.%s.dup.%d", upload, n) }

// ChunkName names a frozen chunk; the prefix is the plan's.
func ChunkName(prefix string, n uint32) string { return fmt.Sprintf("%s.%d", prefix, n) }

// LoadChunk reads a frozen chunk.
func LoadChunk(ctx context.Context, objects journal.Objects, prefix string, n uint32) (chunk plan.Chunk, err error) {
	data, err := objects.Get(ctx, ChunkName(prefix, n))
	if err == nil {
		chunk, err = plan.DecodeChunk(data)
	}
	if err != nil {
		return plan.Chunk{}, fmt.Errorf("chunk %d of %s: %w", n, prefix, err)
	}
	return chunk, nil
}

func (a *Campaign) beginUpload(c *engine.Context[actors.CampaignMsg], m actors.BeginUpload) {
	s := &a.intent
	if s.Accepted != nil {
		c.Respond(actors.UploadTicket{Accepted: &actors.Accepted{Definition: s.Accepted.Definition, ContentSHA256: s.Accepted.Audience.ContentSHA256}})
		return
	}
	now := c.Now()
	if s.Upload != "" && s.Upload == m.Upload {
		a.upload = now
		c.Respond(actors.UploadTicket{Go: true}) // the answer to the first was lost
		return
	}
	if s.Upload != "" && now.Sub(a.upload) < actors.UploadPatience {
		refuse(c, 409, "upload in progress", "another request with this Idempotency-Key is being received; wait for its answer and repeat")
		return
	}
	events := []Event{}
	replaced := s.Upload
	if replaced != "" {
		events = append(events, UploadDropped{Upload: s.Upload, Reason: "replaced: its sender fell silent"})
		c.Forget(remindUpload, s.UploadAt.Add(actors.UploadExpiry))
	}
	c.Remind(remindUpload, now.Add(actors.UploadExpiry), nil)
	engine.Persist(c, append(events, Uploading{Upload: m.Upload, At: now}), func() {
		a.upload = now
		if replaced != "" {
			a.purge(c, replaced)
		}
		c.Respond(actors.UploadTicket{Go: true})
	})
}

func (a *Campaign) keepUpload(c *engine.Context[actors.CampaignMsg], m actors.KeepUpload) {
	if a.intent.Upload == m.Upload {
		a.upload = c.Now()
	}
}

func (a *Campaign) dropUpload(c *engine.Context[actors.CampaignMsg], m actors.DropUpload) {
	if a.intent.Accepted != nil || a.intent.Upload != m.Upload {
		c.Respond(actors.Done{})
		return
	}
	a.drop(c, m.Reason)
}

// expireUpload drops an upload an hour after it began, unless its sender is still at it.
func (a *Campaign) expireUpload(c *engine.Context[actors.CampaignMsg]) {
	if a.intent.Upload != "" && c.Now().Sub(a.upload) >= actors.UploadPatience {
		a.drop(c, "expired")
	}
}

func (a *Campaign) drop(c *engine.Context[actors.CampaignMsg], reason string) {
	upload := a.intent.Upload
	c.Forget(remindUpload, a.intent.UploadAt.Add(actors.UploadExpiry))
	engine.Persist(c, []Event{UploadDropped{Upload: upload, Reason: reason}}, func() {
		a.purge(c, upload)
		c.Respond(actors.Done{})
	})
}

// purgeAudience removes what was planned, unless it is a series'.
func (a *Campaign) purgeAudience(c *engine.Context[actors.CampaignMsg]) {
	if a.intent.Accepted.Series == "" {
		a.purge(c, a.intent.Accepted.Upload)
	}
}

// purge removes what an upload stored; a failure leaves bytes behind, nothing else.
func (a *Campaign) purge(c *engine.Context[actors.CampaignMsg], upload string) {
	objects, log := a.deps.Objects, a.log(c)
	c.Go(func(ctx context.Context) actors.CampaignMsg {
		if err := objects.Drop(ctx, "up."+upload); err != nil {
			log.Warn("upload not purged", "upload", upload, "error", err)
		}
		return nil
	})
}

func (a *Campaign) accept(c *engine.Context[actors.CampaignMsg], m actors.Accept) {
	s := &a.intent
	switch {
	case s.Accepted != nil && s.Accepted.Upload == m.Upload:
		c.Respond(a.info(c)) // the answer to the first Accept was lost
		return
	case s.Accepted != nil || s.Upload != m.Upload:
		c.Respond(errReplaced)
		return
	}
	a.upload = c.Now()
	reply, objects, trace := c.Reply(), a.deps.Objects, traceOf(c.Trace())
	c.Go(func(ctx context.Context) actors.CampaignMsg {
		return verified{accept: m, trace: trace, reply: reply, err: verify(ctx, objects, m.Upload, m.Audience)}
	})
}

// errReplaced answers whoever comes with an upload that is not the campaign's any more.
var errReplaced = actors.Problem{Status: 409, Title: "upload was replaced",
	Detail: "another request with this Idempotency-Key took its place; repeat the request"}

// ErrIncomplete says that the stored parts are not what was counted while they were stored.
var ErrIncomplete = errors.New("stored audience is incomplete")

// verify reads back what was stored, rows and then duplicate lists: the number of parts and their digest.
func verify(ctx context.Context, objects journal.Objects, upload string, au actors.Audience) error {
	sum := sha256.New()
	read := func(name string) error {
		data, err := objects.Get(ctx, name)
		if err != nil {
			return fmt.Errorf("stored audience, %s: %w", name, err)
		}
		sum.Write(data)
		return nil
	}
	for n := range au.Parts {
		if err := read(PartName(upload, n)); err != nil {
			return err
		}
	}
	for n := range au.DupParts {
		if err := read(DupName(upload, n)); err != nil {
			return err
		}
	}
	if !bytes.Equal(sum.Sum(nil), au.PartsSHA256) {
		return ErrIncomplete
	}
	return nil
}

func (a *Campaign) verified(c *engine.Context[actors.CampaignMsg], m verified) {
	switch s := &a.intent; {
	case s.Accepted != nil && s.Accepted.Upload == m.accept.Upload:
		m.reply.Send(a.info(c)) // by an Accept that was repeated while the first was verified
		return
	case s.Accepted != nil || s.Upload != m.accept.Upload:
		m.reply.Send(errReplaced)
		return
	case m.err != nil:
		m.reply.Send(actors.Problem{Status: 503, Title: "audience could not be stored", Detail: m.err.Error() + "; repeat the request"})
		return
	}
	now := c.Now()
	due := m.accept.Definition.At
	if due.IsZero() {
		due = now
	}
	e := Accepted{Upload: m.accept.Upload, Definition: m.accept.Definition, Audience: m.accept.Audience, At: now, Due: due, Trace: m.trace}
	c.Forget(remindUpload, a.intent.UploadAt.Add(actors.UploadExpiry))
	c.Remind(remindWork, wakeOf(&e), nil)
	engine.Persist(c, []Event{e}, func() {
		a.deps.Crash("campaign.accepted")
		m.reply.Send(a.info(c))
		a.advance(c)
	})
}

// dropChunks removes what a failed planning stored.
func (a *Campaign) dropChunks(c *engine.Context[actors.CampaignMsg], prefix string) {
	objects, log := a.deps.Objects, a.log(c)
	c.Go(func(ctx context.Context) actors.CampaignMsg {
		if err := objects.Drop(ctx, prefix); err != nil {
			log.Warn("chunks not purged", "chunks", prefix, "error", err)
		}
		return nil
	})
}
