package webhook

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/plan"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// askTimeout is how long a grain's answer is waited for.
const askTimeout = 10 * time.Second

// subjectsMost is how many campaigns a desk remembers.
const subjectsMost = 1000

// desk makes deliveries of facts. One delivery at a time has it, off the actor.
type desk struct {
	sys      *engine.System
	deps     Deps
	client   *http.Client
	settings actors.WebhookSettings
	space    uuid.UUID

	subjects map[string]*subject // by campaign
	origins  map[string]string   // campaign by run
	layout   actors.RunLayout    // of the newest run
	chunk    int                 // number of the newest chunk of it; below 0: none
	planned  plan.Chunk
}

func newDesk(sys *engine.System, deps Deps, s actors.WebhookSettings) *desk {
	return &desk{
		sys: sys, deps: deps, client: newClient(deps.HTTP), settings: s, space: space(deps.Cluster, s.Name),
		subjects: map[string]*subject{}, origins: map[string]string{}, chunk: -1,
	}
}

// Reasons why a fact is not delivered at all.
var (
	errElsewhere = errors.New("webhook: the campaign is another channel's")
	errOver      = errors.New("webhook: the campaign is over, and its end is told by itself")
	errMissing   = errors.New("webhook: what it is about is no longer stored")
)

// dropped tells whether a fact is passed over for good.
func dropped(err error) bool {
	return errors.Is(err, errElsewhere) || errors.Is(err, errOver) || errors.Is(err, errMissing)
}

