package suite

import (
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"hayauma.example/benchmarks/experiment"
)

// Report writes the lines as Markdown: the hosts, the targets when anything was measured in full, then a table for each experiment that
// has lines. What can't be placed in the parts any more is named at the end.
func Report(w io.Writer, parts []experiment.Part, files ...[]Line) error {
	t := gather(parts, files)
	var b strings.Builder
	if len(t.tables) == 0 {
		b.WriteString("Nothing was measured.\n")
	} else {
		t.writeHosts(&b)
	}
	if slices.ContainsFunc(t.tables, func(m measurement) bool { return m.scale == experiment.Full }) {
		b.WriteString("\n## Targets\n\n")
		t.writeTargets(&b)
	}
	for _, one := range t.tables {
		b.WriteString("\n")
		t.writeExperiment(&b, one, "")
	}
	for _, name := range t.strange {
		fmt.Fprintf(&b, "\nNot shown: the lines of %s, which this program does not have.\n", name)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// tables are the lines of some files, by experiment and scale.
type tables struct {
	tables  []measurement
	hosts   []Host          // without what each table says itself
	strange []string        // experiments that are in no part
	said    map[string]bool // what rows were explained
}

// measurement is one table: lines of one file.
type measurement struct {
	part       string
	experiment experiment.Experiment
	scale      experiment.Scale
	lines      []Line
}

// gather finds for each experiment and scale its lines in the last file that has any: lines of several files never meet in a table,
// since figures compare only inside one run.
func gather(parts []experiment.Part, files [][]Line) tables {
	type key struct {
		experiment string
		scale      experiment.Scale
	}
	found := map[key][]Line{}
	t := tables{said: map[string]bool{}}
	for _, lines := range files {
		own := map[key][]Line{}
		for _, l := range telling(lines) {
			k := key{l.Experiment, l.Scale}
			own[k] = append(own[k], l)
			if _, err := l.find(parts); err != nil && !slices.Contains(t.strange, l.Experiment+" "+l.Row) {
				t.strange = append(t.strange, l.Experiment+" "+l.Row)
			}
		}
		maps.Copy(found, own)
	}
	for _, p := range parts {
		for _, e := range p.Experiments {
			for _, scale := range []experiment.Scale{experiment.Short, experiment.Full} {
				if lines := found[key{e.Name, scale}]; len(lines) > 0 && len(entries(e, lines)) > 0 {
					t.tables = append(t.tables, measurement{part: p.Name, experiment: e, scale: scale, lines: lines})
				}
			}
		}
	}
	for _, m := range t.tables {
		if h := m.lines[0].Host.machine(); !slices.Contains(t.hosts, h) {
			t.hosts = append(t.hosts, h)
		}
	}
	return t
}

// telling keeps the last line of each cell, and each attempt that failed before: what was measured again has failed all the same.
func telling(lines []Line) []Line {
	last := map[Cell]int{}
	for i, l := range lines {
		last[l.Cell] = i
	}
	var kept []Line
	for i, l := range lines {
		if last[l.Cell] == i || l.Error != "" {
			kept = append(kept, l)
		}
	}
	return kept
}

// machine is the host without the program.
func (h Host) machine() Host {
	h.Binary, h.Daemon, h.Commit = "", "", ""
	return h
}

func (t tables) writeHosts(b *strings.Builder) {
	for i, h := range t.hosts {
		fmt.Fprintf(b, "- Host %d: %s, %d cores, %d MiB of memory, Linux %s, %s, GOMAXPROCS=%d\n", i+1, h.CPU, h.Cores, h.MemoryMiB, h.Kernel, h.Go, h.GOMAXPROCS)
		if h.Peers != "" {
			fmt.Fprintf(b, "  - modules: %s\n", h.Peers)
		}
		if h.Programs != "" {
			fmt.Fprintf(b, "  - programs: %s\n", h.Programs)
		}
		if h.Settings != "" {
			fmt.Fprintf(b, "  - settings: %s\n", h.Settings)
		}
	}
}

// writeExperiment writes a heading, what the experiment is, its table, its plot when plots is a folder, and how it was made.
func (t tables) writeExperiment(b *strings.Builder, m measurement, plots string) {
	e := m.experiment
	fmt.Fprintf(b, "### %s (%s, %s)\n\n", e.Title, e.Name, m.scale)
	if e.Text != "" {
		fmt.Fprintf(b, "%s\n\n", strings.TrimSpace(e.Text))
	}
	rows := entries(e, m.lines)
	writeTable(b, e, rows)
	t.writeAbout(b, m.part, rows)
	if e.Plot != nil && plots != "" {
		fmt.Fprintf(b, "\n![%s](%s)\n\n%s\n", e.Title, path.Join(plots, e.Plot.File), bars(rows))
	}
	fmt.Fprintf(b, "\n%s\n", t.origin(m))
}

// bars says what the plot's bars are.
func bars(rows []entry) string {
	for _, r := range rows {
		if r.rounds > 1 {
			return "*Bars go from min to max of the rounds, where there are several.*"
		}
	}
	return "*One round: there are no bars.*"
}

// writeAbout says what the rows are, unless a table above said the same.
func (t tables) writeAbout(b *strings.Builder, part string, rows []entry) {
	var about strings.Builder
	for _, r := range rows {
		key := part + "/" + r.Name + "/" + r.About
		if r.About != "" && !t.said[key] {
			fmt.Fprintf(&about, "- %s: %s\n", r.Name, r.About)
		}
		t.said[key] = true
	}
	if about.Len() > 0 {
		fmt.Fprintf(b, "\n%s", about.String())
	}
}

// origin says which command made the lines, of which program, when and where.
func (t tables) origin(m measurement) string {
	last := m.lines[len(m.lines)-1]
	program := "binary " + last.Host.Binary
	if last.Host.Daemon != "" {
		program += ", daemon " + last.Host.Daemon
	}
	if last.Host.Commit != "" {
		program = "commit " + last.Host.Commit + ", " + program
	}
	command := fmt.Sprintf("bench -run %s -scale %s -only %s", m.part, m.scale, m.experiment.Name)
	if rows := entries(m.experiment, m.lines); len(rows) < len(m.experiment.Rows) {
		var names []string
		for _, r := range rows {
			names = append(names, r.Name)
		}
		command += " -rows " + strings.Join(names, ",")
	}
	return fmt.Sprintf("*Made by `%s`, %s, on %s; host %d.*", command, program, last.At.Format("2006-01-02"), slices.Index(t.hosts, last.Host.machine())+1)
}
