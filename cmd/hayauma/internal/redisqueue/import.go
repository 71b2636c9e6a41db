package redisqueue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"hayauma.example/cmd/hayauma/internal/client"
)

// Sizes and times of an import.
const (
	pageJobs     = 500
	requestBytes = 1 << 20 // what lines of one request take, but for the last of them
	tries        = 10      // of a request that the daemon has no place for
	firstPause   = time.Second
	longestPause = 20 * time.Second
	removeFor    = 10 * time.Second // removing what was accepted, also when the import is interrupted
)

// Sent counts the lines of a request that the daemon has durably accepted.
type Sent struct {
	Accepted int // new ones
	Repeated int // known before
}

// Send gives the daemon NDJSON lines of one channel.
type Send func(ctx context.Context, channel string, ndjson io.Reader) (Sent, error)

// Import is what is to be imported, and how.
type Import struct {
	Stages  []Stage
	Mapping Mapping
	Send    Send // nil: a dry run
	Remove  bool // what was accepted

	// Channel tells why messages can't go to a channel, and nothing where they can. It is asked once about each.
	Channel func(ctx context.Context, channel string) (problem string, err error)

	now   time.Time // of the import; owned by Run, as what follows
	out   Report
	asked map[string]string // problems by channel
}

// Run imports stage by stage. The report counts what was done also where there is an error.
func (i *Import) Run(ctx context.Context) (Report, error) {
	i.now, i.out, i.asked = time.Now(), Report{DryRun: i.Send == nil, Channels: []ChannelReport{}}, map[string]string{}
	for _, s := range i.Stages {
		i.out.Stages = append(i.out.Stages, StageReport{Stage: s.Name()})
		if err := i.stage(ctx, s); err != nil {
			return i.out, err
		}
	}
	return i.out, nil
}

func (i *Import) stage(ctx context.Context, s Stage) error {
	for from, place := int64(0), int64(0); ; {
		jobs, err := s.Page(ctx, from, pageJobs)
		if err != nil || len(jobs) == 0 {
			return err
		}
		i.out.stage().Jobs += len(jobs)
		p := &page{stage: s.Name(), place: place, jobs: jobs, open: make([]int, len(jobs))}
		failed := i.handOver(ctx, p)
		removed, err := i.remove(ctx, s, p.done())
		if err := errors.Join(failed, err); err != nil {
			return err
		}
		place += int64(len(jobs))
		from += int64(len(jobs) - removed) // what stood behind them has moved up
	}
}

// page is a part of a stage.
type page struct {
	stage string
	place int64 // of the first job, as far as nothing was removed
	jobs  []Job
	open  []int // messages of each job that are not accepted; refused: below 0
}

const refusedJob = -1

// done are the jobs all of whose messages were accepted.
func (p *page) done() (jobs []Job) {
	for n, open := range p.open {
		if open == 0 {
			jobs = append(jobs, p.jobs[n])
		}
	}
	return jobs
}

func (i *Import) refuse(p *page, job int, reason string) {
	if p.open[job] != refusedJob {
		i.out.refuse(Problem{Stage: p.stage, Place: p.place + int64(job), Reason: reason})
	}
	p.open[job] = refusedJob
}

// handOver gives the messages of a page's jobs to the daemon, in requests of one channel each.
func (i *Import) handOver(ctx context.Context, p *page) error {
	batches := map[string]*batch{}
	for n := range p.jobs { // nothing of a job is done before all of it is known
		p.open[n] = 1
	}
	for n, job := range p.jobs {
		messages, err := i.Mapping.Read(job)
		if err != nil {
			i.refuse(p, n, err.Error())
			continue
		}
		switch problem, err := i.channel(ctx, messages[0].Channel); {
		case err != nil:
			return i.broken(err)
		case problem != "":
			i.refuse(p, n, problem)
			continue
		}
		p.open[n] = len(messages)
		b := batches[messages[0].Channel]
		if b == nil {
			b = &batch{channel: messages[0].Channel}
			batches[b.channel] = b
		}
		for _, m := range messages {
			if err := b.add(m, n); err != nil {
				return err
			}
			i.show(p, n, m)
		}
		if b.bytes >= requestBytes {
			if err := i.send(ctx, p, b); err != nil {
				return err
			}
		}
	}
	for _, channel := range slices.Sorted(maps.Keys(batches)) {
		if err := i.send(ctx, p, batches[channel]); err != nil {
			return err
		}
	}
	return nil
}

func (i *Import) channel(ctx context.Context, name string) (problem string, err error) {
	problem, known := i.asked[name]
	if known {
		return problem, nil
	}
	if problem, err = i.Channel(ctx, name); err == nil {
		i.asked[name] = problem
	}
	return problem, err
}

