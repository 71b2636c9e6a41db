package actors

import (
	"encoding/json"
	"strconv"
	"time"

	"hayauma.example/actors/provider"
)

// PosterMsg is the closed set of messages that a poster takes.
//
//sumtype:decl
type PosterMsg interface{ posterMsg() }

type (
	// Post asks for one path to be delivered. It is told once per dispatch; its only repeat is the re-drive.
	Post struct {
		Campaign, Run, Channel string
		Generation             uint32 // a command of a newer one has nothing to do with what became of the older
		Window, Number         uint32 // Number > 0: a re-drive, which can't be returned
		Chunk                  uint32
		Path                   Span
		Endpoint               provider.Endpoint
		To                     []string // one for each recipient of the path; empty: who is left out
		Messages               json.RawMessage
		Deadline               time.Time
		Demand                 int    // bytes of the channel's demand that this path holds until it is recorded
		Ledger                 string // the book of single messages that reports go to; empty: the run's checker
	}
	// Start is a token: leave to start one call now. Only the gate of the same node tells it.
	Start struct {
		Run      string
		Path     Span
		Token    uint64
		Expires  time.Time // monotonic; later the token is void
		Report   bool      // the endpoint is limited: tell the gate when the call starts
		Provider provider.Provider
	}
	// GiveBack asks for the untried paths of a run: dropped and reported in the same turn. What is not untried stays.
	GiveBack struct{ Run string }
	// Drop tells that the run is over: whatever is held is forgotten.
	Drop struct{ Run string }
	// Recorded acknowledges a report; Split asks the poster to send the halves.
	Recorded struct {
		Run    string
		Window uint32
		Path   Span
		Split  bool
	}
)

func (Post) posterMsg()     {}
func (Start) posterMsg()    {}
func (GiveBack) posterMsg() {}
func (Drop) posterMsg()     {}
func (Recorded) posterMsg() {}

// PushPoster is the identity of the poster of one user of a channel.
func PushPoster(channel, user string) string { return channel + "/" + user }

// MulticastPoster is the identity of the poster of one multicast path.
func MulticastPoster(channel, run string, path Span) string {
	return channel + "/" + run + "/" + path.String()
}

func utoa(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
