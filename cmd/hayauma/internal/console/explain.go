package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

const maxSample = 100 // rendered messages that a daemon shows

func newExplain(r *remote) *cobra.Command {
	s := &submission{}
	sample := 0
	cmd := &cobra.Command{
		Use: "explain", Short: "Tell what a campaign would become, without sending", Args: exactly(),
		Long: "Tell what a campaign would become: every recipient is rendered and planned, nothing is stored or sent. Exit 0: nothing\n" +
			"would fail or wait for quota; 1: something would; 2: refused, or no answer from the daemon.",
		Example: "  hayauma campaign explain -f campaign.yaml --audience friends.csv --sample 3",
	}
	cmd.Flags().StringVarP(&s.file, "file", "f", "", "campaign file, YAML or JSON")
	cmd.Flags().StringVar(&s.audience, "audience", "", "audience file: .csv or .ndjson, with .gz behind it where it is compressed")
	cmd.Flags().IntVar(&sample, "sample", 0, "show as many rendered messages, up to 100, evenly spread over the audience")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(given("file", s.file), given("audience", s.audience)); err != nil {
			return err
		}
		if sample < 0 || sample > maxSample {
			return fmt.Errorf("--sample %d: from 0 to %d is possible", sample, maxSample)
		}
		return r.call(cmd.Context(), func(c *client.Client) error {
			definition, audience, closer, err := s.open()
			if err != nil {
				return err
			}
			defer closer.Close()
			x, err := c.Explain(cmd.Context(), definition, audience, sample)
			if err != nil {
				return err
			}
			if *asJSON {
				err = printJSON(r.terminal.Out, x)
			} else {
				err = printExplanation(r.terminal.Out, x)
			}
			if err == nil && !x.OK {
				err = failed(nil)
			}
			return err
		})
	}
	return cmd
}

// pageWidth is how many places of a terminal an explanation takes.
const pageWidth = 80

// page is lines of at most pageWidth places.
type page struct{ text strings.Builder }

// field is a name and what stands behind it, in several lines where it is long.
func (p *page) field(name, format string, args ...any) {
	p.hang(fmt.Sprintf("%-12s", name), fmt.Sprintf(format, args...))
}

// item is a line of a list, likewise.
func (p *page) item(format string, args ...any) { p.hang("  ", fmt.Sprintf(format, args...)) }

func (p *page) title(format string, args ...any) {
	p.text.WriteByte('\n')
	p.hang("", fmt.Sprintf(format, args...))
}

// hang writes a text behind a head, its further lines indented as far.
func (p *page) hang(head, text string) {
	indent := strings.Repeat(" ", width(head))
	for i, line := range folded(printable(text), pageWidth-len(indent)) {
		if i > 0 {
			head = indent
		}
		p.text.WriteString(strings.TrimRight(head+line, " ") + "\n")
	}
}

// folded cuts a text into lines of at most that many places, at spaces where there are any.
func folded(text string, places int) (lines []string) {
	for width(text) > places {
		end, space, used := 0, 0, 0
		for i, r := range text {
			if used += runeWidth(r); used > places && i > 0 {
				end = i
				break
			}
			if r == ' ' && i > 0 {
				space = i
			}
		}
		if end == 0 {
			break // one character alone
		}
		if text[end] == ' ' {
			space = end
		}
		if space == 0 || strings.TrimSpace(text[:space]) == "" {
			space = end
		}
		lines = append(lines, text[:space])
		text = strings.TrimPrefix(text[space:], " ")
	}
	return append(lines, text)
}

