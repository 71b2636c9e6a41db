package suite

import (
	"fmt"
	"strings"

	"hayauma.example/benchmarks/experiment"
)

// Target is what the design promises of one thing, in its own words.
type Target struct {
	Name, Must, Stretch string
	Claims              []Claim
}

// Claim is a value that decides on a target: one figure, or the ratio of two.
type Claim struct {
	Of      Operand
	Over    Operand // none: the value is the figure Of
	Scale   float64 // the value is multiplied by it; 0: it is not
	Inverse bool    // the value is 1 over it, before Scale
	Unit    string
	Note    string // what a reader should know
	Must    Limit  // none: it only stands beside
	Stretch Limit
	Absent  string // why nothing can be measured yet; "": it can
	MayLose bool   // a loss is no miss by itself
}

// Operand is the best median among the rows of an experiment, at full scale.
type Operand struct {
	Experiment, Figure string
	Rows               []string
	Better             experiment.Direction // which row is the best; of one row: nothing
}

// Limit is what a value has to keep; the zero value is none.
type Limit struct {
	Set   bool
	Least bool // the value is the smallest that keeps it; else the largest
	Value float64
}

func atLeast(v float64) Limit { return Limit{Set: true, Least: true, Value: v} }
func atMost(v float64) Limit  { return Limit{Set: true, Value: v} }

func (l Limit) kept(v float64) bool {
	return !l.Set || (l.Least && v >= l.Value) || (!l.Least && v <= l.Value)
}

func (l Limit) String() string {
	switch {
	case !l.Set:
		return ""
	case l.Least:
		return "≥ " + show(l.Value)
	}
	return "≤ " + show(l.Value)
}

// Verdict is what a measurement says about a claim.
type Verdict string

// The verdicts.
const (
	StretchMet    Verdict = "stretch met"
	Met           Verdict = "met"
	Missed        Verdict = "missed"
	StretchMissed Verdict = "stretch not met" // of a claim that has no must
	Beside        Verdict = "beside"          // the claim has no limit
	NotMeasured   Verdict = "not measured"
)

// Judgement is a claim's verdict with what it is made of.
type Judgement struct {
	Verdict Verdict
	Value   float64
	Lost    int64  // by the row that makes the claim
	Parts   string // the figures that the value is made of
	Reason  string // why nothing was measured
}

// judge is the claim's verdict by the medians of the tables. A claim without a stretch can only be met or missed.
// Whoever loses messages, or handles them twice, misses every limit.
func (c Claim) judge(t tables) Judgement {
	if c.Absent != "" {
		return Judgement{Verdict: NotMeasured, Reason: c.Absent}
	}
	v, lost, reason := c.Of.median(t)
	if reason != "" {
		return Judgement{Verdict: NotMeasured, Reason: reason}
	}
	j := Judgement{Value: v, Lost: lost, Parts: show(v)}
	if c.Over.Experiment != "" {
		under, _, reason := c.Over.median(t)
		if reason == "" && under == 0 {
			reason = fmt.Sprintf("%s is 0", c.Over)
		}
		if reason != "" {
			return Judgement{Verdict: NotMeasured, Reason: reason}
		}
		j.Value, j.Parts = v/under, show(v)+" / "+show(under)
	}
	return c.decide(j)
}

func (c Claim) decide(j Judgement) Judgement {
	if c.Inverse && j.Value == 0 {
		return Judgement{Verdict: NotMeasured, Reason: fmt.Sprintf("%s is 0", c.Of)}
	}
	if c.Inverse {
		j.Value = 1 / j.Value
	}
	if c.Scale != 0 {
		j.Value *= c.Scale
	}
	switch {
	case !c.Must.Set && !c.Stretch.Set:
		j.Verdict = Beside
	case j.Lost != 0 && !c.MayLose, !c.Must.kept(j.Value):
		j.Verdict = Missed
	case c.Stretch.Set && c.Stretch.kept(j.Value):
		j.Verdict = StretchMet
	case !c.Must.Set:
		j.Verdict = StretchMissed
	default:
		j.Verdict = Met
	}
	return j
}

// median returns the best row's median. A row that failed or was not measured leaves the comparison open, unless this machine can't
// measure it.
func (o Operand) median(t tables) (best float64, lost int64, reason string) {
	found := false
	for _, name := range o.Rows {
		r, ok := t.find(o.Experiment, name, experiment.Full)
		s := r.figures[o.Figure]
		switch {
		case s.Rounds > 0 && (!found || better(o.Better, s.Median, best)):
			best, lost, found = s.Median, r.lost, true
		case s.Rounds > 0:
		case r.skipped != "":
			reason = fmt.Sprintf("%s: %s", name, r.skipped)
		case len(r.failed) > 0:
			first, _, _ := strings.Cut(r.failed[0], "\n")
			return 0, 0, fmt.Sprintf("%s failed: %s", name, first)
		case ok:
			return 0, 0, fmt.Sprintf("%s has no figure %s in %s", name, o.Figure, o.Experiment)
		default:
			return 0, 0, fmt.Sprintf("%s has no full-scale lines of %s", o.Experiment, name)
		}
	}
	if found {
		return best, lost, ""
	}
	return 0, 0, reason
}

func (o Operand) String() string {
	names := strings.Join(o.Rows, ", ")
	if len(o.Rows) > 1 {
		names = "best of " + names
	}
	return names
}

// String says how the claim's value is made.
func (c Claim) String() string {
	if c.Of.Experiment == "" {
		return c.Note
	}
	text := fmt.Sprintf("`%s` %s of %s", c.Of.Experiment, c.Of.Figure, c.Of)
	if c.Over.Experiment != "" {
		text += " / " + c.Over.String()
	}
	if c.Note != "" {
		text += ", " + c.Note
	}
	return text
}

// writeTargets writes a row for each claim. It judges by full-scale lines only: a short run says nothing about a target.
func (t tables) writeTargets(b *strings.Builder) {
	b.WriteString("| Target | Must | Stretch | What | Measured | Verdict |\n|---|---|---|---|---:|---|\n")
	for _, target := range Targets() {
		for i, c := range target.Claims {
			name, must, stretch := target.Name, target.Must, target.Stretch
			if i > 0 {
				name, must, stretch = "", "", ""
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", name, must, stretch, c, measuredText(c, c.judge(t)), verdictText(c, c.judge(t)))
		}
	}
}

func measuredText(c Claim, j Judgement) string {
	switch {
	case j.Verdict == NotMeasured:
		return "–"
	case c.Over.Experiment != "":
		return fmt.Sprintf("%.2f× (%s)", j.Value, j.Parts)
	}
	return strings.TrimSpace(show(j.Value) + " " + c.Unit)
}

func verdictText(c Claim, j Judgement) string {
	if j.Verdict == NotMeasured {
		return "not measured: " + strings.ReplaceAll(j.Reason, "|", "/")
	}
	text := string(j.Verdict)
	if j.Verdict == Missed {
		text = "**missed**"
	}
	if j.Lost != 0 {
		text += fmt.Sprintf(", lost %d", j.Lost)
	}
	var limits []string
	if c.Must.Set {
		limits = append(limits, "must "+c.Must.String())
	}
	if c.Stretch.Set {
		limits = append(limits, "stretch "+c.Stretch.String())
	}
	if len(limits) == 0 {
		return text
	}
	return fmt.Sprintf("%s (%s)", text, strings.Join(limits, ", "))
}
