package simulation

import (
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
}

// told are the outcomes that a campaign which never had a ledger has none of.
var told = [...]actors.Outcome{actors.Delivered, actors.Failed, actors.Unknown}

// figures adds up the months in which anything can happen here.
func (w *world) figures(kind *engine.Kind[actors.TallyMsg]) (sum [3]int64, err error) {
	for _, month := range []string{"1999-12", "2000-01", "2000-02"} {
		f, err := insist[actors.Figures](w, kind, "shop", actors.TallyMsg(actors.MonthOf{Month: month}))
		if err != nil {
			return sum, err
		}
		for i, o := range told {
			sum[i] += f.Outcomes[o]
		}
	}
	return sum, nil
}
