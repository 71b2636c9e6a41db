package console

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"hayauma.example/actors"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

const (
	topEvery  = time.Second
	topFor    = 5 * time.Second // a look that takes longer shows what is missing
	topActors = 100
	topListed = 50 // campaigns of each state
)

func newTop(t Terminal) *cobra.Command {
	r := &remote{terminal: t}
	p := &top{remote: r, sort: "depth"}
	var once bool
	cmd := &cobra.Command{
		Use: "top", Short: "Show what the fleet does now: members, campaigns, channels, the actors with most to do", Args: exactly(),
		Long: "Show what the fleet does now, anew each second: members, campaigns with progress, rate and end, channels, and the actors with the\n" +
			"deepest mailboxes (key d) or the longest waits (key a). q ends it. A campaign's rate is that of the last 10 s; at the first look, of all its time.",
		Example: "  hayauma top\n  hayauma top --once --json | jq .campaigns",
	}
	r.flags(cmd)
	cmd.Flags().BoolVar(&once, "once", false, "look once, print and end")
	cmd.Flags().StringVar(&p.sort, "sort", "depth", "depth: the deepest mailboxes first; age: the longest waits first")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if p.sort != "depth" && p.sort != "age" {
			return fmt.Errorf("--sort %q is none: depth, age", p.sort)
		}
		return r.call(cmd.Context(), func(c *client.Client) error {
			switch {
			case once:
				return p.once(cmd.Context(), c, *asJSON)
			case *asJSON:
				return p.lines(cmd.Context(), c)
			}
			return p.live(cmd.Context(), c)
		})
	}
	return cmd
}

// top looks at the fleet again and again.
type top struct {
	*remote
	sort  string // of the actors
	paces map[string]*pace
}

// topView is one look.
type topView struct {
	At        time.Time           `json:"at"`
	Node      string              `json:"node"` // that was asked
	Condition string              `json:"condition"`
	Epoch     uint64              `json:"epoch"`
	Members   []api.ClusterMember `json:"members"`
	Campaigns []topCampaign       `json:"campaigns"`
	Channels  []api.Channel       `json:"channels"`
	Sort      string              `json:"sort"`
	Actors    []api.Actor         `json:"actors"`
	Warnings  []string            `json:"warnings,omitempty"` // what could not be had, too
}

// topCampaign is a campaign that is not over.
type topCampaign struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Channel   string     `json:"channel"`
	State     string     `json:"state"`
	Reason    string     `json:"reason,omitempty"`
	Accepted  uint64     `json:"accepted"`
	Done      uint64     `json:"done"` // accepted less pending
	Failed    uint64     `json:"failed"`
	Unknown   uint64     `json:"unknown"`
	PerSecond float64    `json:"per_second"`
	SecondsTo *float64   `json:"seconds_to_end,omitempty"` // at that rate; nil: none can be told
	Due       *time.Time `json:"due,omitempty"`
}

func (p *top) once(ctx context.Context, c *client.Client, asJSON bool) error {
	v, err := p.look(ctx, c)
	switch {
	case err != nil:
		return err
	case asJSON:
		return printJSON(p.terminal.Out, v)
	}
	_, err = p.terminal.Out.Write(v.page(pageSize{}))
	return err
}

// lines prints one object each second.
func (p *top) lines(ctx context.Context, c *client.Client) error {
	tick := time.NewTicker(topEvery)
	defer tick.Stop()
	for {
		v, err := p.look(ctx, c)
		if err == nil {
			err = printJSON(p.terminal.Out, v)
		}
		if err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return failure{code: exitInterrupted}
		}
	}
}

// live fills the terminal until a key or a signal ends it.
func (p *top) live(ctx context.Context, c *client.Client) error {
	s, err := openScreen(p.terminal)
	if err != nil {
		return err
	}
	defer s.close()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP, syscall.SIGQUIT) // the terminal is restored before those end it, too
	defer stop()
	tick := time.NewTicker(topEvery)
	defer tick.Stop()
	looks := make(chan topView, 1)
	var looking sync.WaitGroup
	defer looking.Wait()
	look := func(order string) { // beside the keys: a daemon that gives no answer must not hold them up
		looking.Go(func() {
			v, err := (&top{remote: p.remote, sort: order}).gather(ctx, c)
			if err != nil {
				v.Warnings = append(v.Warnings, err.Error())
			}
			select {
			case looks <- v:
			case <-ctx.Done():
			}
		})
	}
	var shown topView
	under := true
	look(p.sort)
	for {
		select {
		case <-ctx.Done():
			return failure{code: exitInterrupted}
		case k := <-s.keys:
			switch {
			case k == keyQuit:
				stop() // what is asked for now is not waited for
				return nil
			case k == keyDepth:
				p.sort = "depth"
			case k == keyAge:
				p.sort = "age"
			}
			shown.sortActors(p.sort)
		case v := <-looks:
			under = false
			p.pace(&v)
			v.sortActors(p.sort)
			shown = v
		case <-tick.C:
			if !under {
				under = true
				look(p.sort)
			}
		}
		if err := s.show(shown); err != nil {
			return err
		}
	}
}

