package console

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

// pageSize is a terminal's, in places; 0: no bound.
type pageSize struct{ columns, lines int }

// narrow is where columns are left out that can be done without.
func (s pageSize) narrow() bool { return s.columns > 0 && s.columns < 80 }

// section is a heading and what stands below it.
type section struct {
	head string
	rows []string
	none string // instead of rows where there are none
}

func (s section) lines() int { return 1 + max(1, len(s.rows)) }

// page is what a look shows, in at most the terminal's lines and columns.
func (v topView) page(size pageSize) []byte {
	lines := []string{v.title()}
	for _, w := range v.Warnings {
		lines = append(lines, "! "+printable(strings.ReplaceAll(w, "\n", " ")))
	}
	sections := []section{v.members(size), v.campaigns(size), v.channels(size), v.actors(size)}
	if size.lines > 0 {
		lines = lines[:min(len(lines), max(1, size.lines/4))]
		share(sections, size.lines-len(lines))
	}
	for _, s := range sections {
		lines = append(lines, "", s.head)
		lines = append(lines, s.rows...)
		if len(s.rows) == 0 {
			lines = append(lines, s.none)
		}
	}
	if size.lines > 0 {
		lines = lines[:min(len(lines), size.lines)]
	}
	var out bytes.Buffer
	for _, line := range lines {
		if size.columns > 0 {
			line = shorten(line, size.columns)
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return out.Bytes()
}

// share cuts sections to so many lines, each with an empty one before it: the longest are cut first.
func share(sections []section, lines int) {
	for {
		all, longest := 0, 0
		for i, s := range sections {
			all += 1 + s.lines()
			if len(s.rows) > len(sections[longest].rows) {
				longest = i
			}
		}
		s := &sections[longest]
		if all <= lines || len(s.rows) <= 1 {
			return
		}
		s.rows = s.rows[:len(s.rows)-1]
	}
}

func (v topView) title() string {
	if v.Node == "" {
		return "hayauma top " + v.At.Format(time.TimeOnly) + " UTC"
	}
	return fmt.Sprintf("hayauma top %s UTC, as %s sees it, %s, epoch %d", v.At.Format(time.TimeOnly), printable(v.Node), v.Condition, v.Epoch)
}

// sectionOf makes a section of a table.
func sectionOf(t *table, none string) section {
	var out bytes.Buffer
	_ = t.print(&out) // a buffer takes everything
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	return section{head: lines[0], rows: lines[1:], none: none}
}

func (v topView) members(size pageSize) section {
	t := newTable("MEMBER", "CONDITION", "SHARDS", "SILENT", "ROLES")
	for _, m := range v.Members {
		roles := strings.Join(m.Roles, ",")
		if size.narrow() {
			roles = ""
		}
		t.row(m.Node, m.Condition, m.Shards, silence(m), roles)
	}
	return sectionOf(t, "none is known")
}

const (
	longName   = 32
	wideBar    = 20
	narrowBar  = 6
	shortID    = 8
	longReason = 60
)

func (v topView) campaigns(size pageSize) section {
	t := newTable("CAMPAIGN", "NAME", "STATE", "PROGRESS", "RATE", "LEFT", "RECIPIENTS", "FAILED", "REASON")
	for _, c := range v.Campaigns {
		places, name, recipients, reason := wideBar, shorten(c.Name, longName), fmt.Sprintf("%d of %d", c.Done, c.Accepted), shorten(c.Reason, longReason)
		if size.narrow() {
			places, name, recipients, reason = narrowBar, shorten(c.Name, longName/3), "", ""
		}
		t.row(c.ID[:min(shortID, len(c.ID))], name, c.State, bar(c.Done, c.Accepted, places), perSecond(c.PerSecond), left(c, v.At), recipients,
			orNothing(c.Failed+c.Unknown), reason)
	}
	return sectionOf(t, "none is under way")
}

// bar shows a part of a whole as signs and as a figure; 100 % only where nothing is left.
func bar(done, all uint64, places int) string {
	if all == 0 {
		return "[" + strings.Repeat(".", places) + "]   0 %"
	}
	part := float64(min(done, all)) / float64(all)
	full := int(part * float64(places))
	return fmt.Sprintf("[%s%s] %3d %%", strings.Repeat("#", full), strings.Repeat(".", places-full), int(part*100))
}

func perSecond(r float64) string {
	switch {
	case r <= 0:
		return ""
	case r < 10:
		return fmt.Sprintf("%.1f/s", r)
	}
	return fmt.Sprintf("%.0f/s", r)
}

// left is how long a campaign takes yet, or how long it is until it begins.
func left(c topCampaign, now time.Time) string {
	switch {
	case c.SecondsTo != nil && *c.SecondsTo < (100*365*24*time.Hour).Seconds():
		return time.Duration(*c.SecondsTo * float64(time.Second)).Round(time.Second).String()
	case c.State == "scheduled" && c.Due != nil && c.Due.After(now):
		return "in " + c.Due.Sub(now).Round(time.Second).String()
	}
	return ""
}

func orNothing(n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func (v topView) channels(size pageSize) section {
	t := newTable("CHANNEL", "STATE", "CALLS", "QUOTA", "REASON")
	for _, c := range v.Channels {
		calls, quota, reason := "", "", cmp.Or(c.Reason, c.Warning)
		if c.Breaker.State != "closed" {
			calls = "stopped: " + c.Breaker.State
		}
		if q := c.Quota; q != nil && q.Limited {
			quota = fmt.Sprintf("%d of %d", q.Used+q.Reserved, q.Limit)
		}
		if size.narrow() {
			quota = ""
		}
		t.row(shorten(c.Name, longName), c.State, calls, quota, shorten(reason, longReason))
	}
	return sectionOf(t, "none was added")
}

func (v topView) actors(size pageSize) section {
	depth, oldest := "DEPTH", "OLDEST"
	if v.Sort == "age" {
		oldest += "*"
	} else {
		depth += "*"
	}
	t := newTable("ACTOR", depth, oldest, "STATE", "NODE", "ID")
	for _, a := range v.Actors {
		if a.Depth == 0 {
			continue // it has nothing to do
		}
		state, node := a.State, a.Node
		if size.narrow() {
			state, node = "", ""
		}
		t.row(a.Kind, a.Depth, (time.Duration(a.OldestMS) * time.Millisecond).String(), state, node, a.ID)
	}
	return sectionOf(t, "no mailbox has anything in it")
}

// sortActors puts them in another order at once; the next look brings those that belong there.
func (v *topView) sortActors(order string) {
	v.Sort = order
	slices.SortStableFunc(v.Actors, func(a, b api.Actor) int {
		if order == "age" {
			return cmp.Or(cmp.Compare(b.OldestMS, a.OldestMS), cmp.Compare(b.Depth, a.Depth))
		}
		return cmp.Or(cmp.Compare(b.Depth, a.Depth), cmp.Compare(b.OldestMS, a.OldestMS))
	})
}
