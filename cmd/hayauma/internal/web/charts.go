package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

// Charts are drawn by the templates as SVG that grows with the page; their words stand beside them, in the page's own size.
const (
	chartWide = 1000
	chartHigh = 200
)

// part is a piece of a bar.
type part struct {
	Name  string
	Class string
	N     uint64
	X, W  float64
	Share string
}

// bar is a chart of parts of a whole.
type bar struct {
	ID, Title, Text string // read aloud
	Parts           []part
}

// outcomeNames are in the order of a bar, and of its key.
var outcomeNames = []string{"delivered", "unknown", "failed", "suppressed", "expired", "cancelled", "pending"}

// outcomesOf is a bar of a campaign's recipients by outcome.
func outcomesOf(id string, c api.Campaign) bar {
	return bars("o-"+id, "Recipients of "+c.Name+" by outcome", []uint64{c.Delivered, c.Unknown, c.Failed, c.Suppressed, c.Expired, c.Cancelled, c.Pending})
}

// variantBar is one of a variant's recipients.
func variantBar(v api.VariantResult) bar {
	return bars("v-"+v.Name, "Recipients of the variant "+v.Name+" by outcome",
		[]uint64{v.Delivered, v.Unknown, v.Failed, v.Suppressed, v.Expired, v.Cancelled, v.Pending})
}

// chunkBar is one of a chunk's recipients.
func chunkBar(c api.Chunk) bar {
	o, counts := c.Outcomes, []uint64{}
	for _, n := range []int64{o.Delivered, o.Unknown, o.Failed, o.Suppressed, o.Expired, o.Cancelled, c.Pending} {
		counts = append(counts, uint64(max(n, 0)))
	}
	return bars(fmt.Sprintf("c-%d", c.Chunk), fmt.Sprintf("Recipients of chunk %d by outcome", c.Chunk), counts)
}

// bars is a bar of counts in the order of outcomeNames.
func bars(id, title string, counts []uint64) bar {
	b := bar{ID: id, Title: title}
	var whole uint64
	for _, n := range counts {
		whole += n
	}
	x, said := 0.0, []string{}
	for i, n := range counts {
		p := part{Name: outcomeNames[i], Class: outcomeNames[i], N: n, X: x, Share: share(n, whole)}
		if n > 0 {
			p.W = max(float64(n)/float64(whole)*chartWide, 3) // what is there is seen
			said = append(said, fmt.Sprintf("%s %s", p.Name, p.Share))
		}
		x += p.W
		b.Parts = append(b.Parts, p)
	}
	for i := range b.Parts { // what small parts took more than theirs
		if x > chartWide {
			b.Parts[i].X, b.Parts[i].W = b.Parts[i].X*chartWide/x, b.Parts[i].W*chartWide/x
		}
	}
	b.Text = strings.Join(said, ", ")
	if whole == 0 {
		b.Text = "no recipients"
	}
	return b
}

// curve is a chart of what has grown over time.
type curve struct {
	ID, Title, Text string // read aloud
	Line, Area      string // points of an SVG
	From, To        string
	Most            string
}

// windowCurve is how many recipients were in windows by when. Windows are the newest first.
func windowCurve(c api.Campaign, list api.WindowList) *curve {
	windows := slices.Clone(list.Windows)
	slices.Reverse(windows)
	windows = slices.DeleteFunc(windows, func(w api.Window) bool { return w.OpenedAt == nil })
	if len(windows) < 2 || len(windows) < list.Total {
		return nil
	}
	begin, end := *windows[0].OpenedAt, time.Now()
	if c.FinishedAt != nil {
		end = *c.FinishedAt
	}
	last := *windows[len(windows)-1].OpenedAt
	if end.Before(last) {
		end = last
	}
	whole := max(end.Sub(begin).Seconds(), 0.001)
	var most, sum uint64
	for _, w := range windows {
		most += uint64(w.Recipients)
	}
	var line strings.Builder
	fmt.Fprintf(&line, "0,%d", chartHigh)
	y := float64(chartHigh)
	for _, w := range windows {
		x := w.OpenedAt.Sub(begin).Seconds() / whole * chartWide
		fmt.Fprintf(&line, " %.1f,%.1f", x, y)
		sum += uint64(w.Recipients)
		y = chartHigh - float64(sum)/float64(max(most, 1))*(chartHigh-4)
		fmt.Fprintf(&line, " %.1f,%.1f", x, y)
	}
	fmt.Fprintf(&line, " %d,%.1f", chartWide, y)
	return &curve{
		ID: "windows", Title: "Recipients in opened windows over time", Line: line.String(), Area: line.String() + fmt.Sprintf(" %d,%d", chartWide, chartHigh),
		Text: fmt.Sprintf("%d windows with %s recipients, the first at %s, the last at %s", len(windows), number(most), moment(begin), moment(last)),
		From: moment(begin), To: moment(end), Most: number(most),
	}
}

