package scale

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/scale/daemon"
)

// channelRecipients are divided among the channels.
const channelRecipients = 20_000

func channelExperiments() []experiment.Experiment {
	e := experiment.Experiment{
		Name:  "scale-channels",
		Title: "Channels of one daemon",
		Text: fmt.Sprintf("So many channels with one campaign each, %d recipients in all, each sent a push with 100 bytes of variables; the simulator answers at "+
			"once and has no limit. "+
			"All campaigns are accepted before and due at one instant; the rate is that from there to the end of the last. Memory and processor time are the daemon's "+
			"from its start on.", channelRecipients),
		Rows: rows("channels", "1", "5", "50", "500"),
		Figures: []experiment.Figure{
			{Name: "recipients_per_s", Title: "recipients/s", Better: experiment.More},
			{Name: "cpu_s_100k", Title: "CPU s per 100k", Better: experiment.Less},
			{Name: "vm_hwm_mb", Title: "VmHWM, MB", Better: experiment.Less},
			{Name: "goroutines", Title: "goroutines, most seen", Better: experiment.Less},
			{Name: "records", Title: "records", Better: experiment.Less},
			{Name: "accept_s", Title: "all accepted after, s", Better: experiment.Less},
		},
		Plot: &experiment.Plot{File: "channels.svg", X: "channels", Y: "MB; CPU s per 100k; goroutines",
			Figures: []string{"vm_hwm_mb", "cpu_s_100k", "goroutines"}},
		Rounds:   many(2),
		Patience: within(2 * time.Minute),
		Missing:  missing,
		Run: func(ctx context.Context, row string, _ experiment.Scale) (experiment.Result, error) {
			n, err := count(row)
			if err != nil {
				return experiment.Result{}, err
			}
			return channels(ctx, n, channelRecipients)
		},
	}
	return []experiment.Experiment{e, few(e, time.Minute, rows("channels", "5"))}
}

// LateError reports that campaigns were accepted after they were due.
type LateError struct{ By time.Duration }

func (e *LateError) Error() string {
	return fmt.Sprintf("scale: the last campaign was accepted %v after all were due: the machine is too busy to measure them together", e.By)
}

// leadFor is how long before they are due campaigns are submitted.
func leadFor(channels int) time.Duration {
	return time.Second + time.Duration(channels)*30*time.Millisecond
}

// channels measures one campaign for each of n channels.
func channels(ctx context.Context, n, recipients int) (r experiment.Result, err error) {
	r.Sent = uint64(recipients)
	w, err := daemon.OpenServing(ctx, daemon.Options{})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for i := range n {
		if err := w.AddChannel(ctx, channelName(i)); err != nil {
			return r, err
		}
	}
	before, err := w.Metrics(ctx)
	if err != nil {
		return r, err
	}
	began := time.Now()
	due := began.Add(leadFor(n))
	ids, err := w.SubmitAll(ctx, shares(n, recipients, due))
	if err != nil {
		return r, err
	}
	accepted := time.Since(began)
	watch := watchGoroutines(ctx, w)
	end, err := lastEnd(ctx, w, ids)
	most, errWatch := watch()
	if err := errors.Join(err, errWatch); err != nil {
		return r, err
	}
	if late := accepted - due.Sub(began); late > 0 {
		return r, &LateError{late}
	}
	r.Seconds = end.Sub(due).Seconds()
	err = channelFigures(ctx, w, &r, before, most, accepted)
	return r, err
}

func channelName(i int) string { return fmt.Sprintf("shop-%d", i) }

// shares are the channels' campaigns.
func shares(n, recipients int, due time.Time) []daemon.Campaign {
	all := make([]daemon.Campaign, n)
	for i := range all {
		from, to := recipients*i/n, recipients*(i+1)/n
		all[i] = daemon.Campaign{
			Name: fmt.Sprintf("campaign-%d", i), Channel: channelName(i), Text: pushes.text, At: due, Audience: pushes.audience(from, to-from),
		}
	}
	return all
}

// lastEnd waits for all campaigns.
func lastEnd(ctx context.Context, w *daemon.World, ids []string) (time.Time, error) {
	var end time.Time
	for _, id := range ids {
		s, err := w.Finish(ctx, id)
		if err != nil {
			return end, err
		}
		end = latest(end, *s.FinishedAt)
	}
	return end, nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func channelFigures(ctx context.Context, w *daemon.World, r *experiment.Result, before map[string]float64, goroutines float64, accepted time.Duration) error {
	cpu, errCPU := w.CPU()
	peak, errPeak := w.Peak()
	now, errStored := stored(ctx, w, before)
	missed, errLost := lost(ctx, w, int(r.Sent))
	n := float64(r.Sent)
	r.Lost = missed
	r.Figures = map[string]float64{
		"recipients_per_s": n / r.Seconds, "cpu_s_100k": cpu / n * 1e5, "vm_hwm_mb": peak / 1e6, "goroutines": goroutines,
		"records": now.records, "accept_s": accepted.Seconds(),
	}
	return errors.Join(errCPU, errPeak, errStored, errLost)
}

// watchGoroutines looks ten times a second for the highest number; the function that it returns ends that and tells.
func watchGoroutines(ctx context.Context, w *daemon.World) func() (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	var most float64
	var failed error
	var watch sync.WaitGroup
	watch.Go(func() {
		every := time.NewTicker(100 * time.Millisecond)
		defer every.Stop()
		for {
			all, err := w.Metrics(ctx)
			if err != nil {
				if ctx.Err() == nil {
					failed = err
				}
				return
			}
			most = max(most, all["go_goroutines"])
			select {
			case <-every.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return func() (float64, error) {
		cancel()
		watch.Wait()
		return most, failed
	}
}
