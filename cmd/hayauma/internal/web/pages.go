package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

// got is a part of a page that the API may refuse while others are there.
type got[T any] struct {
	V       T
	Trouble string
}

func get[T any](v T, err error) got[T] {
	if err != nil {
		return got[T]{Trouble: words(err)}
	}
	return got[T]{V: v}
}

// overviewPage is the state of everything at a glance.
type overviewPage struct {
	Cluster   got[api.ClusterStatus]
	Warnings  []string
	Channels  got[[]api.Channel]
	Campaigns got[listed]
	Running   []api.Campaign
	Counts    []stateCount
	Due       []dueEntry
	Deepest   got[api.ActorList]
}

type stateCount struct {
	State string
	N     int
}

const fewShown = 5

func (s *server) overview(ctx context.Context, _ *http.Request) (*page, error) {
	var o overviewPage
	var asking sync.WaitGroup
	asking.Go(func() { o.Cluster = get(s.api.Cluster(ctx)) })
	asking.Go(func() { o.Channels = get(s.api.Channels(ctx)) })
	asking.Go(func() { o.Campaigns = get(s.list.all(ctx, s.api)) })
	asking.Go(func() { o.Deepest = get(s.actorsBy(ctx, client.ActorQuery{Sort: "depth", Limit: fewShown})) })
	asking.Wait()
	o.Warnings = o.Cluster.V.Warnings()
	for _, state := range campaignStates {
		if n := o.Campaigns.V.count(state); n > 0 {
			o.Counts = append(o.Counts, stateCount{state, n})
		}
	}
	for _, c := range o.Campaigns.V.Campaigns {
		if c.Recurrence == nil && (c.State == "running" || c.State == "paused" || c.Waiting != "") && len(o.Running) < fewShown {
			o.Running = append(o.Running, c)
		}
	}
	due := dueOf(o.Campaigns.V.Campaigns)
	o.Due = due[:min(len(due), fewShown)]
	active := 0
	for _, m := range o.Cluster.V.Members {
		if m.Condition == "active" {
			active++
		}
	}
	say := fmt.Sprintf("%d of %s active, %s running, %s", active, plural(len(o.Cluster.V.Members), "member", "members"),
		plural(o.Campaigns.V.count("running"), "campaign", "campaigns"), plural(len(o.Warnings), "warning", "warnings"))
	return &page{Title: "Overview", Section: "overview", template: "overview", Live: o, Say: say}, nil
}

// campaignStates are those of the API, in the order in which people ask for them.
var campaignStates = []string{"running", "paused", "accepted", "scheduled", "finished", "cancelled", "expired"}

// Bounds of lists.
const (
	maxListed = 5000 // campaigns that are looked at
	maxShown  = 100
	listAge   = time.Second // watchers share a list that is as old, or …
	listShare = 4           // … so many times as old as it took to ask for it
)

// listed is the campaigns of the list, the newest first.
type listed struct {
	Campaigns []api.Campaign
	More      bool // there are others
}

func (l listed) count(state string) (n int) {
	for _, c := range l.Campaigns {
		if c.State == state {
			n++
		}
	}
	return n
}

// campaignList is asked for once, however many look.
type campaignList struct {
	mu    sync.Mutex
	good  time.Time // until when kept is
	kept  listed
	nexts map[string]nextOf // by series
}

// nextOf is when the next occurrence of a series is due: the list doesn't know, and the series does.
type nextOf struct {
	due   *time.Time
	asked time.Time
}

// Questions to series.
const (
	nextAge   = 15 * time.Second
	nextsMost = 100 // in one look; the others are asked in the next ones
)

func (l *campaignList) all(ctx context.Context, c *client.Client) (listed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	begin := time.Now()
	if begin.Before(l.good) {
		return l.kept, nil
	}
	now, err := look(ctx, c)
	if err != nil {
		return listed{}, err
	}
	slices.SortStableFunc(now.Campaigns, func(a, b api.Campaign) int { return timeOf(b.AcceptedAt).Compare(timeOf(a.AcceptedAt)) })
	l.foretell(ctx, c, now.Campaigns)
	end := time.Now()
	l.kept, l.good = now, end.Add(max(listAge, listShare*end.Sub(begin)))
	return now, nil
}

