package explain

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/audience/spill"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/recipient"
	"hayauma.example/actors/template"
)

// Input is what is explained.
type Input struct {
	Audience audience.Source
	Limits   audience.Limits
	Template *template.Template
	Now      time.Time                   // the due time, in the zone of the run
	Check    func(messages []byte) error // the provider's limits on a rendered body
	Sample   int                         // rendered messages that are kept
	// Settings are those of the channel's users, and Screen what follows from them for this campaign. nil: nobody has any.
	Settings func(user string) (actors.RecipientSettings, bool)
	Screen   recipient.Screen

	Fill  func(*plan.Input) error                        // adds to what is planned, such as lots; nil: nothing
	Needs []string                                       // variables that every row must have besides those of Template
	Extra []string                                       // … and that it may have
	Rules map[string]func(value []byte) (problem string) // as audience.Options has them
}

func (in *Input) needs() []string {
	needs := in.Template.Variables()
	for _, name := range in.Needs {
		if !slices.Contains(needs, name) {
			needs = append(needs, name)
		}
	}
	return needs
}

func (in *Input) optional() []string {
	needs, optional := in.needs(), in.Template.Optional()
	for _, name := range in.Extra {
		if !slices.Contains(needs, name) && !slices.Contains(optional, name) {
			optional = append(optional, name)
		}
	}
	return slices.DeleteFunc(optional, func(name string) bool { return slices.Contains(needs, name) })
}

// Options of an explanation. Only Dir is required.
type Options struct {
	Dir            *os.Root                 // for temporary files; stays the caller's
	Room           func(bytes uint64) error // refuses what the disk has no room for; nil: it has
	MulticastLeast int                      // as plan.Options has it
}

// Rehearsal is an audience that was read and lies on disk. It is owned by one goroutine.
type Rehearsal struct {
	in    Input
	opts  Options
	dir   *spill.Dir
	parts *parts
	lines *lines
	bad   *badRows
	sum   audience.Summary
}

// Read reads the audience to its end. The caller closes what it returns.
func Read(ctx context.Context, in Input, opts Options) (*Rehearsal, error) {
	if opts.Room == nil {
		opts.Room = func(uint64) error { return nil }
	}
	dir := spill.New(opts.Dir)
	r := &Rehearsal{
		in: in, opts: opts, dir: dir, parts: &parts{file: dir.File(partBuffer), room: opts.Room}, lines: newLines(dir.File(lineBuffer)),
		bad: newBadRows(in),
	}
	sum, err := audience.Ingest(ctx, in.Audience, r.parts, audience.Options{
		Dir: opts.Dir, Needs: in.needs(), Optional: in.optional(), Rules: in.Rules, Limits: in.Limits, Bad: r.bad.add, Stored: r.lines.add,
	})
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.sum = sum
	return r, nil
}

// Close removes the temporary files.
func (r *Rehearsal) Close() error { return r.dir.Close() }

const (
	partBuffer = 64 << 10
	lineBuffer = 8 << 10
)

// parts keeps an audience's parts in one file.
type parts struct {
	file *spill.File
	room func(bytes uint64) error
	ends []int64 // by part
	buf  []byte
}

// Part implements audience.Sink.
func (p *parts) Part(_ int, data []byte) error {
	if err := p.room(2 * uint64(len(data))); err != nil { // the search for duplicates spills as much at most
		return err
	}
	_, err := p.file.Write(data)
	p.ends = append(p.ends, p.file.Size())
	return err
}

// get reads part n; what it returns is valid until the next call.
func (p *parts) get(n int) ([]byte, error) {
	from := int64(0)
	if n > 0 {
		from = p.ends[n-1]
	}
	size := int(p.ends[n] - from)
	if cap(p.buf) < size {
		p.buf = make([]byte, audience.MaxPart)
	}
	p.buf = p.buf[:size]
	_, err := p.file.ReadAt(p.buf, from)
	return p.buf, err
}
