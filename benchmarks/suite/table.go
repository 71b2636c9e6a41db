package suite

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"hayauma.example/benchmarks/micro"
)

// Report writes the lines as Markdown: the host, then a table for each workload that has lines. The raw file's lines come from one
// host and, where cells were measured again, the last line of a cell counts.
func Report(w io.Writer, lines []Line) error {
	var b strings.Builder
	if len(lines) == 0 {
		b.WriteString("Nothing was measured.\n")
	} else {
		describe(&b, lines)
	}
	for _, scale := range []micro.Scale{micro.Short, micro.Full} {
		for _, t := range tables() {
			t.write(&b, scale, latest(lines))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func describe(b *strings.Builder, lines []Line) {
	h := lines[0].Host
	fmt.Fprintf(b, "%s, %d cores, %d MiB, Linux %s, %s, GOMAXPROCS=%d, binary %s\n\n%s\n\n",
		h.CPU, h.Cores, h.MemoryMiB, h.Kernel, h.Go, h.GOMAXPROCS, h.Binary, h.Peers)
	said := map[string]bool{}
	for _, t := range tables() {
		for _, r := range t.rows {
			here := slices.ContainsFunc(lines, func(l Line) bool { return l.Workload == t.workload && l.System == r.system })
			if here && !said[r.system] {
				said[r.system] = true
				fmt.Fprintf(b, "- %s: %s\n", r.system, r.about)
			}
		}
	}
}

// latest keeps the last line of each cell, in order.
func latest(lines []Line) []Line {
	last := map[Cell]int{}
	for i, l := range lines {
		last[l.Cell] = i
	}
	var kept []Line
	for i, l := range lines {
		if last[l.Cell] == i {
			kept = append(kept, l)
		}
	}
	return kept
}

// entry is a row of a table with its rounds.
type entry struct {
	row
	rate, cpu, allocs, inUse, rss Summary
	actors                        int
	sent                          uint64 // of one round
	lost                          int64  // of all rounds, failed ones too
	failed                        []string
	skipped                       string
}

func (t table) write(b *strings.Builder, scale micro.Scale, lines []Line) {
	var entries []entry
	for _, r := range t.rows {
		own := slices.DeleteFunc(slices.Clone(lines), func(l Line) bool {
			return l.Scale != scale || l.Workload != t.workload || l.System != r.system
		})
		if len(own) > 0 {
			entries = append(entries, collect(r, own))
		}
	}
	if len(entries) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s (%s, %s)\n\n", t.title, t.workload, scale)
	if t.unit == "" {
		writeMemory(b, entries)
	} else {
		t.writeRates(b, entries)
	}
	b.WriteString("\n")
	for _, e := range entries {
		for _, f := range e.failed {
			first, _, _ := strings.Cut(f, "\n")
			fmt.Fprintf(b, "- %s failed: %s\n", e.system, first)
		}
		if e.skipped != "" {
			fmt.Fprintf(b, "- %s was not measured: %s\n", e.system, e.skipped)
		}
	}
}

func collect(r row, lines []Line) entry {
	e := entry{row: r}
	var good []micro.Result
	for _, l := range lines {
		e.lost += l.Result.Lost
		switch {
		case l.Skipped != "":
			e.skipped = l.Skipped
		case l.Error != "":
			e.failed = append(e.failed, l.Error)
		default:
			good = append(good, l.Result)
		}
	}
	figure := func(of func(micro.Result) float64) Summary {
		var all []float64
		for _, r := range good {
			all = append(all, of(r))
		}
		return Summarise(all)
	}
	if len(good) > 0 {
		e.actors, e.sent = good[0].Actors, good[0].Sent
	}
	e.rate = figure(func(r micro.Result) float64 { return r.Rate })
	e.cpu = figure(func(r micro.Result) float64 { return r.CPU })
	e.allocs = figure(func(r micro.Result) float64 { return r.Allocs })
	e.inUse = figure(func(r micro.Result) float64 { return r.InUse })
	e.rss = figure(func(r micro.Result) float64 { return r.RSS })
	return e
}

func (t table) writeRates(b *strings.Builder, entries []entry) {
	best := bestPeer(entries, func(e entry) float64 { return -e.rate.Median })
	fmt.Fprintf(b, "| System | %s, median | min – max | × best peer | CPU ns each | allocations each | actors | sent a round | lost | rounds |\n", t.unit)
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, e := range entries {
		fmt.Fprintf(b, "| %s | %s | %s – %s | %s | %s | %s | %d | %d | %d | %d |\n", e.system, show(e.rate, e.rate.Median),
			show(e.rate, e.rate.Min), show(e.rate, e.rate.Max), ratio(e.rate, best.rate), show(e.cpu, e.cpu.Median),
			allocs(e.allocs), e.actors, e.sent, e.lost, e.rate.Rounds)
	}
}

func writeMemory(b *strings.Builder, entries []entry) {
	best := bestPeer(entries, func(e entry) float64 { return e.inUse.Median })
	b.WriteString("| System | bytes in use per actor, median | min – max | × best peer | resident bytes per actor | min – max | actors | lost | rounds |\n")
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, e := range entries {
		fmt.Fprintf(b, "| %s | %s | %s – %s | %s | %s | %s – %s | %d | %d | %d |\n", e.system, show(e.inUse, e.inUse.Median),
			show(e.inUse, e.inUse.Min), show(e.inUse, e.inUse.Max), ratio(e.inUse, best.inUse), show(e.rss, e.rss.Median),
			show(e.rss, e.rss.Min), show(e.rss, e.rss.Max), e.actors, e.lost, e.inUse.Rounds)
	}
}

// bestPeer returns the measured peer with the smallest cost; a zero entry when there is none.
func bestPeer(entries []entry, costs func(e entry) float64) entry {
	peers := slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return !e.peer || e.rate.Rounds == 0 }) // every figure has the same rounds
	if len(peers) == 0 {
		return entry{}
	}
	return slices.MinFunc(peers, func(a, b entry) int { return cmp.Compare(costs(a), costs(b)) })
}

func ratio(s, best Summary) string {
	if s.Rounds == 0 || best.Median == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", s.Median/best.Median)
}

// show prints a figure of a summary: three digits where they mean something.
func show(s Summary, v float64) string {
	switch {
	case s.Rounds == 0:
		return "–"
	case v >= 1e6:
		return fmt.Sprintf("%.2fM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.0fk", v/1e3)
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

// allocs prints allocations, of which hundredths mean something: chunks that many messages share.
func allocs(s Summary) string {
	if s.Rounds == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", s.Median)
}
