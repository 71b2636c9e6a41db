package metrics

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"hayauma.example/engine"
)

// Bounds of the series per actor, see the package documentation.
const (
	AllActors  = 1000 // unless configured otherwise
	Deepest    = 20
	MostKept   = 100
	StuckAfter = 5 * time.Second // as the engine's
	KeptFor    = 2 * time.Minute

	backlog  = 32
	maxLabel = 64 // bytes
)

// ranges of depths, by their highest.
var ranges = []struct {
	most  int
	label string
}{{0, "0"}, {8, "1-8"}, {32, "9-32"}, {256, "33-256"}, {4096, "257-4096"}, {1 << 62, "over 4096"}}

// scan is one look at all actors.
type scan struct {
	kept    map[string]time.Time // actors shown at the last scrape, and since when
	most    int                  // so many are all shown
	kinds   map[string]*depths
	kind    string            // of the last one
	last    *depths           // likewise
	few     []engine.CellInfo // all actors, until there are too many
	many    bool
	plain   []engine.CellInfo
	deepest []engine.CellInfo // sorted, deepest first
	oldest  []engine.CellInfo // sorted, oldest first; stuck ones only
	before  []engine.CellInfo // shown at the last scrape and not drained
}

func newScan(kept map[string]time.Time, most int) *scan {
	return &scan{kept: kept, most: most, kinds: map[string]*depths{}}
}

func identity(c engine.CellInfo) string { return c.Kind + "/" + c.ID }

// split is identity's inverse: no kind has a slash.
func split(identity string) (kind, id string) {
	kind, id, _ = strings.Cut(identity, "/")
	return kind, id
}

// begin goes on from what was counted before.
func (s *scan) begin(kinds map[string]*depths) {
	for kind, d := range kinds {
		own := *d
		s.kinds[kind] = &own
	}
}

// of returns a kind's figures.
func (s *scan) of(kind string) *depths {
	if s.last == nil || s.kind != kind {
		s.kind, s.last = kind, s.kinds[kind]
		if s.last == nil {
			s.last = &depths{}
			s.kinds[kind] = s.last
		}
	}
	return s.last
}

func (s *scan) see(c engine.CellInfo) {
	s.count(c)
	if len(s.few) < s.most {
		s.few = append(s.few, c)
	} else {
		s.many = true
	}
	s.rank(c)
}

// count adds an actor to its kind's figures.
func (s *scan) count(c engine.CellInfo) { s.of(c.Kind).add(c) }

// rank looks whether an actor is one of those that are shown among many.
func (s *scan) rank(c engine.CellInfo) {
	if c.Plain && len(s.plain) < MostKept {
		s.plain = append(s.plain, c)
	}
	if c.Depth == 0 {
		return
	}
	s.deepest = insert(s.deepest, c, func(a, b engine.CellInfo) int { return cmp.Compare(b.Depth, a.Depth) })
	if c.Oldest >= StuckAfter {
		s.oldest = insert(s.oldest, c, func(a, b engine.CellInfo) int { return cmp.Compare(b.Oldest, a.Oldest) })
	}
	if len(s.kept) == 0 {
		return
	}
	if _, shown := s.kept[identity(c)]; shown {
		s.before = append(s.before, c)
	}
}

// insert keeps the first Deepest of a sorted list.
func insert(list []engine.CellInfo, c engine.CellInfo, order func(a, b engine.CellInfo) int) []engine.CellInfo {
	if len(list) == Deepest && order(c, list[Deepest-1]) >= 0 {
		return list
	}
	i, _ := slices.BinarySearchFunc(list, c, order)
	return slices.Insert(list, i, c)[:min(len(list)+1, Deepest)]
}

// choose says which actors are shown.
func (s *scan) choose(now time.Time) []engine.CellInfo {
	if !s.many {
		return s.few
	}
	taken := map[string]bool{}
	var shown []engine.CellInfo
	take := func(list []engine.CellInfo, most int) {
		for _, c := range list {
			if id := identity(c); !taken[id] && len(shown) < most {
				taken[id] = true
				shown = append(shown, c)
			}
		}
	}
	take(s.deepest, MostKept)
	take(s.oldest, MostKept)
	take(slices.DeleteFunc(s.before, func(c engine.CellInfo) bool { return now.Sub(s.kept[identity(c)]) > KeptFor }), MostKept)
	take(s.plain, len(shown)+len(s.plain))
	return shown
}

// keep remembers what is shown above the bound, with the time of the last scrape at which it was among the first.
func (s *scan) keep(shown []engine.CellInfo, now time.Time) map[string]time.Time {
	kept := map[string]time.Time{}
	if !s.many {
		return kept
	}
	for _, c := range shown {
		kept[identity(c)] = now
	}
	for _, c := range s.before {
		if id := identity(c); !among(s.deepest, c) && !among(s.oldest, c) && !kept[id].IsZero() {
			kept[id] = s.kept[id]
		}
	}
	return kept
}

func among(list []engine.CellInfo, c engine.CellInfo) bool {
	return slices.ContainsFunc(list, func(o engine.CellInfo) bool { return o.Kind == c.Kind && o.ID == c.ID })
}

// depths are the figures of one kind.
type depths struct {
	messages        int64
	max, backlogged int
	oldest          time.Duration
	inRange         [6]int
}

func (d *depths) add(c engine.CellInfo) {
	d.messages += int64(c.Depth)
	d.max, d.oldest = max(d.max, c.Depth), max(d.oldest, c.Oldest)
	if c.Depth > backlog {
		d.backlogged++
	}
	for i, r := range ranges {
		if c.Depth <= r.most {
			d.inRange[i]++
			return
		}
	}
}

func (d *depths) collect(ch chan<- prometheus.Metric, k engine.KindStats) {
	gauge(ch, mailboxMessages, float64(d.messages), k.Kind)
	gauge(ch, mailboxMax, float64(d.max), k.Kind)
	gauge(ch, mailboxPeak, float64(max(k.Peak, int64(d.max))), k.Kind)
	gauge(ch, mailboxBacklog, float64(d.backlogged), k.Kind)
	gauge(ch, mailboxAgeMax, d.oldest.Seconds(), k.Kind)
	for i, r := range ranges {
		gauge(ch, mailboxRanges, float64(d.inRange[i]), k.Kind, r.label)
	}
}

// label names an actor in a series: bounded, valid, and without personal data.
func label(secret []byte, c engine.CellInfo) string {
	switch {
	case c.Private:
		return digest(secret, c.ID)
	case len(c.ID) > maxLabel || !utf8.ValidString(c.ID):
		return strings.ToValidUTF8(c.ID[:min(len(c.ID), maxLabel-16)], "_") + "~" + digest(secret, c.ID)
	}
	return c.ID
}

func digest(secret []byte, id string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id))
	return hex.EncodeToString(mac.Sum(nil)[:6])
}
