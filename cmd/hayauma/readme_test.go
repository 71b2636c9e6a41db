package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const (
	root = "../.."
	todo = "TODO-TEST"
)

var (
	scriptName = regexp.MustCompile(`^[\w./-]+\.(txtar|sh|php)$`)
	testName   = regexp.MustCompile(`^([\w/-]+)\.((?:Test|Fuzz)\w+)$`)
	quoted     = regexp.MustCompile("`([^`]+)`")
)

// TestComparisonNamesItsTests: each row of README.md's comparison with others names a test of ours or a script, and all that it names is there.
func TestComparisonNamesItsTests(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(raw), "\n## Beside others\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := 0
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		number, err := strconv.Atoi(strings.TrimSpace(cells[0]))
		if err != nil {
			continue
		}
		if rows++; number != rows {
			t.Errorf("row %d is numbered %d", rows, number)
		}
		if len(cells) != 10 {
			t.Errorf("row %d has %d cells, want 10", number, len(cells))
			continue
		}
		for _, cell := range cells[2:9] {
			switch strings.TrimSpace(cell) {
			case "yes", "partly", "no", "Pro", "–", "?":
			default:
				t.Errorf("row %d says %q of another", number, cell)
			}
		}
		named := quoted.FindAllStringSubmatch(cells[9], -1)
		if len(named) == 0 {
			t.Errorf("row %d names no test", number)
		}
		for _, m := range named {
			if why := isThere(t, m[1]); why != "" {
				t.Errorf("row %d names %s: %s", number, m[1], why)
			}
		}
	}
	if rows < 34 {
		t.Errorf("%d rows", rows)
	}
}

// isThere says what is wrong with the name of a test (PACKAGE.TestName) or of a script (its path). Behind the word todo stands one that is to
// come: once it is there the word is wrong.
func isThere(t *testing.T, name string) (why string) {
	t.Helper()
	if rest, ok := strings.CutPrefix(name, todo); ok {
		rest = strings.TrimSpace(rest)
		if rest != "" && isThere(t, rest) == "" {
			return "it is there, so leave the first word out"
		}
		t.Logf("%s", name)
		return ""
	}
	if scriptName.MatchString(name) {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			return "there is no such script"
		}
		return ""
	}
	m := testName.FindStringSubmatch(name)
	if m == nil {
		return "it is neither PACKAGE.TestName nor a script's path"
	}
	files, err := filepath.Glob(filepath.Join(root, m[1], "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(code), "\nfunc "+m[2]+"(") {
			return ""
		}
	}
	return "there is no such test"
}
