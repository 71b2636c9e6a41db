package simulation

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"hayauma.example/actors"
	"hayauma.example/actors/provider/linesim"
)

var sequences = flag.Int("sim.sequences", 40, "how many random sequences of an operator's commands are played")

// sequenceShards play sequences side by side.
const sequenceShards = 4

// TestCommands plays random sequences of an operator's commands over several campaigns and channels, with faults and deaths between them, against
// a model of what an operator may expect. Rapid shrinks what fails, prints its seed and keeps it in testdata/rapid.
func TestCommands(t *testing.T) {
	given := flag.Lookup("rapid.seed").Value.String()
	t.Cleanup(func() { setFlag(t, "rapid.seed", given) })
	var seeding sync.Mutex // rapid has one seed for the process: it is a shard's from setting it to its first sequence
	for shard := range sequenceShards {
		t.Run(strconv.Itoa(shard), func(t *testing.T) {
			t.Parallel()
			dir := openDir(t.TempDir())
			var newest string
			t.Cleanup(func() {
				if t.Failed() {
					t.Log("the newest sequence that failed:\n" + newest)
				}
			})
			seeding.Lock()
			begin := sync.OnceFunc(seeding.Unlock)
			defer begin()
			if given == "0" {
				setFlag(t, "rapid.seed", strconv.FormatUint(*first+uint64(shard)<<32, 10))
			}
			setFlag(t, "rapid.checks", strconv.Itoa((*sequences+sequenceShards-1)/sequenceShards))
			rapid.Check(t, func(rt *rapid.T) {
				begin()
				s := drawSequence(rt)
				if faults, transcript := playSequence(t, s, dir); len(faults) > 0 {
					newest = s.String() + strings.Join(faults, "\n") + "\n\n" + transcript
					rt.Log(newest)
					rt.Fatal("the model and the campaigns differ")
				}
			})
		})
	}
}

func setFlag(t *testing.T, name, value string) {
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
}

// playSequence plays one in a bubble of its own.
func playSequence(t *testing.T, s sequence, dir *os.Root) (faults []string, transcript string) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, scenario{seed: s.seed, dir: dir, chunk: s.chunk, downtime: s.downtime, order: s.order}.withDefaults())
		faults = newOperator(w, s).run()
		transcript = w.transcript()
	})
	return faults, transcript
}

// sequence is what is played.
type sequence struct {
	seed     uint64
	chunk    int
	downtime time.Duration
	order    linesim.Order
	looks    bool // after each command the operator looks at everything; a question wakes what nothing else would have woken
	limits   []actors.Limits
	quotas   []int64
	faults   []int // that there are from the beginning
	commands []command
}

// String is the sequence as it is printed.
func (s sequence) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, chunk %d, downtime %v, order %d, looks %t, limits %v, quotas %v, faults %v\n",
		s.seed, s.chunk, s.downtime, s.order, s.looks, s.limits, s.quotas, s.faults)
	for _, c := range s.commands {
		fmt.Fprintln(&b, c)
	}
	return b.String()
}

// verb is what a command does.
type verb uint8

// The verbs. Those of campaigns come first.
const (
	toPause verb = iota
	toResume
	toCancel
	toRank
	toRedriveFailed
	toRedriveUnknown
	toRedriveUnasked // unknown ones, without the acknowledgement
	toWait
	toCreate
	toLimit
	toResumeChannel
	toFault
	toCalm
	toQuota
	toKill
	toCrash
	toKnow // users that the provider didn't know are known now
	toLose // and some that it knew are not
)

var verbNames = [...]string{"pause", "resume", "cancel", "rank", "redrive failed", "redrive unknown", "redrive unknown unasked", "wait", "create", "limit",
	"resume channel", "fault", "calm", "quota", "kill", "crash", "know", "lose"}

// command is one of an operator, or what happens to him.
type command struct {
	wait  time.Duration // before it
	what  verb
	on    int // which campaign or channel, counted round
	n     int // which rank, fault, point, or how much
	child bool
	plan  blueprint
}

// String is the command as it is printed.
func (c command) String() string {
	s := fmt.Sprintf("after %v %s on %d", c.wait, verbNames[c.what], c.on)
	if c.what == toCreate {
		return s + fmt.Sprintf(" %+v", c.plan)
	}
	return s + fmt.Sprintf(", %d, child %t", c.n, c.child)
}

// blueprint is what a campaign is made from.
type blueprint struct {
	personal, uniform int
	unknown, bad      int
	later             time.Duration
	expire            time.Duration
	hours             bool
	after             int // so many campaigns before it; 0: none
	cron              string
	until             time.Duration
	overlap           actors.Overlap
	steps             int
	priority          actors.Priority
	weight            int
}

