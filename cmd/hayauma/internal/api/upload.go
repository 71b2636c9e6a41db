package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/campaign"
	"hayauma.example/cmd/hayauma/internal/objects"
	"hayauma.example/engine"
)

// While an upload is under way.
const (
	keepEvery   = 5 * time.Second // how often the campaign hears that the sender is alive
	dropTimeout = 10 * time.Second
	acceptFor   = 2 * time.Minute // reading the stored parts back takes its time
	maxAudience = 8 << 30         // bytes, decompressed: what audience.Limits allows too
	maxBadLines = 20
)

// store receives the audience into the store and has the campaign accepted. Whatever ends it before that drops the upload.
func (sub *submission) store(ctx context.Context) error {
	s := sub.server
	err := sub.ingest(ctx)
	if err == nil {
		return nil
	}
	if maybe, ok := errors.AsType[undecided](err); ok {
		return maybe.err // it may be accepted: only the campaign knows
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTimeout) // also for a client that has gone
	defer cancel()
	drop := actors.DropUpload{Upload: sub.upload, Reason: "refused or broken off"}
	if _, dropErr := ask[actors.Done](after, s, sub.campaign, actors.CampaignMsg(drop)); dropErr != nil {
		sub.trace.Log(s.Log).Warn("upload not dropped, it expires by itself", "campaign", sub.id, "error", dropErr)
	}
	return err
}

// undecided is an error after which the campaign may be accepted or not.
type undecided struct{ err error }

func (u undecided) Error() string { return u.err.Error() }

func (sub *submission) ingest(ctx context.Context) error {
	stopKeeping := sub.keep(ctx)
	defer stopKeeping()
	writer := objects.NewWriter(ctx, sub.server.Objects)
	sink := &campaign.Parts{Upload: sub.upload, Put: writer.Put}
	sum, err := audience.Ingest(ctx, sub.audience, sink, audience.Options{
		Dir: sub.server.Temp, Needs: sub.needs, Optional: sub.optional, Limits: audience.Limits{BadLines: maxBadLines, Bytes: maxAudience},
		Rules: sub.rules(),
	})
	if putErr := writer.Wait(); err == nil {
		err = putErr
	}
	if err != nil {
		return audienceRefusal(err)
	}
	if err := sub.nothingMore(); err != nil {
		return err
	}
	return sub.acceptUpload(ctx, campaign.Stored(sum))
}

// acceptUpload is the last step. A client that goes now doesn't undo it: its answer is lost, and it will ask again.
func (sub *submission) acceptUpload(ctx context.Context, a actors.Audience) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptFor)
	defer cancel()
	m := actors.Accept{Upload: sub.upload, Definition: sub.definition, Audience: a}
	info, err := engine.AskTraced[actors.Info](ctx, sub.campaign, sub.trace, actors.CampaignMsg(m))
	var problem actors.Problem
	switch {
	case err == nil:
		sub.server.Traffic.Duplicates.Add(a.Duplicates)
		sub.trace.Log(sub.server.Log).Info("campaign accepted", "campaign", sub.id, "channel", info.Channel, "recipients", info.Totals.Sum(), "state", string(info.State))
		return nil
	case errors.As(err, &problem):
		return err
	}
	return undecided{err}
}

// keep tells the campaign that the sender is alive, until the function that it returns is called.
func (sub *submission) keep(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(keepEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				sub.campaign.Tell(actors.KeepUpload{Upload: sub.upload})
			}
		}
	})
	return func() { cancel(); done.Wait() }
}

// audienceRefusal turns a bad body and a bad file, with its lines, into problems; other errors pass.
func audienceRefusal(err error) error {
	if body, ok := errors.AsType[bodyError](err); ok {
		return broken(body.err)
	}
	var bad *audience.Errors
	if !errors.As(err, &bad) {
		return err
	}
	problem := &huma.ErrorModel{Status: http.StatusUnprocessableEntity, Title: "audience refused", Detail: "the audience has bad lines: nothing was accepted"}
	for _, e := range bad.List {
		location, message := badLine(e)
		problem.Errors = append(problem.Errors, &huma.ErrorDetail{Message: message, Location: location})
	}
	if bad.More {
		problem.Detail += fmt.Sprintf("; these are the first %d", len(bad.List))
	}
	if !bad.Cut || len(bad.List) > 1 {
		problem.Detail += seeAll
	}
	return problem
}

