// Summary reads the output of go test -json, adds its counts to the file named, and prints what failed, what was skipped and why, and the figures that tests
// print.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

type event struct {
	Action, Package, Test, Output string
}

func main() {
	passed, skips := 0, map[string][]string{}
	var failures []string
	output := map[string][]string{}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 4<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text())
			continue
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "output", "build-output":
			output[key] = append(output[key], e.Output)
			if i := strings.Index(e.Output, "figure: "); i >= 0 {
				fmt.Printf("figure: %s: %s", short(e.Package), e.Output[i+len("figure: "):])
			}
		case "pass":
			if e.Test != "" {
				passed++
			}
		case "skip":
			if e.Test != "" {
				reason := reasonOf(output[key])
				skips[reason] = append(skips[reason], short(e.Package)+"."+e.Test)
			}
		case "fail", "build-fail":
			failures = append(failures, key)
		}
		if e.Action == "pass" || e.Action == "skip" {
			delete(output, key)
		}
	}
	skipped := 0
	for _, reason := range slices.Sorted(maps.Keys(skips)) {
		skipped += len(skips[reason])
		fmt.Printf("skipped: %d (%s): %s\n", len(skips[reason]), strings.Join(skips[reason], ", "), reason)
	}
	for _, f := range failures {
		fmt.Println("--- FAIL:", f)
		for _, line := range output[f] {
			fmt.Print(line)
		}
		delete(output, f)
	}
	// What a package's death printed stands under the tests that ran then: they have no result.
	for _, f := range failures {
		if pkg, one, _ := strings.Cut(f, " "); one == "" {
			for _, key := range slices.Sorted(maps.Keys(output)) {
				if strings.HasPrefix(key, pkg+" ") {
					fmt.Println("--- NO RESULT:", key)
					fmt.Print(strings.Join(output[key], ""))
				}
			}
		}
	}
	fmt.Printf("figure: %d passed, %d failed, %d skipped\n", passed, len(failures), skipped)
	if err := count(os.Args[1], passed, len(failures), skipped); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// count adds a line to the file that the run's totals are made of.
func count(file string, passed, failed, skipped int) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, passed, failed, skipped)
	return errors.Join(err, f.Close())
}

// reasonOf is what the test said when it skipped itself.
func reasonOf(lines []string) string {
	for _, l := range slices.Backward(lines) {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "---") && !strings.HasPrefix(l, "===") {
			return l
		}
	}
	return "no reason given"
}

func short(pkg string) string { return strings.TrimPrefix(pkg, "hayauma.example/") }
