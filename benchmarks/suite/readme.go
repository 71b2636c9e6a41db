package suite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hayauma.example/benchmarks/experiment"
)

// RewriteReadme puts the tables of the files' lines between the marks of a Markdown file, and draws their plots into the folder plots
// when that is not "". A mark is named after an experiment, after a part (then it holds all experiments of the part that have no mark of
// their own), "host", "targets" or "paper". A mark whose experiments have no lines says so: the file shows the given lines and no older ones.
// Of an experiment that has lines of both scales, the full ones are shown. The file is replaced only when everything could be made.
func RewriteReadme(file, plots string, parts []experiment.Part, files ...[]Line) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	beside := ""
	if plots != "" {
		if beside, err = filepath.Rel(filepath.Dir(file), plots); err != nil {
			return err
		}
	}
	t := gather(parts, files).fullest()
	rewritten, err := t.rewrite(string(text), filepath.ToSlash(beside), parts)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if plots != "" {
		if err := t.draw(plots); err != nil {
			return err
		}
	}
	return replaceFile(file, []byte(rewritten))
}

// fullest keeps one scale of each experiment.
func (t tables) fullest() tables {
	t.tables = slices.DeleteFunc(slices.Clone(t.tables), func(m measurement) bool {
		return m.scale == experiment.Short && slices.ContainsFunc(t.tables, func(other measurement) bool {
			return other.experiment.Name == m.experiment.Name && other.scale == experiment.Full
		})
	})
	return t
}

const notMeasured = "*Not measured yet.*"

// rewrite returns the text with the tables between its marks.
func (t tables) rewrite(text, plots string, parts []experiment.Part) (string, error) {
	marks, err := findMarks(strings.Split(text, "\n"))
	if err != nil {
		return "", err
	}
	texts := map[string]string{}
	for _, m := range marks {
		if !isName(parts, m.name) {
			return "", &MarkError{Name: m.name, Line: m.begin + 1, Why: "there is no experiment and no part of this name"}
		}
		texts[m.name] = notMeasured
	}
	var host, targets, paper strings.Builder
	t.writeHosts(&host)
	t.writeTargets(&targets)
	t.writePaper(&paper)
	for name, text := range map[string]string{hostMark: host.String(), targetsMark: targets.String(), paperMark: paper.String()} {
		if _, ok := texts[name]; ok && text != "" {
			texts[name] = text
		}
	}
	if err := t.place(texts, plots); err != nil {
		return "", err
	}
	return replaceMarks(text, marks, texts), nil
}

// place adds each table to the text of its mark.
func (t tables) place(texts map[string]string, plots string) error {
	var lacking []error
	for _, m := range t.tables {
		name := m.experiment.Name
		if _, ok := texts[name]; !ok {
			name = m.part
		}
		if _, ok := texts[name]; !ok {
			lacking = append(lacking, &MarkError{Name: m.experiment.Name, Why: fmt.Sprintf(
				"it is missing: write <!-- bench:begin %[1]s --> and <!-- bench:end %[1]s -->, each alone in its line, where the table belongs, or the same with %q for "+
					"all of its part",
				m.experiment.Name, m.part)})
			continue
		}
		var b strings.Builder
		t.writeExperiment(&b, m, plots)
		if texts[name] == notMeasured {
			texts[name] = ""
		}
		texts[name] += b.String() + "\n"
	}
	return errors.Join(lacking...)
}

func isName(parts []experiment.Part, name string) bool {
	return slices.Contains([]string{hostMark, targetsMark, paperMark}, name) || slices.ContainsFunc(parts, func(p experiment.Part) bool {
		return p.Name == name || slices.Contains(experimentNames(p), name)
	})
}

// replaceFile writes a file that is whole at any time. It leaves a file alone that is the same.
func replaceFile(name string, text []byte) error {
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, text) {
		return nil
	}
	next := name + ".next"
	if err := os.WriteFile(next, text, 0o644); err != nil {
		return err
	}
	return os.Rename(next, name)
}