// tick is a moment on a chart of time.
type tick struct {
	X    float64
	Name string
}

// timeline is a chart of what is due in the next 24 hours.
type timeline struct {
	ID, Title, Text string // read aloud
	Ticks           []tick
	From, To        string
}

// The timeline's length, and the width of a tick.
const (
	ahead    = 24 * time.Hour
	tickWide = 4
)

func timelineOf(due []dueEntry, now time.Time) *timeline {
	t := &timeline{ID: "due", Title: "What is due in the next 24 hours", From: moment(now), To: moment(now.Add(ahead))}
	n := 0
	for _, d := range due { // the next first
		in := d.Due.Sub(now)
		if in < 0 || in > ahead {
			continue
		}
		x := in.Hours() / ahead.Hours() * chartWide
		if n++; len(t.Ticks) == 0 || x-t.Ticks[len(t.Ticks)-1].X >= tickWide { // another would cover this one
			t.Ticks = append(t.Ticks, tick{X: x, Name: d.Name})
		}
	}
	t.Text = plural(n, "entry is", "entries are") + " due in the next 24 hours"
	if n > 0 {
		t.Text += ", the first " + ago(due[slices.IndexFunc(due, func(d dueEntry) bool { return !d.Due.Before(now) })].Due)
	}
	return t
}

// shardMap is a chart of the shards of a role: a square for each, with its owner's pattern.
type shardMap struct {
	ID, Title, Text string // read aloud
	Role            string
	High            int
	Squares         []square
}

type square struct {
	X, Y  int
	Class string
	Hint  string
	Fill  string // its pattern; empty: the class says all
}

// Squares of a chart of shards.
const (
	squareSide    = 20
	squaresInARow = 32
	ownerClasses  = 6 // patterns that are told apart
)

// shardMaps draws each role that has shards. owners are in the order of their patterns.
func shardMaps(s api.ClusterStatus) (maps []*shardMap, owners []string) {
	for _, m := range s.Members {
		owners = append(owners, m.Node)
	}
	slices.Sort(owners)
	owners = slices.Compact(owners)
	by := map[string]*shardMap{}
	counts := map[string]map[string]int{}
	for _, sh := range s.Shards {
		m := by[sh.Role]
		if m == nil {
			m = &shardMap{ID: "shards-" + sh.Role, Role: sh.Role, Title: "Shards of the role " + sh.Role + " by owner"}
			by[sh.Role], counts[sh.Role], maps = m, map[string]int{}, append(maps, m)
		}
		class, fill := "nobody", ""
		if i := slices.Index(owners, sh.Owner); i >= 0 {
			class, fill = "owned", fmt.Sprintf("url(#p-owner%d)", i%ownerClasses)
		}
		hint := fmt.Sprintf("shard %d: %s", sh.Shard, orNobody(sh.Owner))
		if moving(sh) {
			class, hint = class+" moving", hint+", "+sh.Phase
		}
		n := len(m.Squares)
		m.Squares = append(m.Squares, square{X: n % squaresInARow * squareSide, Y: n / squaresInARow * squareSide, Class: class, Hint: hint, Fill: fill})
		m.High = (n/squaresInARow + 1) * squareSide
		counts[sh.Role][orNobody(sh.Owner)]++
	}
	for role, m := range by {
		var said []string
		for _, owner := range append(slices.Clone(owners), "nobody") {
			if n := counts[role][owner]; n > 0 {
				said = append(said, fmt.Sprintf("%s %d", owner, n))
			}
		}
		m.Text = strings.Join(said, ", ")
	}
	return maps, owners
}

func orNobody(node string) string {
	if node == "" {
		return "nobody"
	}
	return node
}

// moving tells whether a shard is on its way from one node to another, as the answering node has it.
func moving(sh api.ClusterShard) bool {
	return sh.Phase != "" && sh.Phase != "owned" && sh.Phase != "idle"
}
