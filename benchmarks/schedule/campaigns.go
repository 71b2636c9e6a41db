package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/scale/daemon"
)

const channel = "shop"

// delivered measures campaigns of one recipient, whose number is the recipient's.
func delivered(ctx context.Context, work Work) (r experiment.Result, err error) {
	w, err := daemon.OpenServing(ctx, daemon.Options{Deliveries: true})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.AddChannel(ctx, channel); err != nil {
		return r, err
	}
	first := time.Now().Add(campaignLead(work.Due)).Round(0)
	all := make([]daemon.Campaign, work.Due)
	dues, numbers := work.Tasks(first), map[string]int{}
	for i := range all {
		all[i] = daemon.Campaign{Name: fmt.Sprintf("campaign-%d", i), Channel: channel, Text: "Now.", At: dues[i], Audience: daemon.Uniform(i, 1)}
		numbers[daemon.Identity(i)] = i
	}
	ids, err := w.SubmitAll(ctx, all)
	if err != nil {
		return r, err
	}
	if err := inTime(first); err != nil {
		return r, err
	}
	if err := finishAll(ctx, w, ids, dues[len(dues)-1]); err != nil {
		return r, err
	}
	deliveries, err := w.Deliveries(ctx)
	log := NewLog(work.Due)
	for _, d := range deliveries {
		if i, ok := numbers[d.User]; ok {
			log.Rung(i, dues[i], d.At)
		}
	}
	return log.Result(first, dues), err
}

// finishAll returns when all campaigns are finished, or so long after the last was due that the others are lost.
func finishAll(ctx context.Context, w *daemon.World, ids []string, last time.Time) error {
	wait, cancel := awaiting(ctx, last)
	defer cancel()
	for _, id := range ids {
		if _, err := w.Finish(wait, id); err != nil {
			return exceptLost(ctx, err)
		}
	}
	return nil
}

// campaignLead is enough to submit so many.
func campaignLead(n int) time.Duration { return 2*time.Second + time.Duration(n)*20*time.Millisecond }
