package actors

import (
	"time"

	"hayauma.example/actors/plan"
	"hayauma.example/actors/provider"
)

// DefaultDemand is how many bytes of one channel are rendered and not yet settled: some 3,700 pushes. More would wait in memory that no longer
// fits the processor's caches, at a tenth more of its time for each push; a full gate of 2,048 calls needs half of it.
const DefaultDemand = 4 << 20

// ChannelMsg is the closed set of messages that a channel takes.
//
//sumtype:decl
type ChannelMsg interface{ channelMsg() }

type (
	// Configure adds or changes the channel. Answer: ChannelInfo or Problem.
	Configure struct{ Settings Settings }
	// RemoveChannel forgets it; refused while a run uses it. Answer: Done or Problem.
	RemoveChannel struct{}
	// DescribeChannel asks for it. A campaign also says what its run may do, and which of its windows up to Last are still to be sent, so
	// that no lost word lasts. Answer: ChannelInfo or Problem.
	DescribeChannel struct {
		Standing RunStanding
		Last     uint32
		Open     []uint32
	}
	// ResumeChannel ends a pause by the operator's word. Answer: ChannelInfo or Problem.
	ResumeChannel struct{}

	// RunStanding is a campaign's word on one of its runs: before the first window, at every change, and when asked.
	RunStanding struct {
		Campaign, Run string
		Standing      Standing
		Generation    uint32 // a run that is over goes on with a later one
		Priority      Priority
		Weight        int    // see WeightOf
		Unsettled     uint32 // recipients that may still need a message of the month's quota
		Begun         bool   // a window was opened: it is not held for the quota's sake any more
		Waived        bool   // it sends as far as the quota goes
		Look          bool   // an operator resumes it: the quota is read now
	}
	// WindowDone voids the demand that is still counted for a window.
	WindowDone struct {
		Run    string
		Window uint32
	}
	// FreeDemand gives back what a composer was granted and could not use.
	FreeDemand struct {
		Run    string
		Window uint32
		Bytes  int
	}
	// WantDemand asks for leave to render; Granted follows when there is room.
	WantDemand struct {
		Composer, Campaign, Run string
		Window                  uint32
		Bytes                   int
		Piece                   uint32 // comes back with Granted
		Anew                    bool   // a re-drive: what the window held before is void
	}
	// NodeGone says that nodes have left or were lost, and with their gates the word on what demand is free again. Every node tells its channels.
	NodeGone struct{ Incarnations []string }
	// WantTokens is a gate's question, at most one in flight, with what became of the tokens that it had. Answer: Tokens.
	WantTokens struct {
		Gate    string // incarnation and channel
		Seq     uint64
		Waiting []RunWaiting
		Spent   []Spent
		Freed   []Freed
		Trouble []Trouble
		Fine    [2]int  // calls accepted since the last question, by endpoint
		Failed  [2]int  // … that a time-out, a reset, a refused connection or a 5xx ended
		Other   [2]int  // … and that were answered otherwise
		Tried   []Tried // what came of trials
		Room    int     // how many calls could start if they had tokens, whatever waits; 0: as many as wait
	}

	// NoteBooks is the word of books of users' settings that they are about to be written for the first time: only then they are. Whole says that
	// all that were written before are among those noted. Answer: Done.
	NoteBooks struct {
		Books Books
		Whole bool
	}
	// WhichBooks asks which books of users' settings the channel has. Answer: NotedBooks.
	WhichBooks struct{}
)

func (Configure) channelMsg()       {}
func (RemoveChannel) channelMsg()   {}
func (DescribeChannel) channelMsg() {}
func (ResumeChannel) channelMsg()   {}
func (RunStanding) channelMsg()     {}
func (WindowDone) channelMsg()      {}
func (FreeDemand) channelMsg()      {}
func (WantDemand) channelMsg()      {}
func (NodeGone) channelMsg()        {}
func (WantTokens) channelMsg()      {}
func (NoteBooks) channelMsg()       {}
func (WhichBooks) channelMsg()      {}

