package simulation

import (
	"maps"
	"slices"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// judgeFigures: the usage ledger and the statistics have every recipient of every ledger once, whoever was killed while they were told.
func (w *world) judgeFigures(stories map[string]story, say func(string, ...any)) {
	var want [3]int64
	for _, m := range w.sc.missions {
		for i, o := range told {
			want[i] += int64(stories[m.id].totals[o])
		}
	}
	for _, kind := range []*engine.Kind[actors.TallyMsg]{actors.Usages, actors.Statistics} {
		got, err := w.figures(kind)
		switch {
		case err != nil:
			say("the %s can't be read: %v", kind.Name(), err)
		case got != want:
			say("the %s: %v delivered, failed and unknown, the ledgers have %v", kind.Name(), got, want)
		}
	}
	w.judgeExperiments(stories, say)
}

// judgeExperiments: an experiment has every recipient of its campaigns once, by variant.
func (w *world) judgeExperiments(stories map[string]story, say func(string, ...any)) {
	want := map[string]map[string][actors.Delivered + 1]int64{}
	for _, m := range w.sc.missions {
		name := m.definition(w.began).Experiment
		if name == "" {
			continue
		}
		if want[name] == nil {
			want[name] = map[string][actors.Delivered + 1]int64{}
		}
		for _, v := range stories[m.id].info.Variants {
			sum := want[name][v.Name]
			for o, n := range v.Totals {
				sum[o] += int64(n)
			}
			want[name][v.Name] = sum
		}
	}
	for name, variants := range want {
		all, err := insist[actors.AllOfThem](w, actors.Experiments, actors.ExperimentID("shop", name), actors.TallyMsg(actors.AllFigures{}))
		if err != nil || len(all.Figures) != len(variants) {
			say("the experiment %s: %v, %v", name, all, err)
			continue
		}
		for _, f := range all.Figures {
			if f.Outcomes != variants[f.Month] || f.Started == 0 || f.Finished != f.Started || f.Requests == 0 {
				say("the experiment %s: %+v, the ledgers have %v", name, f, variants[f.Month])
			}
		}
	}
}

// told are the outcomes that a campaign which never had a ledger has none of.
var told = [...]actors.Outcome{actors.Delivered, actors.Failed, actors.Unknown}

// figures adds up the months in which anything can happen here, of every channel.
func (w *world) figures(kind *engine.Kind[actors.TallyMsg]) (sum [3]int64, err error) {
	for _, channel := range append(slices.Collect(maps.Keys(w.sims)), "shop") {
		for _, month := range []string{"1999-12", "2000-01", "2000-02", "2000-03"} {
			f, err := insist[actors.Figures](w, kind, channel, actors.TallyMsg(actors.MonthOf{Month: month}))
			if err != nil {
				return sum, err
			}
			for i, o := range told {
				sum[i] += f.Outcomes[o]
			}
		}
	}
	return sum, nil
}