func printExplanation(w io.Writer, x api.Explanation) error {
	p := &page{}
	p.field("campaign", "%s", x.Name)
	p.field("channel", "%s", x.Channel)
	p.field("audience", "%s: %d bad, %s dropped, %s left", plural(uint64(x.Rows), "row"), x.BadRows, plural(x.Duplicates, "duplicate"), plural(x.Recipients, "recipient"))
	p.field("would fail", "%s", plural(x.WouldFail.Recipients, "recipient"))
	if s := x.WouldSpare; s.Suppressed+s.Deferred > 0 {
		p.field("would spare", "%s; %d more in quiet hours", plural(s.Suppressed, "recipient"), s.Deferred)
	}
	if x.WouldExpire > 0 {
		p.field("would expire ", "%s: expire_after is over", plural(x.WouldExpire, "recipient"))
	}
	p.field("plan", "%s; %s", calls(x.Plan.Pushes, x.Plan.Multicasts, x.Plan.MulticastRecipients), bodies(x.Plan.DistinctBodies))
	p.field("takes", "at least %s and %s, by the channel's limits", plural(x.Plan.CallsAtLeast, "call"), seconds(x.Plan.SecondsAtLeast))
	p.field("due", "%s", x.Plan.Due.Format(time.RFC3339Nano))
	p.field("ends", "%s at the earliest", x.Plan.EarliestFinish.Format(time.RFC3339Nano))
	p.divided(x.Plan)
	p.field("quota", "%s", quota(x.Quota))
	p.field("validation", "%s", validation(x.Validation))
	p.problems(x)
	p.failures(x.WouldFail)
	p.spared(x.WouldSpare)
	p.refused(x.Validation)
	p.sample(x)
	switch {
	case x.OK:
		p.title("Nothing would fail.")
	case x.BadRows > 0 || len(x.BadLines) > 0:
		p.title("A submission would be refused: mend the bad lines first.")
	case x.WouldFail.Recipients == 0 && len(x.Validation.Refused) == 0:
		p.title("A submission would be accepted, and wait until the month's quota suffices.")
	default:
		p.title("A submission would be accepted, but something of it would fail.")
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// divided tells of variants and local times.
func (p *page) divided(x api.ExplainedPlan) {
	for _, v := range x.Variants {
		p.field("variant", "%s: about %s", v.Name, plural(v.Recipients, "recipient"))
	}
	for _, t := range x.Times {
		p.field("at", "%s %s", t.Due.Format(time.RFC3339), plural(t.Recipients, "recipient"))
	}
}

func (p *page) problems(x api.Explanation) {
	if len(x.BadLines) > 0 {
		more := ""
		if x.BadLinesMore {
			more = ", the first of them"
		}
		p.title("Bad lines%s:", more)
		for _, b := range x.BadLines {
			p.item("%s: %s", b.Location, b.Message)
		}
	}
	if len(x.Missing) > 0 {
		p.title("Missing variables:")
		for _, m := range x.Missing {
			lines := make([]string, len(m.Lines))
			for i, n := range m.Lines {
				lines[i] = strconv.Itoa(n)
			}
			text := strings.Join(lines, ", ")
			if m.Rows > len(m.Lines) {
				text += ", …"
			}
			p.item("%s in %s: %s %s", m.Name, plural(m.Rows, "row"), nounOf(m.Rows, "line"), text)
		}
	}
}

func (p *page) failures(f api.WouldFail) {
	if f.Recipients == 0 {
		return
	}
	p.title("Would fail, by reason:")
	for _, r := range f.Reasons {
		p.item("%d: %s", r.Recipients, r.Reason)
	}
	if f.OtherReasons > 0 {
		p.item("%d: other reasons", f.OtherReasons)
	}
	p.title("Would fail, the first of them:")
	for _, e := range f.Examples {
		p.item("line %d, %s: %s", e.Line, e.UserID, e.Reason)
	}
}

func (p *page) spared(s api.WouldSpare) {
	if s.Suppressed == 0 {
		return
	}
	p.title("Would get nothing, by reason:")
	for _, r := range s.Reasons {
		p.item("%d: %s", r.Recipients, r.Reason)
	}
}

func (p *page) refused(v api.Validation) {
	if len(v.Refused) == 0 {
		return
	}
	p.title("LINE refuses messages of this shape:")
	for _, r := range v.Refused {
		p.item("%s, such as line %d, %s: %s", plural(r.Recipients, "recipient"), r.Line, r.UserID, r.Reason)
	}
}

func (p *page) sample(x api.Explanation) {
	for _, m := range x.Sample {
		title := fmt.Sprintf("Line %d, %s", m.Line, m.UserID)
		if m.Variant != "" {
			title += ", variant " + m.Variant
		}
		if m.Due != nil {
			title += ", at " + m.Due.Format(time.RFC3339)
		}
		p.title("%s:", title)
		var text bytes.Buffer
		if json.Indent(&text, m.Messages, "", "  ") != nil {
			text.Write(m.Messages)
		}
		for line := range strings.Lines(text.String()) {
			line = strings.TrimSuffix(line, "\n")
			body := strings.TrimLeft(line, " ")
			p.hang(strings.Repeat(" ", min(2+len(line)-len(body), pageWidth/2)), body)
		}
	}
	if x.SampleLeft > 0 {
		p.title("%s of the sample left out: they are too large", plural(x.SampleLeft, "message"))
	}
}

// calls are a plan's provider calls.
func calls(pushes, multicasts, recipients uint32) string {
	text := fmt.Sprintf("%d pushes", pushes)
	if pushes == 1 {
		text = "1 push"
	}
	if multicasts > 0 {
		text += fmt.Sprintf(", %s to %s", plural(multicasts, "multicast"), plural(recipients, "recipient"))
	}
	return text
}

func nounOf(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

func bodies(n uint32) string {
	if n == 1 {
		return "1 distinct body"
	}
	return fmt.Sprintf("%d distinct bodies", n)
}

// seconds are as exact as they came.
func seconds(s float64) string { return strconv.FormatFloat(s, 'f', -1, 64) + " s" }

func quota(q api.ExplainedQuota) string {
	needed := plural(q.Needed, "message") + " needed"
	switch {
	case q.Suffices == nil:
		return needed + "; what is left can't be read: " + q.Problem
	case q.Limit == nil:
		return needed + fmt.Sprintf(", no monthly limit, %d used", *q.Used)
	case *q.Suffices:
		return needed + fmt.Sprintf(", %d of %d used this month: enough", *q.Used, *q.Limit)
	}
	return needed + fmt.Sprintf(", %d of %d used this month: NOT ENOUGH", *q.Used, *q.Limit)
}

func validation(v api.Validation) string {
	text := fmt.Sprintf("LINE was asked about %d of %s of messages", v.Checked, plural(v.Shapes, "shape"))
	if v.More {
		text = fmt.Sprintf("LINE was asked about %d of more than %d shapes of messages", v.Checked, v.Shapes)
	}
	if v.Checked > 0 {
		text += fmt.Sprintf(" and refuses %d", len(v.Refused))
	}
	if v.Problem != "" {
		text += "; not about all, because: " + v.Problem
	}
	return text
}
