package actors

import (
	"encoding/json"
	"time"

	"hayauma.example/actors/plan"
)

// CampaignMsg is the closed set of messages that a campaign takes.
//
//sumtype:decl
type CampaignMsg interface{ campaignMsg() }

type (
	// BeginUpload asks for leave to store an audience. Answer: UploadTicket.
	BeginUpload struct{ Upload string }
	// KeepUpload says that the upload's sender is still alive; without it for UploadPatience another upload may take its place.
	KeepUpload struct{ Upload string }
	// DropUpload gives an upload up: its input was refused. Answer: Done.
	DropUpload struct{ Upload, Reason string }
	// Accept turns a complete upload into an accepted campaign. Answer: Info or Problem.
	Accept struct {
		Upload     string
		Definition Definition
		Audience   Audience
	}

	// Occur is a series' word to one of its occurrences: be, and be paused or cancelled as the series is. It is repeated until the occurrence
	// is over. Answer: Info or Problem.
	Occur struct {
		Series     string // campaign
		Upload     string // the series'
		Definition Definition
		Audience   Audience
		Due        time.Time
		Paused     bool
		Cancelled  bool
		Trace      string `msgpack:",omitempty"` // the series', as engine.Trace.Append writes it; empty: none
	}
	// OccurrenceOver tells a series that one of its occurrences is over, or has come to something else since. Answer: Done, once the series knows
	// what, or will ask for it by itself; or Problem. It is repeated until it is answered with Done.
	OccurrenceOver struct{ Campaign string }

	// Show asks for the campaign's state. Answer: Info or Problem.
	Show struct{}
	// Layout asks where the run's chunks are. Answer: RunLayout or Problem.
	Layout struct{}
	// Pause, Resume and Cancel are the operator's. Answer: Info or Problem.
	Pause  struct{}
	Resume struct {
		IgnoreQuota bool // it sends as far as the quota goes
	}
	Cancel struct{}
	// Redrive sends what has failed or is unknown again, in a new generation. Unknown only where it is acknowledged that they may receive it
	// twice. Answer: Redriving or Problem.
	Redrive struct {
		State        Outcome // Failed or Unknown
		Acknowledged bool
	}
	// Rank changes how the run stands beside others of its channel; what is empty or 0 stays. Answer: Info or Problem.
	Rank struct {
		Priority Priority
		Weight   int
	}

	// Drain is the word of the last node that it is about to stop, so that nobody goes on: give back what is untried and open nothing more.
	// It is forgotten with the activation.
	Drain struct{}

	// Progress is the checker's report after each durable record; figures are absolute, so a lost or repeated one does no harm.
	Progress struct {
		Run        string
		Generation uint32 // figures of a later one are newer, whatever they count
		Totals     Totals
		Variants   []Totals          // by variant; empty: the run has none
		Windows    map[uint32]uint32 // window → recipients settled by its reports
		Returned   []Returned        // what the checker has recorded as returned since the run's last WindowClosed
	}
	// StandingOf is a channel's question whether a run may send. It is answered by RunStanding to the channel.
	StandingOf struct{ Run string }
	// ChannelState is a channel's report that it stopped or goes on.
	ChannelState struct {
		Channel string
		Paused  string // reason; empty: it sends
		Held    string // why the campaign's run may not send although the channel does
	}

	// Dropped is the word of a composer or poster that it holds these paths no more and can't return them, because they may have been
	// called or were sent again before; or of a sender whose Post reached nobody. What of them is not settled is sent again at once.
	Dropped struct {
		Run     string
		Window  uint32
		Paths   []Span
		Reports []Report // what the checker hasn't acknowledged of them: the campaign tells it, also with the question what to send again
	}
	// ShardsLost is the word of the campaign's own node that the owner of shards was lost with what its grains held in memory. What of
	// the run was there is sent again at once.
	ShardsLost struct {
		Shards map[string]Shards // by role
	}
)

func (BeginUpload) campaignMsg()    {}
func (KeepUpload) campaignMsg()     {}
func (DropUpload) campaignMsg()     {}
func (Accept) campaignMsg()         {}
func (Occur) campaignMsg()          {}
func (OccurrenceOver) campaignMsg() {}
func (Show) campaignMsg()           {}
func (Layout) campaignMsg()         {}
func (Pause) campaignMsg()          {}
func (Resume) campaignMsg()         {}
func (Cancel) campaignMsg()         {}
func (Redrive) campaignMsg()        {}
func (Rank) campaignMsg()           {}
func (Drain) campaignMsg()          {}
func (Progress) campaignMsg()       {}
func (StandingOf) campaignMsg()     {}
func (ChannelState) campaignMsg()   {}
func (Dropped) campaignMsg()        {}
func (ShardsLost) campaignMsg()     {}

