package scale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/scale/daemon"
)

// delivery is how the recipients of a campaign are reached.
type delivery struct {
	text     string
	audience func(from, n int) func(w io.Writer) error
	latency  time.Duration       // of the provider's answers
	model    func(n int) float64 // bytes stored
	records  func(n int) float64
}

var (
	multicasts = delivery{text: "Hello, your coupon is SPRING.", audience: daemon.Uniform, model: MulticastBytes, records: MulticastRecords}
	pushes     = delivery{text: "Hello {{ words }}", audience: daemon.Personal, latency: 20 * time.Millisecond, model: PushBytes, records: PushRecords}
)

func multicastExperiments() []experiment.Experiment {
	e := multicasts.experiment()
	e.Name, e.Title = "scale-recipients", "Recipients of one uniform campaign"
	e.Text = "The shipped daemon with its embedded store sends one text to all by multicast; the simulator answers at once and has no limit. " +
		"Memory and processor time are the daemon's, from its start to the campaign's end; the rate is that of the run, planning included. " +
		"Stored are the journal (records are many events each) and the objects: the frozen audience. " + MulticastFormula
	e.Rows = rows("recipients", "1k", "10k", "100k", "1m", "10m")
	e.Plot.File = "recipients.svg"
	return []experiment.Experiment{e, few(e, time.Minute, rows("recipients", "1k", "10k"))}
}

// tenMillion is about how long that many pushes take at the rate of a million.
const tenMillion = 20 * time.Minute

func minutes(d time.Duration) string { return fmt.Sprintf("%.0f minutes", d.Minutes()) }

func pushExperiments() []experiment.Experiment {
	e := pushes.experiment()
	e.Name, e.Title = "scale-pushes", "Recipients of one personalised campaign"
	e.Text = "The same with 100 bytes of variables for each recipient, so that everybody is sent a push, and a provider that answers after 20 ms. " +
		"Ten million take about " + minutes(tenMillion) + " and are measured only when they are asked for, with " + experiment.LongVariable + "=1. " + PushFormula
	e.Rows = rows("recipients", "1k", "10k", "100k", "1m", "10m")
	e.Missing = func(row string) string {
		if row == "10m" && !experiment.Long() {
			return "10 million pushes take about " + minutes(tenMillion) + ": run it with " + experiment.LongVariable + "=1"
		}
		return missing(row)
	}
	if experiment.Long() {
		e.Patience = within(2 * tenMillion)
	}
	e.Plot.File = "pushes.svg"
	return []experiment.Experiment{e, few(e, time.Minute, rows("recipients", "1k", "10k"))}
}

// missing asks only for what the daemon needs.
func missing(string) string { return daemon.Missing() }

func (d delivery) experiment() experiment.Experiment {
	return experiment.Experiment{
		Figures: []experiment.Figure{
			{Name: "recipients_per_s", Title: "recipients/s", Better: experiment.More},
			{Name: "cpu_s_100k", Title: "CPU s per 100k", Better: experiment.Less},
			{Name: "vm_hwm_mb", Title: "VmHWM, MB", Better: experiment.Less},
			{Name: "accept_s", Title: "accepted after, s", Better: experiment.Less},
			{Name: "records", Title: "records"},
			{Name: "records_model", Title: "records by the model"},
			{Name: "records_per_1k", Title: "records per 1,000", Better: experiment.Less},
			{Name: "journal_bytes_each", Title: "journal bytes each", Better: experiment.Less},
			{Name: "object_bytes_each", Title: "object bytes each", Better: experiment.Less, Exact: true},
			{Name: "stored", Title: "bytes stored", Better: experiment.Less},
			{Name: "model", Title: "bytes stored by the model"},
			{Name: "vm_hwm", Title: "VmHWM, bytes"},
		},
		Plot:     &experiment.Plot{X: "recipients", Y: "bytes", Figures: []string{"stored", "vm_hwm"}, Model: "model"},
		Rounds:   many(1),
		Patience: within(8 * time.Minute),
		Needs:    func(row string, _ experiment.Scale) uint64 { return 512<<20 + uint64(counts[row])*100 },
		Missing:  missing,
		Run: func(ctx context.Context, row string, _ experiment.Scale) (experiment.Result, error) {
			n, err := count(row)
			if err != nil {
				return experiment.Result{}, err
			}
			return d.run(ctx, n)
		},
	}
}

// run delivers one campaign with a fresh daemon.
func (d delivery) run(ctx context.Context, n int) (r experiment.Result, err error) {
	r.Sent = uint64(n)
	w, err := daemon.OpenServing(ctx, daemon.Options{Latency: d.latency})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.AddChannel(ctx, "shop"); err != nil {
		return r, err
	}
	before, err := w.Metrics(ctx)
	if err != nil {
		return r, err
	}
	began := time.Now()
	id, err := w.Submit(ctx, daemon.Campaign{Name: "scale", Channel: "shop", Text: d.text, Audience: d.audience(0, n)})
	if err != nil {
		return r, err
	}
	accepted := time.Since(began)
	s, err := w.Finish(ctx, id)
	if err != nil {
		return r, err
	}
	r.Seconds = s.Took().Seconds()
	r.Figures, err = d.figures(ctx, w, n, before)
	if err != nil {
		return r, err
	}
	r.Figures["recipients_per_s"] = float64(n) / r.Seconds
	r.Figures["accept_s"] = accepted.Seconds()
	r.Lost, err = lost(ctx, w, n)
	return r, err
}

// figures reads what the delivery has cost; before are the metrics of the idle daemon.
func (d delivery) figures(ctx context.Context, w *daemon.World, n int, before map[string]float64) (map[string]float64, error) {
	cpu, errCPU := w.CPU()
	peak, errPeak := w.Peak()
	now, err := stored(ctx, w, before)
	if err := errors.Join(errCPU, errPeak, err); err != nil {
		return nil, err
	}
	each := 1 / float64(n)
	return map[string]float64{
		"cpu_s_100k": cpu * each * 1e5, "vm_hwm_mb": peak / 1e6, "vm_hwm": peak,
		"records": now.records, "records_model": d.records(n), "records_per_1k": now.records * each * 1e3,
		"journal_bytes_each": now.bytes * each, "object_bytes_each": now.objectBytes * each,
		"stored": now.bytes + now.objectBytes, "model": d.model(n),
	}, nil
}

// store is what the daemon's store holds.
type store struct{ records, bytes, objectBytes float64 }

// stored asks for the store's growth. The daemon shows figures that are up to a second old: the first answer that is surely younger
// than the question counts.
func stored(ctx context.Context, w *daemon.World, before map[string]float64) (store, error) {
	t := time.NewTimer(1100 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return store{}, context.Cause(ctx)
	}
	now, err := w.Metrics(ctx)
	of := func(name string) float64 { return now["hayauma_journal_"+name] - before["hayauma_journal_"+name] }
	return store{of("records"), of("bytes"), of("object_bytes")}, err
}

// lost is how many recipients the simulator hasn't seen, or less those that it has seen twice.
func lost(ctx context.Context, w *daemon.World, n int) (int64, error) {
	l, err := w.Ledger(ctx)
	if l.Duplicates > 0 && l.Users == n {
		return -int64(l.Duplicates), err
	}
	return int64(n - l.Users), err
}
