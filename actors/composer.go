package actors

import (
	"encoding/json"
	"time"
)

// ComposerMsg is the closed set of messages that a composer takes.
//
//sumtype:decl
type ComposerMsg interface{ composerMsg() }

type (
	// Compose asks for the paths of one window to be rendered and told to posters: number 0 at first, then one more for each re-drive.
	Compose struct {
		Campaign, Run, Channel string
		Chunks                 string // prefix of the stored chunks' names
		Generation             uint32
		Window, Number         uint32
		Paths                  []Path
		Deadline               time.Time // no call of the window starts after it
		Messages               json.RawMessage
		Due                    time.Time // the templates' now
		Zone                   string    // … by its clock; empty: UTC
		Part                   bool      // of a re-drive: the paths are only some of the window's, the others stay as they are
		Except                 []Span    `msgpack:",omitempty"` // recipients that the window's multicasts leave out: always the same ones

		Variants []json.RawMessage `msgpack:",omitempty"` // messages by the variant of a chunk's lot, instead of Messages

		Traced uint32 `msgpack:",omitempty"` // chunks of the run, of which some are traced; 0: none is
	}
	// Granted is leave to render; demand was asked for by WantDemand.
	Granted struct {
		Channel, Run string
		Window       uint32
		Bytes        int
		Piece        uint32 // as in the question
	}
	// ReturnWindow asks the composer to give back what it has not told yet.
	ReturnWindow struct{}
	// EndRun says that the run is over: everything is dropped.
	EndRun struct{}
	// Remaining asks for the paths that the composer has not told anybody yet. Answer: Untaken.
	Remaining struct{}
)

func (Compose) composerMsg()      {}
func (Granted) composerMsg()      {}
func (ReturnWindow) composerMsg() {}
func (EndRun) composerMsg()       {}
func (Remaining) composerMsg()    {}

// Untaken answers Remaining.
type Untaken struct{ Paths []Span }

// Path is a path to send, with where its rows are.
type Path struct {
	Span      Span // pushes: any stretch of one chunk, each recipient a path of its own; multicast: one path
	Chunk     uint32
	Multicast bool
	Anew      bool // its bytes differed from the plan's once: the window's own hashes rule
}

// ComposerID is the identity of a window's composer.
func ComposerID(run string, window uint32) string { return run + "/" + utoa(window) }