// UploadPatience is how long a silent upload keeps its place; UploadExpiry is when what it stored is purged.
const (
	UploadPatience = 15 * time.Second
	UploadExpiry   = time.Hour
)

// Definition is what the submitter wants, as validated before Accept.
type Definition struct {
	Name        string
	Channel     string
	Messages    json.RawMessage // array of message objects with placeholders
	At          time.Time       // zero: now
	ExpireAfter time.Duration   // 0: never
	Priority    Priority        `msgpack:",omitempty"`
	Weight      int             `msgpack:",omitempty"` // see WeightOf

	Zone    string    `msgpack:",omitempty"` // IANA name of the zone of what follows; empty: UTC
	Hours   string    `msgpack:",omitempty"` // calls start within them only (calendar.Hours); empty: always
	After   string    `msgpack:",omitempty"` // campaign that is to be over first; empty: none
	Cron    string    `msgpack:",omitempty"` // it recurs (calendar.Cron): a series. Empty: it does not
	Until   time.Time `msgpack:",omitempty"` // no occurrence is due later; zero: none is the last
	Overlap Overlap   `msgpack:",omitempty"`
	Steps   []Step    `msgpack:",omitempty"` // it is a sequence: a series. Messages is empty then
	Topic   string    `msgpack:",omitempty"` // what it is about: users who have opted out of that are left out. Empty: nothing that has a name

	Variants   []Variant `msgpack:",omitempty"` // instead of Messages: each recipient gets one of them
	Experiment string    `msgpack:",omitempty"` // adds the variants' results up over campaigns; empty: none
	LocalTime  bool      `msgpack:",omitempty"` // each recipient's time comes when his clock shows what that of UTC+14 shows at At
	ZoneColumn string    `msgpack:",omitempty"` // column of the audience with the recipients' zones; empty: none
}

// Schedule is what a definition says of when it is sent; the members are those of Definition.
type Schedule struct {
	At, Until                      time.Time
	Zone, Hours, After, ZoneColumn string
	Cron                           string
	Overlap                        Overlap
	ExpireAfter                    time.Duration
	LocalTime                      bool
}

// Schedule is when it is sent; nil: now.
func (d *Definition) Schedule() *Schedule {
	s := Schedule{At: d.At, Until: d.Until, Zone: d.Zone, Hours: d.Hours, After: d.After, ZoneColumn: d.ZoneColumn, Cron: d.Cron, Overlap: d.Overlap,
		ExpireAfter: d.ExpireAfter, LocalTime: d.LocalTime}
	if s == (Schedule{}) {
		return nil
	}
	return &s
}

// TemplatesOf are the messages arrays, by variant.
func (d *Definition) TemplatesOf() []json.RawMessage {
	if len(d.Variants) == 0 {
		return []json.RawMessage{d.Messages}
	}
	all := make([]json.RawMessage, len(d.Variants))
	for i, v := range d.Variants {
		all[i] = v.Messages
	}
	return all
}

// Series tells whether a campaign doesn't send itself, but begins others that do.
func (d *Definition) Series() bool { return d.Cron != "" || len(d.Steps) > 0 }

// Step is one of a sequence. It is due so long after the sequence's begin, and no earlier than the step before it is over.
type Step struct {
	After    time.Duration
	At       string // time of day by the zone's clock, such as 09:00, of the day that After leads to; empty: to the second
	Messages json.RawMessage
}

// Overlap is what becomes of an occurrence that is due while an earlier one still sends.
type Overlap string

// Overlaps.
const (
	OverlapSkip  Overlap = ""      // it is left out
	OverlapWait  Overlap = "wait"  // it begins when the earlier one is over; of several that wait the newest
	OverlapAllow Overlap = "allow" // both send
)

// Audience describes a stored upload: parts "up.<upload>.part.<n>" and duplicate lists "up.<upload>.dup.<n>", n from 0.
type Audience struct {
	Rows, Duplicates uint64
	Parts, DupParts  int
	PartsSHA256      []byte // over the stored parts and then the duplicate lists, in order
	ContentSHA256    []byte // over the audience as it was sent, decompressed: the same content again is the same campaign
	Columns          []string
}

