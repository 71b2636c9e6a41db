package actors

import "time"

// TallyMsg is the closed set of messages that the statistics and the usage ledger of a channel take, and an experiment. The identity is the channel's
// name, that of an experiment ExperimentID.
//
//sumtype:decl
type TallyMsg interface{ tallyMsg() }

type (
	// Count is a checker's word about its run. All figures are absolute, so that a repeat does no harm. Answer: Counted or Problem.
	Count struct {
		Run     string
		Sent    time.Time // an old word is refused, see WordsGoStale
		Version uint64    // of the figures: it rises with each record that changes them
		Figures []Figures // by month
		Told    uint64    // the version that the checker knows to be recorded, and never tells again
		Base    []Figures // the figures of that version
	}
	// MonthOf asks for one month, named as in Figures. Answer: Figures.
	MonthOf struct{ Month string }
	// AllFigures asks for everything: an experiment has a few variants. Answer: AllOfThem.
	AllFigures struct{}
)

func (Count) tallyMsg()      {}
func (MonthOf) tallyMsg()    {}
func (AllFigures) tallyMsg() {}

// AllOfThem answers AllFigures, in the order of their names.
type AllOfThem struct{ Figures []Figures }

// Counted answers Count: what is recorded of the run, or of the word if that is newer.
type Counted struct {
	Run     string
	Version uint64
}

// Figures are one month's numbers, or those of one variant of an experiment. A difference of two may have negative ones.
type Figures struct {
	Month             string // as 2006-01; of an experiment the variant's name
	Started, Finished int64  // runs
	Requests          int64  // provider calls, as posters reported them with their outcomes
	Outcomes          [Delivered + 1]int64
}

// Plus adds o's numbers, times by.
func (f Figures) Plus(o Figures, by int64) Figures {
	f.Started += by * o.Started
	f.Finished += by * o.Finished
	f.Requests += by * o.Requests
	for i, n := range o.Outcomes {
		f.Outcomes[i] += by * n
	}
	return f
}

// WordsGoStale is how old a Count may be when it is handled, by the receiver's clock. What a run's checker never repeats is forgotten
// only when all words before have long been stale.
const WordsGoStale = time.Hour

// MonthLayout is how a month is written.
const MonthLayout = "2006-01"

// BillingZone is where months of the usage ledger begin. LINE publishes no boundary of the month in which a message is billed; its
// counts of sent messages (GET /v2/bot/message/delivery/…) are by days of UTC+9 (messaging-api.yml, "Timezone: UTC+9"), so months are too.
var BillingZone = time.FixedZone("UTC+9", 9*60*60)

// StatisticsMonth is the month of the statistics in which t lies.
func StatisticsMonth(t time.Time) string { return t.UTC().Format(MonthLayout) }

// BillingMonth is the month of the usage ledger in which t lies.
func BillingMonth(t time.Time) string { return t.In(BillingZone).Format(MonthLayout) }
