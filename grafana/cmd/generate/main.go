// Generate writes the dashboards, the rules, promtool's tests and the runbook from package board.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"hayauma.example/grafana/board"
)

func main() {
	dir := flag.String("to", ".", "the folder that gets the files")
	rules := board.Rules{}
	flag.IntVar(&rules.Scale, "scale", 1, "divide every duration of the rules by this; the tests of promtool are for 1")
	flag.StringVar(&rules.Places.Grafana, "grafana", board.Home.Grafana, "where Grafana is reached")
	flag.StringVar(&rules.Places.Runbook, "runbook", board.Home.Runbook, "where the runbook is read")
	flag.Parse()
	if err := write(*dir, rules); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func write(dir string, rules board.Rules) error {
	files, err := board.Files(rules)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