// show counts a message for the report.
func (i *Import) show(p *page, job int, m Message) {
	i.out.count(m, i.now)
	if i.Send == nil && len(i.out.First) < shownRows {
		i.out.First = append(i.out.First, Row{Stage: p.stage, Place: p.place + int64(job), Message: m, Channel: m.Channel})
	}
}

// batch is one request to be.
type batch struct {
	channel string
	lines   [][]byte
	jobs    []int // of the page, line by line
	bytes   int
}

func (b *batch) add(m Message, job int) error {
	line, err := m.Line()
	b.lines, b.jobs, b.bytes = append(b.lines, line), append(b.jobs, job), b.bytes+len(line)
	return err
}

// drop takes out the lines of these jobs.
func (b *batch) drop(jobs map[int]bool) {
	kept := batch{channel: b.channel}
	for n, job := range b.jobs {
		if !jobs[job] {
			kept.lines, kept.jobs = append(kept.lines, b.lines[n]), append(kept.jobs, job)
		}
	}
	*b = kept
}

// send empties a batch. Lines that the daemon refuses are left out, with all of their jobs, and the others are sent again.
func (i *Import) send(ctx context.Context, p *page, b *batch) error {
	for first := true; i.Send != nil && len(b.lines) > 0; first = false {
		sent, err := i.patiently(ctx, b)
		if err == nil {
			c := i.out.channel(b.channel)
			c.Accepted += sent.Accepted + sent.Repeated
			if first { // a refusal may have accepted other lines: whether they are new is not known any more
				c.Repeated += sent.Repeated
			}
			for _, job := range b.jobs {
				p.open[job]--
			}
			break
		}
		refused := b.refused(err)
		if len(refused) == 0 {
			return i.broken(err)
		}
		jobs := map[int]bool{}
		for _, line := range slices.Sorted(maps.Keys(refused)) { // the first are shown
			i.refuse(p, b.jobs[line], refused[line])
			jobs[b.jobs[line]] = true
		}
		b.drop(jobs)
	}
	*b = batch{channel: b.channel}
	return nil
}

// refused are the lines of a batch that the daemon names as bad, by their place in it.
func (b *batch) refused(err error) map[int]string {
	refusal, ok := errors.AsType[client.Error](err)
	if !ok || refusal.Status != http.StatusUnprocessableEntity {
		return nil
	}
	lines := map[int]string{}
	for _, entry := range refusal.Errors {
		number, found := strings.CutPrefix(entry.Location, "line ")
		n, err := strconv.Atoi(number)
		if found && err == nil && n >= 1 && n <= len(b.lines) {
			lines[n-1] = entry.Message
		}
	}
	return lines
}

// patiently sends a batch, again where the daemon has no place, rests or starts anew: to repeat lines does no harm.
func (i *Import) patiently(ctx context.Context, b *batch) (sent Sent, err error) {
	for try, pause := 1, firstPause; ; try, pause = try+1, min(2*pause, longestPause) {
		sent, err = i.Send(ctx, b.channel, bytes.NewReader(bytes.Join(b.lines, nil)))
		refusal, _ := errors.AsType[client.Error](err)
		_, away := errors.AsType[client.Unreachable](err)
		passes := away || refusal.Status == http.StatusServiceUnavailable || refusal.Status == http.StatusTooManyRequests
		if !passes || try == tries || ctx.Err() != nil {
			return sent, err
		}
		select {
		case <-ctx.Done():
			return sent, err
		case <-time.After(pause):
		}
	}
}

// broken says how far the import came.
func (i *Import) broken(err error) error {
	accepted, repeated := 0, 0
	for _, c := range i.out.Channels {
		accepted, repeated = accepted+c.Accepted, repeated+c.Repeated
	}
	return fmt.Errorf("%w\nthe import broke off when %d messages were accepted (%d of them known before); run it again: what was accepted is not accepted twice",
		err, accepted, repeated)
}

// remove takes out what was accepted, also when the import is interrupted.
func (i *Import) remove(ctx context.Context, s Stage, jobs []Job) (removed int, err error) {
	if !i.Remove || i.Send == nil || len(jobs) == 0 {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeFor)
	defer cancel()
	gone, err := s.Remove(ctx, jobs)
	if err != nil {
		return 0, fmt.Errorf("what was accepted could not be removed: %w; run the import again", err)
	}
	report := i.out.stage()
	report.Removed, report.Gone = report.Removed+len(jobs)-gone, report.Gone+gone
	return len(jobs), nil
}