// look is one look with its rates; it is an error where the daemon can't be asked at all.
func (p *top) look(ctx context.Context, c *client.Client) (topView, error) {
	v, err := p.gather(ctx, c)
	if err != nil {
		return v, err
	}
	p.pace(&v)
	return v, nil
}

// gather asks for everything at once. What can't be had is told among the warnings; nothing at all is an error.
func (p *top) gather(ctx context.Context, c *client.Client) (v topView, err error) {
	ctx, cancel := context.WithTimeout(ctx, topFor)
	defer cancel()
	v = topView{At: time.Now().UTC(), Sort: p.sort, Members: []api.ClusterMember{}, Campaigns: []topCampaign{}, Channels: []api.Channel{}, Actors: []api.Actor{}}
	var mu sync.Mutex // guards v and errs
	var errs []error
	var asked sync.WaitGroup
	ask := func(what string, f func() (func(), error)) {
		asked.Go(func() {
			keep, err := f()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				v.Warnings = append(v.Warnings, what+" can't be shown: "+err.Error())
				return
			}
			keep()
		})
	}
	ask("members", func() (func(), error) {
		s, err := c.Cluster(ctx)
		return func() {
			v.Node, v.Condition, v.Epoch, v.Members = s.Node, s.Condition, s.Epoch, s.Members
			v.Warnings = append(v.Warnings, s.Warnings()...)
		}, err
	})
	ask("campaigns", func() (func(), error) {
		list, err := unfinished(ctx, c)
		return func() { v.Campaigns = append(v.Campaigns, list...) }, err
	})
	ask("channels", func() (func(), error) {
		list, err := c.Channels(ctx)
		return func() { v.Channels = append(v.Channels, list...) }, err
	})
	const questions = 4
	ask("actors", func() (func(), error) {
		list, err := c.Actors(ctx, client.ActorQuery{Sort: p.sort, Limit: topActors})
		return func() {
			v.Actors = append(v.Actors, list.Actors...)
			v.Warnings = append(v.Warnings, list.Warnings...)
		}, err
	})
	asked.Wait()
	slices.Sort(v.Warnings) // in whichever order they came
	if len(errs) == questions {
		v.Warnings = nil
		return v, errors.Join(errs[0])
	}
	return v, nil
}

// unfinished are the campaigns that are not over, those that send first.
func unfinished(ctx context.Context, c *client.Client) (list []topCampaign, err error) {
	for _, state := range []actors.State{actors.StateRunning, actors.StatePaused, actors.StateAccepted, actors.StateScheduled} {
		n := 0
		for info, err := range c.Campaigns(ctx, client.Filter{State: string(state)}) {
			if err != nil {
				return nil, err
			}
			list = append(list, topCampaignOf(info))
			if n++; n == topListed {
				break
			}
		}
	}
	return list, nil
}

func topCampaignOf(i api.Campaign) topCampaign {
	t := topCampaign{
		ID: i.ID, Name: i.Name, Channel: i.Channel, State: i.State, Reason: i.Reason, Accepted: i.Accepted, Done: i.Accepted - i.Pending,
		Failed: i.Failed, Unknown: i.Unknown, Due: i.Due,
	}
	if i.Waiting != "" {
		t.Reason = i.Waiting
	}
	if i.StartedAt != nil { // until two looks tell better
		t.PerSecond = speed(t.Done, time.Since(*i.StartedAt))
	}
	return t
}

func speed(n uint64, in time.Duration) float64 {
	if in <= 0 {
		return 0
	}
	return float64(n) / in.Seconds()
}

// paceFor is how far back a rate looks.
const paceFor = 10 * time.Second

// pace is how far a campaign was at earlier looks.
type pace struct {
	at   []time.Time
	done []uint64
}

// add remembers a look and returns the rate since the oldest; false: there is none yet.
func (p *pace) add(at time.Time, done uint64) (perSecond float64, known bool) {
	if n := len(p.done); n > 0 && done < p.done[n-1] {
		*p = pace{} // redriven
	}
	p.at, p.done = append(p.at, at), append(p.done, done)
	for len(p.at) > 2 && at.Sub(p.at[0]) > paceFor {
		p.at, p.done = p.at[1:], p.done[1:]
	}
	if len(p.at) < 2 {
		return 0, false
	}
	return speed(done-p.done[0], at.Sub(p.at[0])), true
}

// pace tells how fast campaigns are, and when they will be over at that.
func (p *top) pace(v *topView) {
	paces := map[string]*pace{} // of those that are still there
	for i := range v.Campaigns {
		c := &v.Campaigns[i]
		known := p.paces[c.ID]
		if known == nil {
			known = &pace{}
		}
		paces[c.ID] = known
		if perSecond, ok := known.add(v.At, c.Done); ok {
			c.PerSecond = perSecond
		}
		if c.State != string(actors.StateRunning) {
			c.PerSecond = 0
		}
		if left := c.Accepted - c.Done; c.PerSecond > 0 && left > 0 {
			seconds := float64(left) / c.PerSecond
			c.SecondsTo = &seconds
		}
	}
	p.paces = paces
}
