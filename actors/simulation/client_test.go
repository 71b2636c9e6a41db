package simulation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/campaign"
)

// configure adds the channel.
func (w *world) configure() {
	s := actors.Settings{Name: "shop", Provider: "line", Endpoint: "https://api.line.me", TokenEnv: "LINE_TOKEN", Limits: w.sc.limits}
	if _, err := insist[actors.ChannelInfo](w, actors.Channels, "shop", actors.ChannelMsg(actors.Configure{Settings: s})); err != nil {
		w.wrong("channel not configured: " + err.Error())
	}
	if w.sc.restore > 0 {
		time.AfterFunc(w.sc.restore, func() {
			for _, m := range w.sc.missions {
				w.sim.Restore(m.unknown...)
			}
		})
	}
}

// submit sends a campaign until it is accepted: the API dies with its process, and the client repeats.
func (w *world) submit(m *mission) {
	time.Sleep(m.wait)
	for w.now() < w.sc.bound {
		err := w.trySubmit(m)
		if err == nil {
			m.mu.Lock()
			m.accepted = w.now()
			m.mu.Unlock()
			w.note("client", "202 "+m.name, 0)
			return
		}
		w.note("client", m.name+" not accepted: "+err.Error(), 0)
		time.Sleep(time.Second)
	}
	w.wrong("never accepted: " + m.name)
}

func (w *world) trySubmit(m *mission) error {
	upload := ulid.Make().String()
	ticket, err := ask[actors.UploadTicket](w, actors.Campaigns, m.id, actors.CampaignMsg(actors.BeginUpload{Upload: upload}))
	if err != nil || ticket.Accepted != nil {
		return err
	}
	a, err := w.ingest(m, upload)
	if err != nil {
		_, _ = ask[actors.Done](w, actors.Campaigns, m.id, actors.CampaignMsg(actors.DropUpload{Upload: upload, Reason: err.Error()}))
		return err
	}
	_, err = ask[actors.Info](w, actors.Campaigns, m.id, actors.CampaignMsg(actors.Accept{Upload: upload, Definition: m.definition(w.began), Audience: a}))
	return err
}

func (w *world) ingest(m *mission, upload string) (actors.Audience, error) {
	store := &objects{Objects: w.memory, in: w.current()}
	sink := &campaign.Parts{Upload: upload, Put: func(name string, data []byte) error { return store.Put(context.Background(), name, data) }}
	sum, err := audience.Ingest(context.Background(), audience.Source{Reader: strings.NewReader(m.audience()), Format: audience.NDJSON}, sink,
		audience.Options{Dir: w.sc.dir, Needs: []string{"text"}, Optional: m.optional()})
	if err != nil {
		return actors.Audience{}, err
	}
	return campaign.Stored(sum), nil
}

// obey gives the operator's orders, each until it is answered.
func (w *world) obey(m *mission) {
	for _, o := range m.orders {
		time.Sleep(o.after)
		if o.what == resume {
			m.mu.Lock()
			for i := range m.held { // it may have been paused twice
				if m.held[i].to == 0 {
					m.held[i].to = w.now()
				}
			}
			m.mu.Unlock()
		}
		err := w.give(m, o.what)
		w.note("client", fmt.Sprintf("%s %s: %v", orderNames[o.what], m.name, err), 0)
		var p actors.Problem
		if err != nil && (!errors.As(err, &p) || p.Status != 409) {
			w.wrong(fmt.Sprintf("%s of %s: %v", orderNames[o.what], m.name, err))
		}
		if err != nil || o.what != pause && o.what != cancel {
			continue
		}
		m.mu.Lock()
		m.held = append(m.held, interval{from: w.now() + time.Second})
		if o.what == cancel {
			m.cancelAt = w.now()
		}
		m.mu.Unlock()
	}
}

func (w *world) give(m *mission, what orderKind) error {
	switch what {
	case redriveFailed:
		return w.redrive(m, actors.Redrive{State: actors.Failed})
	case redriveUnknown:
		return w.redrive(m, actors.Redrive{State: actors.Unknown, Acknowledged: true})
	case pause, resume, cancel:
	}
	msg := [...]actors.CampaignMsg{actors.Pause{}, actors.Resume{}, actors.Cancel{}}[what]
	_, err := insist[actors.Info](w, actors.Campaigns, m.id, msg)
	return err
}

// await waits until a campaign is final, or the time is over.
func (w *world) await(m *mission) {
	if w.sc.quiet {
		w.lookOnce(m)
		return
	}
	for every := time.Second; w.now() < w.sc.bound; time.Sleep(every) {
		i, err := ask[actors.Info](w, actors.Campaigns, m.id, actors.CampaignMsg(actors.Show{}))
		if err == nil && i.State.Final() {
			m.mu.Lock()
			m.finalAt = w.now()
			m.mu.Unlock()
			w.note("client", fmt.Sprintf("%s is %s %v", m.name, i.State, i.Totals), 0)
			return
		}
		if w.now() > 10*time.Minute {
			every = 20 * time.Second
		}
	}
}

// lookOnce sees at the bound what became of a campaign, and not earlier: a question wakes a grain, which hides one that nothing else
// would have woken.
func (w *world) lookOnce(m *mission) {
	time.Sleep(w.sc.bound - w.now())
	i, err := insist[actors.Info](w, actors.Campaigns, m.id, actors.CampaignMsg(actors.Show{}))
	switch {
	case err != nil:
		w.wrong(fmt.Sprintf("%s can't be read: %v", m.name, err))
	case !i.State.Final():
		w.wrong(fmt.Sprintf("%s is %s after %v in which nobody asked", m.name, i.State, w.sc.bound))
	default:
		m.mu.Lock()
		defer m.mu.Unlock()
		m.finalAt = i.FinishedAt.Sub(w.began)
	}
}
