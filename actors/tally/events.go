package tally

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/codec"
)

// Event is the closed set of facts in a tally's journal.
//
//sumtype:decl
type Event interface{ tallyEvent() }

type (
	// Counted replaces what is known of a run.
	Counted struct {
		Run     string
		Version uint64
		Figures []actors.Figures
		Base    []actors.Figures // what had been counted of the run before it was forgotten; only of one that is new here
		At      time.Time
	}
	// Released says that the run's checker never repeats what is known of it.
	Released struct {
		Run string
		At  time.Time
	}
	// Forgotten runs are in the months and nowhere else.
	Forgotten struct{ Runs []string }
)

func (Counted) tallyEvent()   {}
func (Released) tallyEvent()  {}
func (Forgotten) tallyEvent() {}

// Register names the events and the snapshot, which are on disk, and the messages; the names never change.
func Register(r *codec.Registry) {
	codec.Register[Counted](r, "tally.counted")
	codec.Register[Released](r, "tally.released")
	codec.Register[Forgotten](r, "tally.forgotten")
	codec.Register[Book](r, "tally.book")
	codec.Register[actors.Count](r, "tally.count")
	codec.Register[actors.MonthOf](r, "tally.month_of")
	codec.Register[actors.Counted](r, "tally.count_answer")
	codec.Register[actors.Figures](r, "tally.figures")
	codec.Register[actors.TellAgain](r, "tally.tell_again")
}
