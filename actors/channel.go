package actors

import (
	"time"

	"hayauma.example/actors/provider"
)

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
	// NodeGone says that a node has left or was lost, and with its gate the word on what demand is free again. Every node tells its channels.
	NodeGone struct{}
	// WantTokens is a gate's question, at most one in flight, with what became of the tokens that it had. Answer: Tokens.
	WantTokens struct {
		Gate    string // incarnation and channel
		Seq     uint64
		Waiting []RunWaiting
		Spent   []Spent
		Freed   []Freed
		Trouble []Trouble
		Fine    [2]int // calls accepted since the last question, by endpoint
	}
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

// ChannelInfo is a channel as shown.
type ChannelInfo struct {
	Settings Settings
	Paused   string // reason; empty: it sends
	Warning  string // e.g. the token's variable is not set
	Since    time.Time
	Runs     int  // runs that may send
	Waiting  bool // of the run that asked, something waited for demand or tokens a moment ago
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
	Setup  Settings
}

// Grant is leave to start N calls of one run and endpoint, or any number where the endpoint has no limit.
type Grant struct {
	ID       uint64
	Run      string
	Endpoint provider.Endpoint
	N        int
	Open     bool // no limit: any number until the token's life is over, and nothing is reported
}
