package composer

import (
	"context"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/template"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

const (
	loadBackoff = 500 * time.Millisecond
	mostBackoff = 30 * time.Second
	wantEvery   = time.Second
)

type (
	// loaded brings a chunk from the store.
	loaded struct {
		actors.ComposerMsg
		seq    uint32
		chunk  plan.Chunk
		hashes []plan.Hash // the window's own, empty: the plan's
		err    error
	}
	// frozen says that the window's own hashes are durable.
	frozen struct {
		actors.ComposerMsg
		seq uint32
		err error
	}
	// wanting repeats the question for demand.
	wanting struct {
		actors.ComposerMsg
		seq uint32
	}
	// returned says that the checker has recorded a return.
	returned struct {
		actors.ComposerMsg
		paid *actors.Untold
	}
	// retry loads a piece again, or stores the window's own hashes again.
	retry struct {
		actors.ComposerMsg
		seq uint32
	}
)

// Deps are what a composer needs besides messages.
type Deps struct {
	Objects journal.Objects
	Crash   func(point string) // named crash points; nil: none
}

// Composer renders one window.
type Composer struct {
	deps *Deps

	order     actors.Compose       // the newest one: deadline, due time
	except    actors.Set           // recipients that the window's multicasts leave out
	templates []*template.Template // of order, by variant
	bound     *template.Bound      // a template, with the columns of the chunk in hand; nil until the first was loaded
	lot       plan.Lot             // … of which bound is
	queue     []piece              // what is still to be told
	piece     *rendering           // in hand
	repeat    *engine.Timer        // of the question for demand; a pending timer would keep the composer in memory
	seq       uint32               // of the piece in hand; answers for an older one are ignored
	told      map[uint32]bool      // dispatch numbers seen
	owed      []*actors.Untold     // returns that the checker has not recorded yet
	trace     engine.Trace         // of the campaign's acceptance, where its chunks are traced
	anew      bool                 // the next demand is the first of a re-drive: what the window held before is void
}

// piece is what is rendered at once: one multicast, or stretches of pushes of one chunk.
type piece struct {
	path   actors.Path // the first stretch
	more   []actors.Span
	number uint32
}

// rendering is the piece in hand.
type rendering struct {
	piece
	chunk    plan.Chunk
	hashes   []plan.Hash
	demand   int
	granted  bool
	spent    bool // the commands hold the demand, or it was given back
	failures int
	refrozen bool            // the window's own hashes hold this piece's
	span     engine.OpenSpan // nil: it is not traced
}

// Serve lets sys host composers.
func Serve(sys *engine.System, d Deps) {
	if d.Crash == nil {
		d.Crash = func(string) {}
	}
	followLost(sys)
	engine.Serve(sys, actors.Composers, func(string) engine.Actor[actors.ComposerMsg] {
		return &Composer{deps: &d, told: map[uint32]bool{}}
	})
}

// Handle has one line per message. A composer with nothing to tell leaves memory.
func (k *Composer) Handle(c *engine.Context[actors.ComposerMsg], m actors.ComposerMsg) {
	switch m := m.(type) {
	case actors.Compose:
		k.compose(c, m)
	case loaded:
		k.loaded(c, m)
	case wanting:
		k.want(c, m.seq)
	case actors.Granted:
		k.granted(c, m)
	case frozen:
		k.frozen(c, m)
	case actors.ReturnWindow:
		k.returnWindow(c)
	case actors.EndRun:
		k.end(c)
	case actors.Remaining:
		c.Respond(actors.Untaken{Paths: k.untold(func(piece) bool { return true })})
	case returned:
		k.owed = slices.DeleteFunc(k.owed, func(o *actors.Untold) bool { return o == m.paid })
	case retry:
		k.retry(c, m)
	}
	if k.piece == nil && len(k.queue) == 0 {
		c.Passivate()
	}
}

func (k *Composer) compose(c *engine.Context[actors.ComposerMsg], m actors.Compose) {
	if k.told[m.Number] {
		return
	}
	templates, err := parse(m)
	if err != nil {
		// The template was accepted and planned by a build that could read it; nothing was told, so the window waits for one that can.
		c.Log().Error("template not readable", "campaign", m.Campaign, "window", m.Window, "error", err)
		return
	}
	k.told[m.Number] = true
	if t := c.Trace(); t.Valid() {
		k.trace = t
	}
	if m.Part && k.templates != nil {
		k.insert(c, pieces(m))
		return
	}
	// A re-drive of the window names everything that is unsettled: it takes the place of what is queued and in hand, whose demand may be lost.
	k.order, k.templates, k.bound, k.anew = m, templates, nil, m.Number > 0 && !m.Part
	k.except = actors.SetOf(m.Except...)
	k.queue = pieces(m)
	k.next(c)
}

// insert puts a part before what is queued; the rest of the window stays as it is. A piece that waits for demand lets it pass: it has waited
// for longer.
func (k *Composer) insert(c *engine.Context[actors.ComposerMsg], part []piece) {
	if k.piece != nil && !k.piece.granted {
		part = append(part, k.piece.piece)
		k.piece.over("something else goes first")
		k.piece = nil
	}
	k.queue = append(part, k.queue...)
	if k.piece == nil {
		k.next(c)
	}
}

// pieces are the paths of an order. Of a part, which may name single recipients all over the window, those of one chunk are one piece.
func pieces(m actors.Compose) (out []piece) {
	for _, p := range m.Paths {
		if n := len(out); n > 0 && m.Part && !p.Multicast {
			if last := &out[n-1]; !last.path.Multicast && last.path.Chunk == p.Chunk && last.path.Anew == p.Anew {
				last.more = append(last.more, p.Span)
				continue
			}
		}
		out = append(out, piece{path: p, number: m.Number})
	}
	return out
}

// spans are all stretches of a piece.
func (p piece) spans() []actors.Span { return append([]actors.Span{p.path.Span}, p.more...) }

// next takes the next piece of the queue in hand.
func (k *Composer) next(c *engine.Context[actors.ComposerMsg]) {
	k.letGo(c)
	if len(k.queue) == 0 {
		return
	}
	k.piece = &rendering{piece: k.queue[0]}
	k.queue = k.queue[1:]
	k.begin(c)
	k.seq++
	k.load(c, k.seq)
}

// inHand tells whether an answer is for the piece in hand.
func (k *Composer) inHand(seq uint32) bool { return k.piece != nil && seq == k.seq }

// letGo drops the piece in hand; demand that no command holds goes back to the channel.
func (k *Composer) letGo(c *engine.Context[actors.ComposerMsg]) {
	k.quiet()
	if p := k.piece; p != nil && p.granted && !p.spent {
		free(c, k.order.Channel, actors.FreeDemand{Run: k.order.Run, Window: k.order.Window, Bytes: p.demand})
	}
	k.piece.over(k.unsaid())
	k.piece = nil
}

// quiet ends the repeats of the question for demand.
func (k *Composer) quiet() {
	if k.repeat != nil {
		k.repeat.Stop()
		k.repeat = nil
	}
}

func free(c *engine.Context[actors.ComposerMsg], channel string, m actors.FreeDemand) {
	actors.Channels.Ref(c.System(), channel).Tell(m)
}

// end drops everything: the run is over.
func (k *Composer) end(c *engine.Context[actors.ComposerMsg]) {
	k.queue = nil
	k.letGo(c)
}

// retryLater tries the piece in hand again, later each time.
func (k *Composer) retryLater(c *engine.Context[actors.ComposerMsg]) {
	wait := min(loadBackoff<<min(k.piece.failures, 10), mostBackoff)
	k.piece.failures++
	c.After(wait, retry{seq: k.seq})
}

func (k *Composer) retry(c *engine.Context[actors.ComposerMsg], m retry) {
	switch {
	case !k.inHand(m.seq):
	case k.piece.refrozen:
		k.store(c)
	default:
		k.load(c, m.seq)
	}
}

func (k *Composer) load(c *engine.Context[actors.ComposerMsg], seq uint32) {
	objects, chunks, window, p := k.deps.Objects, k.order.Chunks, k.order.Window, k.piece.path
	c.Go(func(ctx context.Context) actors.ComposerMsg {
		chunk, err := campaign.LoadChunk(ctx, objects, chunks, p.Chunk)
		if err != nil || !p.Anew {
			return loaded{seq: seq, chunk: chunk, err: err}
		}
		hashes, err := loadHashes(ctx, objects, hashesName(chunks, p.Chunk, window))
		return loaded{seq: seq, chunk: chunk, hashes: hashes, err: err}
	})
}

func (k *Composer) loaded(c *engine.Context[actors.ComposerMsg], m loaded) {
	if !k.inHand(m.seq) {
		return
	}
	if m.err != nil {
		k.log(c).Warn("chunk not loaded", "run", k.order.Run, "chunk", k.piece.path.Chunk, "error", m.err)
		k.retryLater(c)
		return
	}
	if err := k.bind(m.chunk); err != nil {
		k.log(c).Error("template not bound", "run", k.order.Run, "chunk", k.piece.path.Chunk, "error", err)
		return
	}
	k.piece.chunk, k.piece.hashes = m.chunk, m.hashes
	k.piece.demand = estimate(m.chunk, k.piece.piece, len(messagesOf(&k.order)[m.chunk.Variant]))
	k.want(c, k.seq)
}

// want asks for demand until it is granted: the channel may have lost the question. A repeat takes the question's place.
func (k *Composer) want(c *engine.Context[actors.ComposerMsg], seq uint32) {
	if !k.inHand(seq) || k.piece.granted {
		return
	}
	if !c.Now().Before(k.order.Deadline) {
		k.tooLate(c)
		return
	}
	actors.Channels.Ref(c.System(), k.order.Channel).Tell(actors.WantDemand{
		Composer: c.ID(), Campaign: k.order.Campaign, Run: k.order.Run, Window: k.order.Window,
		Bytes: k.piece.demand, Piece: k.seq, Anew: k.anew,
	})
	k.repeat = c.After(wantEvery, wanting{seq: seq})
}

// granted renders the piece in hand and tells it, or gives it back where its bytes are not those that were frozen.
func (k *Composer) granted(c *engine.Context[actors.ComposerMsg], m actors.Granted) {
	if !k.inHand(m.Piece) || k.piece.granted { // for a piece that was given back
		free(c, m.Channel, actors.FreeDemand{Run: m.Run, Window: m.Window, Bytes: m.Bytes})
		return
	}
	k.piece.granted = true
	k.quiet()
	k.anew = false // the rest of the re-drive adds to what its first piece began
	posts, altered, hashes := k.render()
	switch {
	case len(altered) == 0:
		k.tell(c, posts)
		k.next(c)
	case k.piece.path.Anew && k.piece.number == 0 && !k.piece.refrozen:
		k.freeze(c, hashes)
	case k.piece.number == 0:
		k.tell(c, posts)
		k.giveBack(c, altered, actors.PathAltered)
		k.next(c)
	default:
		k.tell(c, posts)
		k.giveBack(c, altered, actors.PathUnmatched)
		k.next(c)
	}
}

// freeze makes the window's own hashes durable before the first of its paths leaves.
func (k *Composer) freeze(c *engine.Context[actors.ComposerMsg], hashes []plan.Hash) {
	for i, own := range k.piece.hashes { // of another stretch of the chunk in this window
		if own != (plan.Hash{}) {
			hashes[i] = own
		}
	}
	k.piece.hashes, k.piece.refrozen = hashes, true
	k.store(c)
}

func (k *Composer) store(c *engine.Context[actors.ComposerMsg]) {
	objects, name := k.deps.Objects, hashesName(k.order.Chunks, k.piece.path.Chunk, k.order.Window)
	seq, hashes := k.seq, k.piece.hashes
	c.Go(func(ctx context.Context) actors.ComposerMsg {
		return frozen{seq: seq, err: objects.Put(ctx, name, joinHashes(hashes))}
	})
}

func (k *Composer) frozen(c *engine.Context[actors.ComposerMsg], m frozen) {
	if !k.inHand(m.seq) {
		return
	}
	if m.err != nil {
		k.log(c).Warn("hashes not stored", "run", k.order.Run, "chunk", k.piece.path.Chunk, "error", m.err)
		k.retryLater(c)
		return
	}
	posts, altered, _ := k.render()
	k.tell(c, posts)
	k.giveBack(c, altered, actors.PathUnmatched) // can't be rendered by this build: another window would not help
	k.next(c)
}

// tell dispatches: a Tell to each poster, never repeated.
func (k *Composer) tell(c *engine.Context[actors.ComposerMsg], posts []actors.Post) {
	k.piece.spent = len(posts) > 0
	k.deps.Crash("composer.tell.before")
	for i, m := range posts {
		if i == len(posts)/2 {
			k.deps.Crash("composer.tell.midway")
		}
		actors.Posters.Ref(c.System(), poster(m)).TellTraced(k.piece.traceOf(i), m)
	}
	k.deps.Crash("composer.tell.after")
}