// Standing is what a run may do.
type Standing uint8

// Standings.
const (
	RunUnknown Standing = iota // nobody has told yet: no token
	RunActive
	RunHeld // paused: no token, give back what is untried
	RunOver // finished or cancelled: drop everything
)

// Settings are a channel's configuration.
type Settings struct {
	Name     string
	Provider string // "line"
	Endpoint string // base URL without /v2/bot
	TokenEnv string // name of the variable that holds the channel access token, read at each use
	Limits   Limits
}

// Limits are calls a second by endpoint; 0 is no limit.
type Limits struct{ Push, Multicast int }

// LINELimits are what LINE publishes per channel and endpoint.
var LINELimits = Limits{Push: 2000, Multicast: 200}

// Of is the limit of one endpoint.
func (l Limits) Of(e provider.Endpoint) int {
	if e == provider.Multicast {
		return l.Multicast
	}
	return l.Push
}

// AtLeast is how long the calls of a plan take that has the channel for itself: pushes and multicasts have limits of their own and go
// beside each other. In whole milliseconds, rounded up.
func (l Limits) AtLeast(s plan.Sends) time.Duration {
	lasts := func(calls uint32, limit int) time.Duration {
		if limit == 0 {
			return 0
		}
		return time.Duration((int64(calls)*1000+int64(limit)-1)/int64(limit)) * time.Millisecond
	}
	return max(lasts(s.Pushes, l.Push), lasts(s.Multicasts, l.Multicast))
}

// ChannelInfo is a channel as shown.
type ChannelInfo struct {
	Settings Settings
	Paused   string // reason; empty: it sends
	Warning  string // e.g. the token's variable is not set
	Since    time.Time
	Runs     int    // runs that may send
	Waiting  bool   // of the run that asked, something waited for demand or tokens a moment ago
	Held     string // why the run that asked may not send although the channel does
	Quota    QuotaInfo
	Breaker  BreakerInfo
}

// QuotaInfo is what a channel knows of its month at the provider.
type QuotaInfo struct {
	Limited  bool
	Limit    int64
	Used     int64     // when it was read
	Reserved int64     // by runs that are not over, and by what was sent since
	Read     time.Time // zero: never
	Trouble  string    // why it could not be read last
}

// BreakerInfo is where a channel's circuit breaker stands.
type BreakerInfo struct {
	State string    // closed, open or trial
	Since time.Time // zero: since the channel's activation
}

// RunWaiting is how many calls of a run wait at a gate.
type RunWaiting struct {
	Campaign, Run   string
	Push, Multicast int
}

// Spent tells what became of one grant of tokens: how long before this question each call started, and how many were not used.
type Spent struct {
	Grant   uint64
	Started []time.Duration
	Unused  int
}

// Tried tells what came of the call of a trial.
type Tried struct {
	Grant  uint64
	Failed bool
}

// Freed gives back demand of a window, in bytes.
type Freed struct {
	Run    string
	Window uint32
	Bytes  int
}

// Trouble counts answers that concern the whole channel.
type Trouble struct {
	Endpoint provider.Endpoint
	Verdict  provider.Verdict // Throttled, OverQuota, Unauthorized
	Reason   string
	Count    int
}

// Tokens answers WantTokens.
type Tokens struct {
	Seq    uint64
	Grants []Grant
	Held   []string      // runs that may not send now: ask their untried paths back
	Over   []string      // runs that are over: drop
	Again  time.Duration // ask again after this where something still waits
	Paused string        // the channel's own pause
	Broken bool          // the circuit breaker is open: what is in flight by now is no news of the provider
	Setup  Settings
}

// Grant is leave to start N calls of one run and endpoint, or any number where the endpoint has no limit.
type Grant struct {
	ID       uint64
	Run      string
	Endpoint provider.Endpoint
	N        int
	Open     bool // no limit: any number until the token's life is over, and nothing is reported
	Trial    bool // the breaker's: what comes of the call is told as Tried
	Priority Priority
	Weight   int
}