// UploadTicket answers BeginUpload.
type UploadTicket struct {
	Go       bool      // store the parts, then Accept
	Accepted *Accepted // the campaign exists already: compare, then answer the same or refuse
}

// Accepted is what identifies the content of an accepted campaign.
type Accepted struct {
	Definition    Definition
	ContentSHA256 []byte
}

// State is a campaign's state as the API shows it.
type State string

// The states of a campaign. One that is being planned is running, but before its time it is scheduled.
const (
	StateAccepted  State = "accepted"
	StateScheduled State = "scheduled"
	StateRunning   State = "running"
	StatePaused    State = "paused"
	StateFinished  State = "finished"
	StateCancelled State = "cancelled"
	StateExpired   State = "expired"
)

// Final tells whether nothing changes any more by itself: only the operator's redrive has a finished campaign go on.
func (s State) Final() bool {
	return s == StateFinished || s == StateCancelled || s == StateExpired
}

// Info is a campaign as shown.
type Info struct {
	ID, Name, Channel string
	State             State
	Reason            string // why it is paused or ended as it did
	Rows, Duplicates  uint64
	Totals            Totals // all recipients, also before planning (as pending)
	Run               string // ULID, empty before the run exists
	AcceptedAt        time.Time
	Due               time.Time
	StartedAt         time.Time // first window
	FinishedAt        time.Time
	Mode              string     // push or multicast: what most recipients go by; empty before the plan
	Sends             plan.Sends // what the plan asks of the provider; zero before it
	Priority          Priority
	Weight            int
	Generation        uint32    // so many times the operator had recipients sent to again
	Forgotten         time.Time // when its recipients were forgotten; zero: they are known
	Series            string    // the campaign that it is an occurrence of; empty: none
	Recurs            *Recurrence
	Experiment        string          `msgpack:",omitempty"`
	Variants          []VariantTotals `msgpack:",omitempty"` // empty: it has none
	Spread            time.Duration   `msgpack:",omitempty"` // how long after Due the last recipients' time comes
	Schedule          *Schedule       `msgpack:",omitempty"` // nil: now
	Topic             string          `msgpack:",omitempty"` // empty: none
	Trace             string          `msgpack:",omitempty"` // of its acceptance, as engine.Trace.Append writes it; empty: none
}

// Redriving answers Redrive.
type Redriving struct {
	Info       Info
	Recipients uint32 // that are sent to again
	Left       uint32 // that are in the state and stay so: their message can't be rendered
}

// Recurrence is what a series has come to.
type Recurrence struct {
	Begun, Over, Skipped uint32                  // occurrences
	Sequence             bool                    // they are steps of one
	Sums                 [Delivered + 1]uint64   // recipients of all that were begun, by outcome
	Next                 time.Time               // when the next is due; zero: none is, or it waits
	Newest               []Occurrence            // the newest first
	Variants             [][Delivered + 1]uint64 `msgpack:",omitempty"` // as Sums, by variant
}

// Occurrence is one campaign of a series.
type Occurrence struct {
	Campaign string
	Due      time.Time
	Step     uint32 // of a sequence, from 0
	State    State
	Totals   Totals
	Variants []Totals `msgpack:",omitempty"` // by variant
}

// RunLayout tells where a run's recipients are.
type RunLayout struct {
	Run     string
	Chunks  string // prefix of the stored chunks' names
	Table   plan.Table
	Columns []string
	Channel string
	Later   []Deferral `msgpack:",omitempty"` // who waits for the end of quiet hours

	Due      time.Time
	Variants []string `msgpack:",omitempty"` // their names; empty: there are none
	Trace    string   `msgpack:",omitempty"` // of the campaign's acceptance, as engine.Trace.Append writes it; empty: none
}

// Deferral is recipients that wait for a moment.
type Deferral struct {
	Until time.Time
	Paths []Span
}

// Returned names paths that the checker recorded as returned from a window.
type Returned struct {
	Window uint32
	Paths  []Span
	Anew   bool // because their bytes differ from the plan's
}

// Done answers a command that has nothing to tell.
type Done struct{}

// Problem is a refusal, with the words for the person who asked. It is the answer of an Ask, as its error.
type Problem struct {
	Status int    // HTTP status
	Title  string // short
	Detail string // what was wrong, where, what to do
}

// Error is the title and the detail.
func (p Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}
