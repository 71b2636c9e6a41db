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
	MayLose bool // a loss is no miss by itself
}

// Operand is the best median among the rows of an experiment, at full scale.
type Operand struct {
	Experiment, Figure string
	Rows               []string
	Better             experiment.Direction // which row is the best; of one row: nothing
	Times              string               // the figure that counts how often a round has measured it; "": once
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
	NotJudged     Verdict = "not judged" // what was measured is not all of what was planned
)

// Judgement is a claim's verdict with what it is made of.
type Judgement struct {
	Verdict Verdict
	Value   float64
	Lost    int64  // by the row that makes the claim
	Rounds  int    // of the row that has fewest
	Parts   string // the figures that the value is made of
	Reason  string // why nothing was measured or judged
}

// judge is the claim's verdict by the medians of the tables. A claim without a stretch can only be met or missed.
// Whoever loses messages, or handles them twice, misses every limit. Nothing is judged by a row that has failed once, even if it was
// measured later, or that lacks a round.
func (c Claim) judge(t tables) Judgement {
	j := c.Of.median(t)
	if j.Reason != "" {
		return j
	}
	j.Parts = show(j.Value)
	if c.Over.Experiment != "" {
		under := c.Over.median(t)
		if under.Reason == "" && under.Value == 0 {
			under = Judgement{Verdict: NotMeasured, Reason: fmt.Sprintf("%s is 0", c.Over)}
		}
		if under.Reason != "" {
			return under
		}
		j.Parts += " / " + show(under.Value)
		j.Value /= under.Value
		j.Rounds = min(j.Rounds, under.Rounds)
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

// median returns the best row's median, loss and rounds, or a verdict with its reason. A row that failed or was not measured leaves the
// comparison open, unless this machine can't measure it.
func (o Operand) median(t tables) Judgement {
	best := Judgement{Verdict: NotMeasured}
	found := false
	for _, name := range o.Rows {
		r, ok := t.find(o.Experiment, name, experiment.Full)
		s := r.figures[o.Figure]
		switch why := r.unfit(s); {
		case !ok:
			return Judgement{Verdict: NotMeasured, Reason: fmt.Sprintf("%s has no full-scale lines of %s", o.Experiment, name)}
		case why != "":
			return Judgement{Verdict: NotJudged, Reason: name + ": " + why}
		case s.Rounds == 0 && r.skipped != "":
			best.Reason = fmt.Sprintf("%s: %s", name, r.skipped)
		case s.Rounds == 0:
			return Judgement{Verdict: NotMeasured, Reason: fmt.Sprintf("%s has no figure %s in %s", name, o.Figure, o.Experiment)}
		case !found || better(o.Better, s.Median, best.Value):
			best.Value, best.Lost, best.Rounds, found = s.Median, r.lost, s.Rounds*r.times(o.Times), true
		}
	}
	if found {
		best.Verdict, best.Reason = "", ""
	}
	return best
}

// times is how often a round has measured what the figure counts.
func (e entry) times(figure string) int { return max(1, int(e.figures[figure].Median)) }

// unfit returns why nothing is judged by the row's figure, although there are measurements; "": it can be.
func (e entry) unfit(s Summary) string {
	switch {
	case len(e.failed) > 0:
		first, _, _ := strings.Cut(e.failed[0], "\n")
		return fmt.Sprintf("%d of %d attempts failed: %s", len(e.failed), e.rounds+len(e.failed), first)
	case s.Rounds > 0 && s.Rounds < e.planned:
		return fmt.Sprintf("%d of %s measured", s.Rounds, rounds(e.planned))
	}
	return ""
}

func rounds(n int) string {
	if n == 1 {
		return "1 round"
	}
	return fmt.Sprintf("%d rounds", n)
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

// enough rounds make a verdict; by fewer it is indicative.
const enough = 3

func measuredText(c Claim, j Judgement) string {
	switch {
	case j.Reason != "":
		return "–"
	case c.Over.Experiment != "":
		return fmt.Sprintf("%.2f× (%s)", j.Value, j.Parts)
	}
	return strings.TrimSpace(show(j.Value) + " " + c.Unit)
}

func verdictText(c Claim, j Judgement) string {
	if j.Reason != "" {
		return string(j.Verdict) + ": " + strings.ReplaceAll(j.Reason, "|", "/")
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
	if len(limits) > 0 {
		text += fmt.Sprintf(" (%s)", strings.Join(limits, ", "))
	}
	if j.Rounds < enough {
		text += fmt.Sprintf(" (indicative: %s)", rounds(j.Rounds))
	}
	return text
}