// look asks for what isn't over first, so that it is there however many have ended; of those, the newest.
func look(ctx context.Context, c *client.Client) (now listed, err error) {
	seen := map[string]bool{}
	for _, state := range campaignStates {
		for info, err := range c.Campaigns(ctx, client.Filter{State: state, Newest: true}) {
			switch {
			case err != nil:
				return listed{}, err
			case seen[info.ID]: // its state has changed meanwhile
				continue
			case len(now.Campaigns) == maxListed:
				now.More = true
				return now, nil
			}
			seen[info.ID] = true
			now.Campaigns = append(now.Campaigns, info)
		}
	}
	return now, nil
}

// foretell says of series when they go on.
func (l *campaignList) foretell(ctx context.Context, c *client.Client, list []api.Campaign) {
	known, questions := map[string]nextOf{}, 0
	for i := range list {
		s := &list[i]
		if s.Recurrence == nil || s.Recurrence.Next != nil || s.Final() {
			continue
		}
		n, ok := l.nexts[s.ID]
		if (!ok || time.Since(n.asked) > nextAge) && questions < nextsMost {
			questions++
			if now, err := c.Campaign(ctx, s.ID); err == nil && now.Recurrence != nil { // otherwise what was known is shown
				n, ok = nextOf{due: now.Recurrence.Next, asked: time.Now()}, true
			}
		}
		if ok {
			s.Recurrence.Next, known[s.ID] = n.due, n
		}
	}
	l.nexts = known
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// campaignsPage is a list and what it was narrowed to.
type campaignsPage struct {
	Filter client.Filter
	States []string
}

type campaignRows struct {
	Rows    []campaignRow
	Matches int
	More    bool
	Looked  int
}

type campaignRow struct {
	api.Campaign
	Pace pace
}

func (s *server) campaigns(ctx context.Context, r *http.Request) (*page, error) {
	q := r.URL.Query()
	f := client.Filter{State: q.Get("state"), Channel: strings.TrimSpace(q.Get("channel")), Series: q.Get("series")}
	list, err := s.list.all(ctx, s.api)
	if err != nil {
		return nil, err
	}
	rows := campaignRows{More: list.More, Looked: len(list.Campaigns)}
	for _, c := range list.Campaigns {
		if !lets(f, c) {
			continue
		}
		if rows.Matches++; len(rows.Rows) < maxShown {
			rows.Rows = append(rows.Rows, campaignRow{c, paceOf(c, time.Now())})
		}
	}
	return &page{Title: "Campaigns", Section: "campaigns", template: "campaigns", Fixed: campaignsPage{f, campaignStates}, Live: rows,
		Say: fmt.Sprintf("%s, %d running", plural(rows.Matches, "campaign", "campaigns"), list.count("running"))}, nil
}

// lets tells whether a filter lets a campaign through. Occurrences are for who asks for them, or for a state.
func lets(f client.Filter, c api.Campaign) bool {
	switch {
	case f.State != "" && c.State != f.State, f.Channel != "" && c.Channel != f.Channel:
		return false
	case f.Series == "" && f.State != "":
		return true
	}
	return c.Series == f.Series
}

// campaignPage is all of one campaign but its recipients.
type campaignPage struct {
	api.Campaign
	Pace    pace
	Windows got[api.WindowList]
	Shown   []api.Window
	Curve   *curve
	Percent string
}

// shownWindows are listed; all of them are drawn where they are no more than curveWindows.
const (
	shownWindows = 12
	curveWindows = 1000
	windowsAge   = 3 * time.Second // all of a campaign's events are read for them
)

func (s *server) campaign(ctx context.Context, r *http.Request) (*page, error) {
	c, err := s.api.Campaign(ctx, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	p := campaignPage{Campaign: c, Pace: paceOf(c, time.Now()), Percent: share(settled(c), c.Accepted)}
	if c.Recurrence == nil && c.Plan != nil && c.ForgottenAt == nil {
		p.Windows = get(s.windows.get(c.ID+c.State, windowsAge, func() (api.WindowList, error) { return s.api.Windows(ctx, c.ID, curveWindows) }))
		p.Shown = p.Windows.V.Windows[:min(len(p.Windows.V.Windows), shownWindows)]
		p.Curve = windowCurve(c, p.Windows.V)
	}
	say := fmt.Sprintf("%s is %s", c.Name, stateWord(c))
	if tenths := settled(c) * 10 / max(c.Accepted, 1); c.State == "running" && c.Recurrence == nil {
		say += fmt.Sprintf(", %d percent done", tenths*10)
	}
	return &page{Title: "Campaign " + c.Name, Section: "campaigns", template: "campaign", Fixed: c, Live: p, Say: say}, nil
}

// chunksPage is a stretch of a campaign's chunks.
type chunksPage struct {
	api.Campaign
	api.ChunkList
	Reasons        []api.Reason // of the chunks shown, the most frequent
	Others         int          // so many reasons besides
	From, To       int
	Earlier, Later int // where neighbours begin; -1: there are none
}

const shownChunks = 50

func (s *server) chunks(ctx context.Context, r *http.Request) (*page, error) {
	c, err := s.api.Campaign(ctx, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var from int
	if text := r.URL.Query().Get("from"); text != "" {
		if _, err := fmt.Sscanf(text, "%d", &from); err != nil || from < 0 {
			from = 0
		}
	}
	list, err := s.api.Chunks(ctx, c.ID, from, shownChunks)
	if err != nil {
		return nil, err
	}
	p := chunksPage{Campaign: c, ChunkList: list, From: from, To: from + len(list.Chunks), Earlier: -1, Later: -1}
	if from > 0 {
		p.Earlier = max(from-shownChunks, 0)
	}
	if p.To < list.Total && len(list.Chunks) > 0 {
		p.Later = p.To
	}
	why := map[api.Reason]int64{}
	for _, chunk := range list.Chunks {
		for _, reason := range chunk.Reasons {
			why[api.Reason{State: reason.State, Reason: reason.Reason}] += reason.Recipients
		}
	}
	for reason, n := range why {
		reason.Recipients = n
		p.Reasons = append(p.Reasons, reason)
	}
	slices.SortFunc(p.Reasons, func(a, b api.Reason) int {
		return cmp.Or(cmp.Compare(b.Recipients, a.Recipients), cmp.Compare(a.State, b.State), cmp.Compare(a.Reason, b.Reason))
	})
	shown := min(len(p.Reasons), maxShown) // each recipient may have one of his own
	p.Reasons, p.Others = p.Reasons[:shown], len(p.Reasons)-shown
	return &page{Title: "Chunks and errors of " + c.Name, Section: "campaigns", template: "chunks", Fixed: p}, nil
}

// recipientPage is one recipient's story.
type recipientPage struct {
	Campaign api.Campaign
	Asked    string
	Why      *api.Why
	Trouble  string
}

// recipient answers the form with a user's id, which is part of no URL.
func (s *server) recipient(ctx context.Context, r *http.Request) (*page, error) {
	c, err := s.api.Campaign(ctx, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	p := recipientPage{Campaign: c, Asked: strings.TrimSpace(r.PostFormValue("user"))}
	out := &page{Title: "A recipient of " + c.Name, Section: "campaigns", template: "recipient"}
	if p.Asked == "" {
		p.Trouble, out.status = "Give a user id.", http.StatusUnprocessableEntity
	} else if why, err := s.api.Why(ctx, c.ID, p.Asked); err != nil {
		p.Trouble, out.status = words(err), problemPage(err).status
	} else {
		p.Why = &why
	}
	out.Fixed = p
	return out, nil
}

// eventWords are recorded facts in plain words.
var eventWords = map[string]string{
	"planned": "planned", "reopened": "redriven by an operator", "settled": "settled", "split": "request split in two", "returned": "given back untried",
	"redriven": "sent again with the same key", "directed": "decided by the campaign", "deferred": "waits for the end of quiet hours",
}
