package suite

import (
	"fmt"
	"regexp"
	"strings"
)

// The names of marks that stand for no experiment and no part.
const (
	hostMark    = "host"
	targetsMark = "targets"
	paperMark   = "paper"
)

// MarkError reports marks that a text can't be rewritten between.
type MarkError struct {
	Name string
	Line int // from 1; 0: no line is wrong, one is missing
	Why  string
}

func (e *MarkError) Error() string {
	where := ""
	if e.Line > 0 {
		where = fmt.Sprintf(" in line %d", e.Line)
	}
	return fmt.Sprintf("suite: mark %q%s: %s", e.Name, where, e.Why)
}

var markForm = regexp.MustCompile(`^<!-- bench:(begin|end) (\S+) -->$`)

// mark is a pair of marks: what stands between the two lines is replaced.
type mark struct {
	name       string
	begin, end int // indexes of lines
}

// findMarks returns the marks in the text's order. They stand alone in their lines and don't overlap.
func findMarks(lines []string) ([]mark, error) {
	var all []mark
	open := -1 // line of the begin that waits for its end
	name := ""
	seen := map[string]bool{}
	for i, line := range lines {
		found := markForm.FindStringSubmatch(strings.TrimSpace(line))
		switch {
		case found == nil && strings.Contains(line, "<!-- bench:"):
			return nil, &MarkError{Name: strings.TrimSpace(line), Line: i + 1, Why: "write <!-- bench:begin NAME --> or <!-- bench:end NAME -->, alone in its line"}
		case found == nil:
		case found[1] == "begin" && open >= 0:
			return nil, &MarkError{Name: found[2], Line: i + 1, Why: fmt.Sprintf("it begins before %q has ended", name)}
		case found[1] == "begin" && seen[found[2]]:
			return nil, &MarkError{Name: found[2], Line: i + 1, Why: "it begins twice"}
		case found[1] == "begin":
			open, name = i, found[2]
			seen[name] = true
		case open < 0 || found[2] != name:
			return nil, &MarkError{Name: found[2], Line: i + 1, Why: "it ends and has not begun"}
		default:
			all = append(all, mark{name: name, begin: open, end: i})
			open = -1
		}
	}
	if open >= 0 {
		return nil, &MarkError{Name: name, Line: open + 1, Why: "it begins and never ends"}
	}
	return all, nil
}

// replaceMarks puts the texts between the marks of their names.
func replaceMarks(text string, marks []mark, texts map[string]string) string {
	lines := strings.Split(text, "\n")
	var out []string
	next := 0
	for _, m := range marks {
		out = append(out, lines[next:m.begin+1]...)
		if between := strings.Trim(texts[m.name], "\n"); between != "" {
			out = append(out, "", between, "")
		}
		next = m.end
	}
	return strings.Join(append(out, lines[next:]...), "\n")
}
