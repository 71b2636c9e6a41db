package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/campaign"
	"hayauma.example/engine"
)

// Mission is one campaign.
type Mission struct {
	Name    string
	ID      string
	Unknown bool          // some recipients may end as unknown
	Within  time.Duration // from its acceptance to its end; 0: a day
	rows    []row
	strange []string // users that the provider doesn't know

	accepted, final time.Duration
	info            actors.Info
}

// row is a recipient.
type row struct {
	user, text string
	strange    bool
	personal   bool
}

// NewMission makes the recipients of a campaign: personal ones with a text each, which go by push, and uniform ones, by multicast.
func (w *World) NewMission(name string, personal, uniform int) *Mission {
	m := &Mission{Name: name, ID: actors.CampaignID("fleet", name)}
	for i := range personal + uniform {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", name, i))
		r := row{user: "U" + hex.EncodeToString(sum[:16]), text: name + " for all", personal: i < personal}
		if r.personal {
			r.text = fmt.Sprintf("%s for %d", name, i)
		}
		m.rows = append(m.rows, r)
	}
	w.missions = append(w.missions, m)
	return m
}

// Final is when the campaign ended, as far as was seen; 0: it didn't.
func (m *Mission) Final() time.Duration { return m.final }

// Accepted is when it was accepted.
func (m *Mission) Accepted() time.Duration { return m.accepted }

// Forget makes a row's user unknown to the provider.
func (m *Mission) Forget(i int) {
	i = (i + len(m.rows)) % len(m.rows)
	m.rows[i].strange = true
	m.strange = append(m.strange, m.rows[i].user)
}

// body is the canonical form of what a row's user gets, by hand.
func (r row) body() [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, `[{"text":%q,"type":"text"}]`, r.text))
}

// Ask asks a grain through any node, as the API does.
func Ask[R, M any](w *World, k *engine.Kind[M], id string, m M) (R, error) {
	n := w.Any()
	if n == nil {
		return *new(R), errors.New("fleet: no node lives")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	return engine.Ask[R](ctx, k.Ref(n.Sys, id), m)
}

// Insist asks until there is an answer, for ten minutes at most; it may be a Problem.
func Insist[R, M any](w *World, k *engine.Kind[M], id string, m M) (R, error) {
	for began := w.Now(); ; {
		r, err := Ask[R](w, k, id, m)
		p, problem := errors.AsType[actors.Problem](err)
		if err == nil || problem && p.Status != 503 || w.Now()-began > 10*time.Minute {
			return r, err
		}
		<-time.After(100 * time.Millisecond)
	}
}

// Submit sends a campaign until it is accepted.
func (w *World) Submit(m *Mission) {
	w.Sim.Forget(m.strange...)
	for w.Now() < 24*time.Hour {
		err := w.trySubmit(m)
		if err == nil {
			m.accepted = w.Now()
			w.Note("", m.Name+" is accepted")
			return
		}
		w.Note("", m.Name+" is not accepted: "+err.Error())
		<-time.After(200 * time.Millisecond)
	}
	w.Wrong("never accepted: " + m.Name)
}

func (w *World) trySubmit(m *Mission) error {
	upload := ulid.Make().String()
	ticket, err := Ask[actors.UploadTicket](w, actors.Campaigns, m.ID, actors.CampaignMsg(actors.BeginUpload{Upload: upload}))
	if err != nil || ticket.Accepted != nil {
		return err
	}
	var b strings.Builder
	for _, r := range m.rows {
		_, _ = fmt.Fprintf(&b, "{\"user_id\":%q,\"text\":%q}\n", r.user, r.text)
	}
	put := func(name string, data []byte) error { return w.Store.Put(context.Background(), name, data) }
	sum, err := audience.Ingest(context.Background(), audience.Source{Reader: strings.NewReader(b.String()), Format: audience.NDJSON},
		&campaign.Parts{Upload: upload, Put: put}, audience.Options{Dir: w.o.Dir, Needs: []string{"text"}})
	if err != nil {
		return err
	}
	_, err = Ask[actors.Info](w, actors.Campaigns, m.ID, actors.CampaignMsg(actors.Accept{
		Upload:     upload,
		Definition: actors.Definition{Name: m.Name, Channel: "shop", Messages: []byte(`[{"type":"text","text":"{{ text }}"}]`)},
		Audience:   campaign.Stored(sum),
	}))
	return err
}

// Await waits until a campaign is final, or two hours are over.
func (w *World) Await(m *Mission) {
	for every := 100 * time.Millisecond; w.Now() < 2*time.Hour; <-time.After(every) {
		i, err := Ask[actors.Info](w, actors.Campaigns, m.ID, actors.CampaignMsg(actors.Show{}))
		if err == nil {
			m.info = i
		}
		if err == nil && i.State.Final() {
			m.final = w.Now()
			w.Note("", fmt.Sprintf("%s is %s %v", m.Name, i.State, i.Totals))
			return
		}
		if w.Now() > 10*time.Minute {
			every = 20 * time.Second
		}
	}
}

// blemished tells whether a uniform row's user is unknown to the provider.
func (m *Mission) blemished() bool {
	return slices.ContainsFunc(m.rows, func(r row) bool { return r.strange && !r.personal })
}
