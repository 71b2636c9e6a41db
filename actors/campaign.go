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

	// Show asks for the campaign's state. Answer: Info or Problem.
	Show struct{}
	// Layout asks where the run's chunks are. Answer: RunLayout or Problem.
	Layout struct{}
	// Pause, Resume and Cancel are the operator's. Answer: Info or Problem.
	Pause  struct{}
	Resume struct{}
	Cancel struct{}

	// Drain is the word of the last node that it is about to stop, so that nobody goes on: give back what is untried and open nothing more.
	// It is forgotten with the activation.
	Drain struct{}

	// Progress is the checker's report after each durable record; figures are absolute, so a lost or repeated one does no harm.
	Progress struct {
		Run      string
		Totals   Totals
		Windows  map[uint32]uint32 // window → recipients settled by its reports
		Returned []Returned        // what the checker has recorded as returned since the run's last WindowClosed
	}
	// StandingOf is a channel's question whether a run may send. It is answered by RunStanding to the channel.
	StandingOf struct{ Run string }
	// ChannelState is a channel's report that it stopped or goes on.
	ChannelState struct {
		Channel string
		Paused  string // reason; empty: it sends
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

func (BeginUpload) campaignMsg()  {}
func (KeepUpload) campaignMsg()   {}
func (DropUpload) campaignMsg()   {}
func (Accept) campaignMsg()       {}
func (Show) campaignMsg()         {}
func (Layout) campaignMsg()       {}
func (Pause) campaignMsg()        {}
func (Resume) campaignMsg()       {}
func (Cancel) campaignMsg()       {}
func (Drain) campaignMsg()        {}
func (Progress) campaignMsg()     {}
func (StandingOf) campaignMsg()   {}
func (ChannelState) campaignMsg() {}
func (Dropped) campaignMsg()      {}
func (ShardsLost) campaignMsg()   {}

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
}

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

// Final tells whether the state never changes again.
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
	Mode              string // push or multicast: what most recipients go by; empty before the plan
}

// RunLayout tells where a run's recipients are.
type RunLayout struct {
	Run     string
	Chunks  string // prefix of the stored chunks' names
	Table   plan.Table
	Columns []string
	Channel string
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
