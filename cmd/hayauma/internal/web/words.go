package web

import (
	"cmp"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

// templates are the pages by name: the layout with their own parts.
var templates = parsed("overview", "campaigns", "campaign", "chunks", "recipient", "actors", "cluster", "schedule", "login", "problem")

var functions = template.FuncMap{
	"n": number, "moment": moment, "clock": clock, "iso": iso, "short": short, "share": share, "span": span, "outcomes": outcomesOf, "variant": variantBar, "chunk": chunkBar,
	"ms": func(ms int64) string { return span(time.Duration(ms) * time.Millisecond) }, "ago": ago, "join": strings.Join, "mark": mark, "stamp": stamp,
	"seconds": func(s float64) string { return span(time.Duration(s * float64(time.Second))) },
	"event":   func(name string) string { return cmp.Or(eventWords[name], name) },
}

func parsed(names ...string) map[string]*template.Template {
	shared := template.Must(template.New("shared").Funcs(functions).ParseFS(files, "templates/layout.html", "templates/parts.html"))
	all := map[string]*template.Template{}
	for _, name := range names {
		all[name] = template.Must(template.Must(shared.Clone()).ParseFS(files, "templates/"+name+".html"))
	}
	return all
}

// number is a count with its thousands apart.
func number(v any) string {
	text := fmt.Sprint(v)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// known is a time, or a pointer to one, that may be missing.
func known(v any) (t time.Time, ok bool) {
	switch v := v.(type) {
	case time.Time:
		t = v
	case *time.Time:
		if v != nil {
			t = *v
		}
	}
	return t.UTC(), !t.IsZero()
}

// plural is a count with its word.
func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + more
}

// stamp is a time that comes as text, as the others are shown.
func stamp(text string) string {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC().Format("2006-01-02 15:04:05.000")
	}
	return text
}

// moment is a time of UTC to the second; of today without the day.
func moment(v any) string {
	t, ok := known(v)
	if !ok {
		return "–"
	}
	if now := time.Now().UTC(); t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return clock(t)
	}
	return t.Format("2006-01-02 15:04:05")
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05") }

func iso(v any) string {
	t, ok := known(v)
	if !ok {
		return ""
	}
	return t.Format(time.RFC3339)
}

// ago is a time beside now, in words.
func ago(v any) string {
	t, ok := known(v)
	if !ok {
		return ""
	}
	if d := time.Until(t); d > 0 {
		return "in " + span(d)
	}
	return span(time.Since(t)) + " ago"
}

// span is a duration in its two largest units.
func span(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	if d < 10*time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	seconds := int64(d.Round(time.Second).Seconds())
	for _, u := range []struct {
		long, part      int64
		name, partsName string
	}{{86400, 3600, "d", "h"}, {3600, 60, "h", "min"}, {60, 1, "min", "s"}} {
		if seconds < u.long {
			continue
		}
		text := fmt.Sprintf("%d %s", seconds/u.long, u.name)
		if rest := seconds % u.long / u.part; rest > 0 {
			text += fmt.Sprintf(" %d %s", rest, u.partsName)
		}
		return text
	}
	return fmt.Sprintf("%d s", seconds)
}

// short is what tells an id from others at a glance.
func short(id string) string { return id[:min(len(id), 8)] }

// share is a part in percent; only what is whole is 100 %, and only nothing is 0 %.
func share(part, whole uint64) string {
	switch {
	case whole == 0 || part == 0:
		return "0 %"
	case part >= whole:
		return "100 %"
	}
	percent := float64(part) / float64(whole) * 100
	switch {
	case percent < 0.1:
		return "< 0.1 %"
	case percent > 99.9:
		return "> 99.9 %"
	}
	return strconv.FormatFloat(percent, 'f', 1, 64) + " %"
}

// mark is a sign for a state that needs no colour.
func mark(state string) string {
	switch state {
	case "running", "active", "sending", "owned", "working", "delivered", "closed":
		return "●"
	case "finished", "settled":
		return "✓"
	case "scheduled", "accepted", "pending", "joining", "idle", "trial", "deferred":
		return "○"
	case "paused", "suspended", "draining":
		return "❚❚"
	case "failed", "evicted", "lost", "open":
		return "✕"
	case "unknown":
		return "?"
	}
	return "–"
}

// stateWord is a campaign's state in a word, with what it waits for.
func stateWord(c api.Campaign) string {
	if c.Waiting != "" {
		return c.State + ", waiting"
	}
	return c.State
}

// settled is how many recipients have an outcome.
func settled(c api.Campaign) uint64 { return c.Accepted - min(c.Pending, c.Accepted) }

// pace is how fast a campaign goes.
type pace struct {
	PerSecond string // recipients with an outcome, on average since its start; empty: too early to say
	Left      string // how long the others take at that pace, or at least
	End       string // of day or date, of UTC
}

// minPace is how long a campaign has to have run before its pace is told.
const minPace = 3 * time.Second

// paceOf foretells a running campaign's end.
func paceOf(c api.Campaign, now time.Time) (p pace) {
	if c.State != "running" || c.Pending == 0 || c.Recurrence != nil {
		return p
	}
	done := settled(c)
	if c.Plan != nil { // who has no message was never sent to
		done = uint64(c.Plan.QuotaNeeded) - min(c.Pending, uint64(c.Plan.QuotaNeeded))
	}
	if c.StartedAt != nil && done > 0 {
		if ran := now.Sub(*c.StartedAt); ran >= minPace {
			rate := float64(done) / ran.Seconds()
			left := time.Duration(min(float64(c.Pending)/rate, 10*365*24*3600) * float64(time.Second))
			p.PerSecond, p.Left, p.End = number(int64(rate+0.5)), "about "+span(left), moment(now.Add(left))
			if rate < 10 {
				p.PerSecond = strconv.FormatFloat(rate, 'f', 1, 64)
			}
			return p
		}
	}
	if c.Plan != nil && c.Plan.SecondsAtLeast != nil {
		p.Left = "at least " + span(time.Duration(*c.Plan.SecondsAtLeast*float64(time.Second)))
	}
	return p
}