// send delivers one; its body is made once, so that every try says the same.
func (d *desk) send(ctx context.Context, x *item) (status int, err error) {
	secret := d.deps.Getenv(d.settings.SecretEnv)
	if secret == "" {
		return 0, ownError{errors.New(missingSecret(d.settings, d.deps.Getenv))}
	}
	id := idOf(d.space, &x.fact)
	if x.body == nil {
		m, err := d.message(ctx, &x.fact)
		if err != nil {
			return 0, ownError{err}
		}
		m.ID = id
		if x.body, err = json.Marshal(m); err != nil {
			return 0, ownError{err}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	return post(ctx, d.client, letter{id: id, url: d.settings.URL, secret: secret, body: x.body})
}

// message is what a fact says.
func (d *desk) message(ctx context.Context, f *fact) (message, error) {
	who, err := d.subject(ctx, f)
	switch {
	case err != nil:
		return message{}, err
	case d.settings.Channel != "" && who.Channel != d.settings.Channel:
		return message{}, errElsewhere
	}
	m := message{Type: f.kind, At: Moment(f.at), Data: nothing{}}
	switch f.kind {
	case CampaignStarted:
		who.State = actors.StateRunning
	case CampaignPaused:
		who.State = actors.StatePaused
	case CampaignResumed:
		who.State = actors.StateRunning
		if f.at.Before(who.due) {
			who.State = actors.StateScheduled
		}
	case CampaignFinished:
		who.State = f.finished.State
		m.Data = ended{State: f.finished.State, Totals: totalsOf(f.finished.Totals), FinishedAt: Moment(f.finished.At)}
	case CampaignProgress:
		m.Data, err = d.progress(ctx, who)
	case RecipientsFailed:
		m.Data, err = d.losses(ctx, who.ID, f)
	}
	told := *who
	m.Campaign = &told
	return m, err
}

// subject is the campaign that a fact is about.
func (d *desk) subject(ctx context.Context, f *fact) (*subject, error) {
	id := f.grain
	if f.byRun() {
		owner, err := d.origin(ctx, f.grain)
		if err != nil {
			return nil, err
		}
		id = owner
	}
	if s := d.subjects[id]; s != nil && (s.Run != "" || f.kind == CampaignPaused || f.kind == CampaignResumed) {
		return s, nil
	}
	info, err := d.show(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(d.subjects) >= subjectsMost {
		clear(d.subjects)
	}
	s := subjectOf(info)
	d.subjects[id] = &s
	return &s, nil
}

// origin is the campaign of a run.
func (d *desk) origin(ctx context.Context, run string) (string, error) {
	if id, ok := d.origins[run]; ok {
		return id, nil
	}
	o, err := ask[actors.RunOrigin](ctx, actors.Checkers.Ref(d.sys, run), actors.CheckerMsg(actors.Origin{}))
	if err != nil {
		return "", err
	}
	if len(d.origins) >= subjectsMost {
		clear(d.origins)
	}
	d.origins[run] = o.Campaign
	return o.Campaign, nil
}

func (d *desk) show(ctx context.Context, id string) (actors.Info, error) {
	return ask[actors.Info](ctx, actors.Campaigns.Ref(d.sys, id), actors.CampaignMsg(actors.Show{}))
}

// progress are the figures of the moment. Of a campaign that is over by now its last word follows, or was told.
func (d *desk) progress(ctx context.Context, who *subject) (any, error) {
	info, err := d.show(ctx, who.ID)
	if err != nil {
		return nil, err
	}
	if info.State.Final() {
		return nil, errOver
	}
	*who = subjectOf(info)
	return progressed{totalsOf(info.Totals)}, nil
}

// losses names the recipients of a fact.
func (d *desk) losses(ctx context.Context, id string, f *fact) (any, error) {
	if d.layout.Run != f.grain {
		layout, err := ask[actors.RunLayout](ctx, actors.Campaigns.Ref(d.sys, id), actors.CampaignMsg(actors.Layout{}))
		switch {
		case err != nil:
			return nil, err
		case layout.Run != f.grain:
			return nil, fmt.Errorf("%w: run %s of campaign %s", errMissing, f.grain, id)
		}
		d.layout, d.chunk = layout, -1
	}
	out := losses{Recipients: make([]loss, 0, batch)}
	for _, s := range f.failed {
		for i := s.span.Lo; i < s.span.Hi; i++ {
			r, err := d.recipient(ctx, i)
			if err != nil {
				return nil, err
			}
			reason := cmp.Or(s.reason, r.Reason)
			if d.planned.Mode == plan.Failed {
				reason = "could not be rendered: " + cmp.Or(r.Reason, "see the template")
			}
			out.Recipients = append(out.Recipients, loss{UserID: r.User, Index: i, State: s.outcome.String(), Reason: reason})
		}
	}
	return out, nil
}

// recipient is one of the run whose layout is here.
func (d *desk) recipient(ctx context.Context, index uint32) (plan.Recipient, error) {
	n, entry, ok := plan.Find(d.layout.Table, index)
	if !ok {
		return plan.Recipient{}, fmt.Errorf("%w: recipient %d of run %s", errMissing, index, d.layout.Run)
	}
	if n != d.chunk {
		chunk, err := campaign.LoadChunk(ctx, d.deps.Objects, d.layout.Chunks, uint32(n))
		if errors.Is(err, journal.ErrNotFound) || errors.Is(err, plan.ErrDamaged) {
			err = fmt.Errorf("%w: run %s: %w", errMissing, d.layout.Run, err)
		}
		if err != nil {
			return plan.Recipient{}, err
		}
		d.chunk, d.planned = n, chunk
	}
	if at := index - entry.First; int(at) < len(d.planned.Recipients) {
		return d.planned.Recipients[at], nil
	}
	return plan.Recipient{}, fmt.Errorf("%w: recipient %d of run %s", errMissing, index, d.layout.Run)
}

// ask asks a grain. A refusal that will not change says that what was asked for is no longer stored.
func ask[R, M any](ctx context.Context, to engine.Ref[M], m M) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := engine.Ask[R](ctx, to, m)
	if p, ok := errors.AsType[actors.Problem](err); ok && (p.Status == http.StatusNotFound || p.Status == http.StatusConflict) {
		err = fmt.Errorf("%w: %s", errMissing, p.Error())
	}
	return answer, err
}
