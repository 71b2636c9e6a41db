package actors

import (
	"sync"
	"time"

	"hayauma.example/benchmarks/pipeline"
)

// channels is the pipeline on goroutines and channels alone.
type channels struct {
	desk    *desk
	places  chan struct{} // the gate: who takes one may call, and puts it back
	permits chan struct{} // nil where the provider has no limit
	reports chan channelReport
	over    chan outcome

	created int            // posters, before begin
	waiting sync.WaitGroup // those that don't wait for their first place yet
}

// channelPoster is one goroutine and its channel.
type channelPoster struct {
	pipeline *channels
	in       chan ruling // holds 1, so that neither checker nor timers ever wait
	message  message
}

type channelReport struct {
	report
	from *channelPoster
}

func openChan(d *desk) (crew, error) {
	c := &channels{
		desk: d, places: make(chan struct{}, d.job.InFlight), reports: make(chan channelReport, d.job.InFlight), over: make(chan outcome, 1),
	}
	if d.job.Rate > 0 {
		c.permits = make(chan struct{})
	}
	composed := make(chan error)
	go func() { composed <- c.compose() }()
	if err := <-composed; err != nil {
		return nil, err
	}
	return c, nil
}

// compose is the composer. It returns when all posters wait.
func (c *channels) compose() error {
	err := composeAll(c.desk.job, func(m message) {
		p := &channelPoster{pipeline: c, in: make(chan ruling, 1), message: m}
		c.created++
		c.waiting.Add(1)
		go p.run()
	})
	if err == nil {
		c.waiting.Wait()
	}
	return err
}

// run is a poster: it calls until the checker has settled its message.
func (p *channelPoster) run() {
	c := p.pipeline
	c.waiting.Done()
	for tries := 1; ; tries++ {
		<-c.places
		if c.permits != nil {
			<-c.permits
		}
		r := c.desk.deliver(&p.message, tries)
		c.places <- struct{}{}
		c.reports <- channelReport{r, p}
		if <-p.in != repeated {
			return
		}
	}
}

// check is the checker.
func (c *channels) check() {
	l := newLedger(c.created)
	for !l.done() {
		r := <-c.reports
		how, after := c.desk.delays.judge(r.answer, r.tries)
		l.settle(r.report, how)
		if how == repeated {
			time.AfterFunc(after, func() { r.from.in <- repeated })
			continue
		}
		r.from.in <- how
	}
	c.over <- l.outcome
}

// pace hands out permits; nobody else reads the clock for the limit.
func (c *channels) pace() {
	limit := pipeline.NewPacer(c.desk.job.Rate, time.Now())
	clock := time.NewTicker(pulse)
	defer clock.Stop()
	for {
		for limit.Take(time.Now()) {
			select {
			case c.permits <- struct{}{}:
			case <-c.desk.ctx.Done():
				return
			}
		}
		select {
		case <-clock.C:
		case <-c.desk.ctx.Done():
			return
		}
	}
}

func (c *channels) begin() {
	go c.check()
	if c.permits != nil {
		go c.pace()
	}
	for range cap(c.places) {
		c.places <- struct{}{}
	}
}

func (c *channels) outcome() <-chan outcome { return c.over }
