package message

import (
	"cmp"
	"strconv"
	"strings"
	"sync"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// Names of reminders. A message's is its number behind a letter.
const (
	remindMessage = "m"
	remindTell    = "tell"
	remindTidy    = "tidy"
)

// Times of a book.
const (
	lookEvery   = 15 * time.Second // at what is with posters
	lookUp      = 5 * time.Second  // a question for settings is waited for
	askAgain    = time.Second      // after one that failed
	stopFirst   = time.Second      // between looks whether the channel sends again, doubled up to stopMost
	stopMost    = 5 * time.Second
	doubtWait   = 100 * time.Millisecond // before what is in doubt is told again: what a poster that has left says of it may be on its way
	keepFor     = 24 * time.Hour         // what is over is kept
	keepRound   = time.Hour              // … and forgotten together
	packReports = 500
	packDelay   = 100 * time.Millisecond
)

// What a book tells itself. They are of the closed set by the interface that they embed.
type (
	// reminded is a reminder's word.
	reminded struct {
		actors.MessageMsg
		name string
		due  time.Time
	}
	// flush says that the first buffered report has waited long enough.
	flush struct{ actors.MessageMsg }
	// look is the time to look at what is with posters.
	look struct{ actors.MessageMsg }
	// described is the channel's answer.
	described struct {
		actors.MessageMsg
		info actors.ChannelInfo
		err  error
	}
	// lookChannel is the time to ask the channel whether it sends again.
	lookChannel struct{ actors.MessageMsg }
	// patience is the end of a cancel's.
	patience struct {
		actors.MessageMsg
		number uint32
	}
)

// Deps are what a book needs besides messages.
type Deps struct {
	Crash   func(point string) // named crash points; nil: none
	Counted *Counted           // what became of messages; nil: nobody asks
	Budget  int                // bytes of one channel's messages that this node's books hold; 0: actors.DefaultDemand

	budgets *budgets
}

// listen is for the kind, which all systems of a process share.
var listen = sync.OnceFunc(func() {
	engine.OnReminder(actors.Messages, func(name string, due time.Time, _ []byte) actors.MessageMsg {
		return reminded{name: name, due: due}
	})
})

// Serve lets sys host books of messages.
func Serve(sys *engine.System, d Deps) {
	listen()
	if d.Crash == nil {
		d.Crash = func(string) {}
	}
	if d.Counted == nil {
		d.Counted = &Counted{}
	}
	d.budgets = newBudgets(cmp.Or(d.Budget, actors.DefaultDemand))
	engine.ServeDurable(sys, actors.Messages, func(id string) engine.Durable[actors.MessageMsg, Event] { return newBook(d, id) })
}

// live is what this activation knows of a message without an outcome; all of it may be lost.
type live struct {
	came    bool     // its reminder has
	payload *payload // while a poster has it, or is about to
	bytes   int      // held for the payload
	out     bool     // a poster was told of it
	asking  bool     // it is being loaded
	doubt   bool     // another activation may have told a poster of it, or this one has done so again
	drives  uint32   // Number of the last command
	told    time.Time
	cancels []engine.Reply // who waits for it to be given back
}

// Book is the grain of one book of messages.
type Book struct {
	state state // changed by Apply and Restore only

	// Of this activation, owned by Handle.
	deps    Deps
	id      string
	channel string
	chunk   uint32 // the book's number, which its paths' keys are told apart by
	began   time.Time
	live    map[uint32]*live
	share   *share
	touched map[string]bool // users for whom something may be told
	pumping bool            // a pump is under way in time
	loading bool
	buffer  []actors.Report
	waiting bool // a flush is under way in time
	looking bool // a look is
	stopped bool // nothing goes: the channel grants nothing, as far as is known, or the node is about to stop
	drains  bool // the latter
	stop    time.Duration
	asked   bool // the channel is being asked
	debt    debt
}

func newBook(d Deps, id string) *Book {
	channel, token, _ := strings.Cut(id, "/")
	chunk, _ := strconv.ParseUint(token, 10, 32) // tokens are numbers, see package recipient
	return &Book{deps: d, id: id, channel: channel, chunk: uint32(chunk), state: newState(), live: map[uint32]*live{}, touched: map[string]bool{}}
}

type call = engine.Context[actors.MessageMsg]

// Apply folds one fact into the book.
func (b *Book) Apply(e Event) { b.state.apply(e) }

// Snapshot implements [engine.Snapshotter].
func (b *Book) Snapshot() any { return b.state.snapshot() }

// Restore implements [engine.Snapshotter].
func (b *Book) Restore(snapshot any) {
	if err := b.state.restore(snapshot.(Ledger)); err != nil {
		panic(err) // the book must not go on without it
	}
}

// Started finds out what an earlier activation may have told posters. Clocks of nodes differ by MaxSkew at most.
func (b *Book) Started(c *call) {
	b.began = c.Now()
	b.share = b.deps.budgets.share(b.channel)
	if b.state.awake {
		latest := millis(b.began.Add(actors.MaxSkew))
		for n, m := range b.state.open {
			if m.from <= latest {
				b.live[n] = &live{doubt: true}
			}
		}
	}
	if !b.state.figures.owing.IsZero() {
		b.tellAll(c)
	}
}

// Stopping hands what is not judged yet to the next activation, which another node may have; it is repeated, too.
func (b *Book) Stopping(c *call) {
	for _, r := range b.buffer {
		c.Self().Tell(r)
	}
	b.buffer = nil
}

// Stopped gives back what was held, however the activation has ended.
func (b *Book) Stopped() { b.share.end() }

// Handle has one line per message; what a line does stands below, in message order.
func (b *Book) Handle(c *call, m actors.MessageMsg) {
	switch m := m.(type) {
	case actors.AcceptMessages:
		b.accept(c, m.Entries)
	case reminded:
		b.reminded(c, m)
	case pump:
		b.pump(c)
	case loaded:
		b.loaded(c, m)
	case actors.Report:
		b.report(c, m)
	case flush:
		b.waiting = false
		b.flush(c)
	case actors.ShowMessage:
		b.show(c, m.Number)
	case actors.CancelMessage:
		b.cancel(c, m.Number)
	case patience:
		b.impatient(m.number)
	case actors.ListMessages:
		c.Respond(b.list(m, c.Now()))
		b.rest(c)
	case look:
		b.look(c)
	case lookChannel:
		b.askChannel(c)
	case described:
		b.described(c, m)
	case actors.DrainMessages:
		b.drain(c)
	case actors.TellMessages:
		b.tellAgain(c)
	case tell:
		b.tell(c, m.listener)
	case answered:
		b.answered(c, m)
	}
}

// rest lets a book leave that has nothing: any may be asked.
func (b *Book) rest(c *call) {
	if b.state.next == 0 {
		c.Passivate()
	}
}

// of is what this activation knows of a message.
func (b *Book) of(number uint32) *live {
	l := b.live[number]
	if l == nil {
		l = &live{}
		b.live[number] = l
	}
	return l
}

// forget drops what this activation knows of a message.
func (b *Book) forget(number uint32) {
	if l := b.live[number]; l != nil {
		b.unload(l)
		delete(b.live, number)
	}
}

func reminderOf(number uint32) string { return remindMessage + strconv.FormatUint(uint64(number), 10) }

// reminded has a message go when it is its turn.
func (b *Book) reminded(c *call, r reminded) {
	switch r.name {
	case remindTell:
		b.remindedToTell(c, r.due)
		return
	case remindTidy:
		b.tidy(c, r)
		return
	}
	number, _ := strconv.ParseUint(strings.TrimPrefix(r.name, remindMessage), 10, 32)
	m := b.state.open[uint32(number)]
	if m == nil { // it fired once more as the message ended
		c.Forget(r.name, r.due)
		engine.Persist(c, []Event{}, nil)
		return
	}
	l := b.of(m.number)
	if l.out || l.came || !r.due.Equal(moment(m.at)) {
		return
	}
	l.came = true
	wait := time.Duration(0)
	if l.doubt {
		wait = max(0, doubtWait-c.Now().Sub(b.began))
	}
	b.touch(c, m.user, wait)
}
