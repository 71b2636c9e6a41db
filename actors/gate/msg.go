package gate

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

// Msg is the closed set of messages that a gate takes, all from its own node.
//
//sumtype:decl
type Msg interface{ gateMsg() }

type (
	// Wait parks one call until there is a token for it, then actors.Start is told to the poster. A later one of the same run, path and
	// poster takes its place.
	Wait struct {
		Campaign, Run string
		Poster        string // identity
		Path          actors.Span
		Endpoint      provider.Endpoint
		Untried       bool      // it could still be given back
		Order         int64     // of calls of one run the smaller goes first, then the smaller path
		NotBefore     time.Time // zero: now
		Deadline      time.Time // no start later; zero: none
	}
	// Started reports that the call of a token started; only where Start.Report says so.
	Started struct {
		Token uint64
		At    time.Time // zero: now
	}
	// Unused gives a token back: the poster didn't start a call and will not.
	Unused struct{ Token uint64 }
	// Ended reports what came of a token's call. Every started call ends.
	Ended struct {
		Token    uint64
		Endpoint provider.Endpoint
		Verdict  provider.Verdict
		Reason   string
	}
	// Left says that a poster has left memory with a path that it held: its Wait is taken back, and so is a token that it has not seen. With
	// Calling it had begun a call with that token, of which nothing will be heard.
	Left struct {
		Run     string
		Path    actors.Span
		Poster  string
		Calling uint64
	}
	// Freed gives back demand of a window.
	Freed struct {
		Run    string
		Window uint32
		Bytes  int
	}
	// Withdraw takes a Wait back.
	Withdraw struct {
		Run    string
		Path   actors.Span
		Poster string
	}

	// wake says that something is due.
	wake struct{}
	// answered is what came of a question.
	answered struct {
		tokens actors.Tokens
		err    error
	}
)

func (Wait) gateMsg()     {}
func (Started) gateMsg()  {}
func (Unused) gateMsg()   {}
func (Ended) gateMsg()    {}
func (Left) gateMsg()     {}
func (Freed) gateMsg()    {}
func (Withdraw) gateMsg() {}
func (wake) gateMsg()     {}
func (answered) gateMsg() {}