func drawSequence(rt *rapid.T) sequence {
	s := sequence{
		seed:     rapid.Uint64Range(0, 1<<32).Draw(rt, "seed"),
		chunk:    choose(rt, "chunk", []int{0, 60, 8, 3}),
		downtime: choose(rt, "downtime", []time.Duration{time.Second, 50 * time.Millisecond, 8 * time.Second}),
		order:    choose(rt, "order", []linesim.Order{linesim.KeyFirst, linesim.BodyFirst}),
		looks:    rapid.Bool().Draw(rt, "looks"),
	}
	for range 1 + number(rt, "channels", 2) {
		s.limits = append(s.limits, drawLimits(rt))
		s.faults = append(s.faults, number(rt, "faults", 2*faultKinds))
		s.quotas = append(s.quotas, choose(rt, "quota", []int64{linesim.Unlimited, linesim.Unlimited, 30, linesim.Unlimited, 400}))
	}
	s.commands = append([]command{{what: toCreate, plan: drawBlueprint(rt)}}, rapid.SliceOfN(rapid.Custom(drawCommand), leastCommands, 60).Draw(rt, "commands")...)
	return s
}

// leastCommands is about half of how many there are; what isn't needed of them shrinks to waiting for nothing.
const leastCommands = 18

// number is one from 0 to most, all of them as likely as each other; it shrinks to 0. Rapid's own generators prefer small ones.
func number(rt *rapid.T, name string, most int) int {
	drawn := rapid.Uint64Range(0, 1<<24).Draw(rt, name)
	if drawn == 0 {
		return 0
	}
	return int(drawn * 0x9E3779B97F4A7C15 >> 32 % uint64(most+1)) // Fibonacci hashing
}

// choose is one of a list, and shrinks to the first.
func choose[T any](rt *rapid.T, name string, list []T) T { return list[number(rt, name, len(list)-1)] }

func drawLimits(rt *rapid.T) actors.Limits {
	return choose(rt, "limits", []actors.Limits{
		{Push: 5, Multicast: 2}, {Push: 20, Multicast: 5}, {Push: 2, Multicast: 1}, {Push: 60, Multicast: 10}, {}, {Push: 9}, {Push: 1, Multicast: 1},
		{Push: 3, Multicast: 3},
	})
}

// drawTime is a time up to one of those named.
func drawTime(rt *rapid.T, name string, most ...time.Duration) time.Duration {
	m := choose(rt, name+" up to", most)
	return time.Duration(number(rt, name, int(m/time.Millisecond))) * time.Millisecond
}

// likely are the verbs, those that are to come often more than once.
var likely = []verb{
	toWait, toPause, toResume, toPause, toResume, toCancel, toRank, toRedriveFailed, toRedriveUnknown, toRedriveFailed, toRedriveUnknown, toRedriveUnasked,
	toCreate, toCreate, toLimit, toResumeChannel, toFault, toFault, toCalm, toQuota, toKill, toCrash, toKnow, toLose, toResume,
	toRedriveFailed, toRedriveUnknown, toFault, toCalm,
}

func drawCommand(rt *rapid.T) command {
	c := command{
		what: choose(rt, "what", likely),
		wait: drawTime(rt, "wait", 0, 3*time.Second, 300*time.Millisecond, 20*time.Second, 3*time.Second, 2*time.Minute, 15*time.Minute),
		on:   number(rt, "on", 5),
	}
	switch c.what {
	case toCreate:
		c.plan = drawBlueprint(rt)
	default:
		c.n, c.child = number(rt, "n", 40), rapid.Bool().Draw(rt, "child")
	}
	return c
}

func drawBlueprint(rt *rapid.T) blueprint {
	most := choose(rt, "size", [][2]int{{12, 0}, {100, 40}, {300, 0}, {60, 600}, {300, 0}, {150, 300}, {20, 2980}})
	b := blueprint{
		personal: number(rt, "personal", most[0]), uniform: number(rt, "uniform", most[1]),
		unknown: number(rt, "unknown", 12), bad: number(rt, "bad", 2),
		priority: choose(rt, "priority", []actors.Priority{"", actors.PriorityHigh, actors.PriorityLow}),
		weight:   choose(rt, "weight", []int{0, 1, 30}),
	}
	if b.personal+b.uniform == 0 {
		b.personal = 1
	}
	if number(rt, "scheduled", 2) == 1 {
		b.later = drawTime(rt, "later", 5*time.Second, 5*time.Minute, 40*time.Minute)
	}
	if number(rt, "expires", 3) == 1 {
		b.expire = time.Second + drawTime(rt, "expire", 20*time.Second, 10*time.Minute)
	}
	b.hours = number(rt, "hours", 5) == 1
	if number(rt, "waits", 5) == 1 {
		b.after = 1 + number(rt, "after", 2)
	}
	switch number(rt, "series", 7) {
	case 1:
		b.cron = choose(rt, "cron", []string{"*/5 * * * *", "*/2 * * * *", "*/15 * * * *"})
		b.until = time.Minute + drawTime(rt, "until", 10*time.Minute, 30*time.Minute)
		b.overlap = choose(rt, "overlap", []actors.Overlap{actors.OverlapSkip, actors.OverlapWait, actors.OverlapAllow})
	case 2:
		b.steps = 1 + number(rt, "steps", 2)
	}
	if b.cron != "" || b.steps > 0 { // each occurrence sends to everybody
		b.personal, b.uniform = b.personal%50, b.uniform%200+1
	}
	return b
}