// seeAll names what shows everything that a submission is refused for, and not only the first of it.
const seeAll = "; to see all that is wrong, and what would fail later: hayauma campaign explain -f FILE --audience FILE"

// badLine tells of one problem where it is and what it is.
func badLine(e *audience.Error) (location, message string) {
	location, message = "audience", e.Problem
	if e.Line > 0 {
		location = fmt.Sprintf("audience line %d", e.Line)
	}
	if e.Column != "" {
		message = fmt.Sprintf("column %q %s", e.Column, e.Problem)
	}
	return location, message
}

// compare answers a repeated submission: the same content is the same campaign.
func (sub *submission) compare(ctx context.Context, accepted actors.Accepted) error {
	sum, err := contentDigest(ctx, sub.audience)
	if err == nil {
		err = sub.nothingMore()
	}
	if err != nil {
		return err
	}
	if !sameDefinition(sub.definition, accepted.Definition) || !slices.Equal(sum, accepted.ContentSHA256) {
		return actors.Problem{Status: http.StatusUnprocessableEntity, Title: "Idempotency-Key reused",
			Detail: "campaign " + sub.id + " was accepted under this key with other content: take a new key for a new campaign"}
	}
	sub.server.Traffic.Repeats.Add(1)
	return nil
}

func contentDigest(ctx context.Context, src audience.Source) ([]byte, error) {
	r := src.Reader
	if src.Gzip {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, digestRefusal(err, 0)
		}
		r = z
	}
	digest := sha256.New()
	n, err := io.Copy(digest, io.LimitReader(r, maxAudience+1))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, digestRefusal(err, n)
	case n > maxAudience:
		return nil, refused("the audience is larger than %d bytes after decompression: split it", int64(maxAudience))
	}
	return digest.Sum(nil), nil
}

// digestRefusal says why an audience could not be read on after n bytes of content.
func digestRefusal(err error, n int64) error {
	if body, ok := errors.AsType[bodyError](err); ok {
		return broken(body.err)
	}
	switch {
	case errors.Is(err, gzip.ErrHeader) && n > 0:
		return refused("the audience has something behind its gzip data: compress and send the file again")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return refused("the audience's gzip data ends too early: compress and send the file again")
	}
	return refused("the audience is not valid gzip data: compress and send the file again")
}

// sameDefinition compares what was meant, not how it was laid out.
func sameDefinition(a, b actors.Definition) bool {
	same := func(a, b json.RawMessage) bool { return bytes.Equal(compact(a), compact(b)) }
	return a.Name == b.Name && a.Channel == b.Channel && a.At.Equal(b.At) && a.ExpireAfter == b.ExpireAfter && same(a.Messages, b.Messages) &&
		a.Priority.Or() == b.Priority.Or() && actors.WeightOf(a.Weight) == actors.WeightOf(b.Weight) &&
		a.Zone == b.Zone && a.Hours == b.Hours && a.After == b.After && a.Cron == b.Cron && a.Until.Equal(b.Until) && a.Overlap == b.Overlap && a.Topic == b.Topic &&
		a.Experiment == b.Experiment && a.LocalTime == b.LocalTime && a.ZoneColumn == b.ZoneColumn &&
		slices.EqualFunc(a.Variants, b.Variants, func(a, b actors.Variant) bool {
			return a.Name == b.Name && a.Weight == b.Weight && same(a.Messages, b.Messages)
		}) &&
		slices.EqualFunc(a.Steps, b.Steps, func(a, b actors.Step) bool { return a.After == b.After && a.At == b.At && same(a.Messages, b.Messages) })
}
