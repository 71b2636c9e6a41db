// Draw draws the dashboards from a running Prometheus, one PNG each.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"hayauma.example/grafana/board"
	"hayauma.example/grafana/draw"
)

func main() {
	url := flag.String("prometheus", "http://127.0.0.1:9090", "where Prometheus is")
	dir := flag.String("to", ".", "the folder that gets the pictures")
	last := flag.Duration("last", 15*time.Minute, "how much time is shown, until now")
	window := flag.String("window", "30s", "what stands for $__rate_interval: four scrapes or more")
	flag.Parse()
	now := time.Now()
	for _, d := range board.Dashboards() {
		if err := one(d, draw.Source{URL: *url}, draw.Span{From: now.Add(-*last), To: now}, *window, *dir); err != nil {
			fmt.Fprintln(os.Stderr, "draw:", err)
			os.Exit(1)
		}
	}
}

func one(d board.Dashboard, source draw.Source, span draw.Span, window, dir string) error {
	picture, err := draw.PNG(context.Background(), d, source, span, window)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, d.UID+".png")
	fmt.Println(path)
	return os.WriteFile(path, picture, 0o644)
}
