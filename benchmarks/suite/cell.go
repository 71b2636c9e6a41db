package suite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hayauma.example/benchmarks/micro"
	"hayauma.example/benchmarks/systems"
)

// Cell names one run of one workload on one system. Workload micro.FloorWorkload has floors for systems.
type Cell struct {
	Run      string      `json:"run"`
	Scale    micro.Scale `json:"scale"`
	Workload string      `json:"workload"`
	System   string      `json:"system"`
	Round    int         `json:"round"` // from 1
}

// Micro is the run of the workloads that stay inside one process.
const Micro = "micro"

// UnknownError reports a name of a run, a scale, a workload or a system that is not there.
type UnknownError struct {
	What, Name string
	Known      []string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("suite: there is no %s %q: use one of %s", e.What, e.Name, strings.Join(e.Known, ", "))
}

// effort is how often and for how long a scale tries.
type effort struct {
	rounds   int
	patience time.Duration // of one cell
}

var efforts = map[micro.Scale]effort{
	micro.Short: {rounds: 2, patience: time.Minute},
	micro.Full:  {rounds: 5, patience: 5 * time.Minute},
}

func effortOf(scale micro.Scale) (effort, error) {
	e, ok := efforts[scale]
	if !ok {
		return e, &UnknownError{What: "scale", Name: string(scale), Known: []string{string(micro.Short), string(micro.Full)}}
	}
	return e, nil
}

// Plan returns the cells in the order in which they are measured: workload by workload, round by round, system by system. only
// names the workloads; empty: all.
func Plan(run string, scale micro.Scale, only []string) ([]Cell, error) {
	if run != Micro {
		return nil, &UnknownError{What: "run", Name: run, Known: []string{Micro}}
	}
	e, err := effortOf(scale)
	if err != nil {
		return nil, err
	}
	tables := tables()
	for _, name := range only {
		if !slices.ContainsFunc(tables, func(t table) bool { return t.workload == name }) {
			return nil, &UnknownError{What: "workload", Name: name, Known: names(tables)}
		}
	}
	var cells []Cell
	for _, t := range tables {
		if len(only) > 0 && !slices.Contains(only, t.workload) {
			continue
		}
		for round := range e.rounds {
			for _, r := range t.rows {
				cells = append(cells, Cell{Run: run, Scale: scale, Workload: t.workload, System: r.system, Round: round + 1})
			}
		}
	}
	return cells, nil
}

// Measure runs the cell in this process.
func (c Cell) Measure(ctx context.Context) (micro.Result, error) {
	e, err := effortOf(c.Scale)
	if err != nil {
		return micro.Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.patience)
	defer cancel()
	if c.Workload == micro.FloorWorkload {
		return c.measureFloor(ctx)
	}
	w, spec, err := c.find()
	if err != nil {
		return micro.Result{}, err
	}
	return w.Run(ctx, spec, c.Scale)
}

func (c Cell) find() (micro.Workload, systems.Spec, error) {
	all := micro.Workloads()
	i := slices.IndexFunc(all, func(w micro.Workload) bool { return w.Name == c.Workload })
	if i < 0 {
		return micro.Workload{}, systems.Spec{}, &UnknownError{What: "workload", Name: c.Workload, Known: names(tables())}
	}
	spec, err := systems.Find(c.System)
	return all[i], spec, err
}

func (c Cell) measureFloor(ctx context.Context) (micro.Result, error) {
	var known []string
	for _, f := range micro.Floors() {
		if f.Name == c.System {
			return micro.RunFloor(ctx, f, c.Scale)
		}
		known = append(known, f.Name)
	}
	return micro.Result{}, &UnknownError{What: "floor", Name: c.System, Known: known}
}

// tooBig returns why the cell is not measured with so much memory; "": it is.
func (c Cell) tooBig(available uint64) string {
	if c.Workload == micro.FloorWorkload {
		return ""
	}
	w, spec, err := c.find()
	if err != nil {
		return ""
	}
	// Half of what there is: a collector needs room beside what lives.
	if needs := w.Needs(spec, c.Scale); needs > available/2 {
		return fmt.Sprintf("about %d MiB needed, %d MiB of memory available", needs>>20, available>>20)
	}
	return ""
}

// table is a workload with the systems that take part.
type table struct {
	workload, title, unit string
	rows                  []row
}

type row struct {
	system, about string
	peer          bool
}

func tables() []table {
	var all []table
	for _, w := range micro.Workloads() {
		t := table{workload: w.Name, title: w.Title, unit: w.Unit}
		for _, s := range systems.All() {
			if w.Takes(s) {
				t.rows = append(t.rows, row{s.Name, about(s), s.Peer})
			}
		}
		all = append(all, t)
	}
	floors := table{workload: micro.FloorWorkload, title: "Floors", unit: "operations/s"}
	for _, f := range micro.Floors() {
		floors.rows = append(floors.rows, row{system: f.Name, about: f.About})
	}
	return append(all, floors)
}

func about(s systems.Spec) string {
	if s.Loses == "" {
		return s.About
	}
	return s.About + ". Loses answers: " + s.Loses
}

func names(tables []table) []string {
	var all []string
	for _, t := range tables {
		all = append(all, t.workload)
	}
	return all
}
