package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/vmihailenco/msgpack/v5"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/audience/spill"
	"hayauma.example/actors/recipient"
)

// Bounds of an import's memory and of what it asks at once.
const (
	spoolBuffer   = 256 << 10 // bytes of checked rows that need no file
	importBytes   = 4 << 20   // what rows take that wait for others of their book
	importBatch   = 128 << 10 // what those of one Change take
	importRow     = 200       // bytes that a row takes besides its texts
	importTopic   = 16        // likewise a topic
	importWorkers = 16        // books that are changed at once
)

// Imported answers an import.
type Imported struct {
	Rows int `json:"rows" doc:"Rows of the file, all of which are in force."`
}

// importSettings answers POST /v1/channels/{name}/recipients. The whole file is checked before anything is changed.
func (s *server) importSettings(w http.ResponseWriter, r *http.Request) {
	rows, err := s.receiveSettings(w, r)
	if err != nil {
		// net/http reads on for a while before it answers, for the sake of a client that is still sending.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(leaveTime)) // a connection that is gone needs none
		writeProblem(w, s.refusal(err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(Imported{Rows: rows}) // a client that has gone sends it again
}

func (s *server) receiveSettings(w http.ResponseWriter, r *http.Request) (rows int, err error) {
	name := r.PathValue("name")
	if _, err := s.askChannel(r.Context(), name, actors.DescribeChannel{}); err != nil {
		return 0, err
	}
	src, err := sourceOf(r.Header)
	if err != nil {
		return 0, err
	}
	body := patient{r.Body, http.NewResponseController(w), newPatience()}
	if !s.places.take(r.Context(), body) {
		w.Header().Set("Retry-After", "5")
		return 0, huma.Error503ServiceUnavailable(fmt.Sprintf("%d files are being received: try again in a few seconds", maxUploads))
	}
	defer s.places.leave(body)
	src.Reader = toItsEnd{body, body.rc}
	spool := newSpool(s.Temp)
	defer func() { err = errors.Join(err, spool.dir.Close()) }()
	rows, err = recipient.ReadRows(src, audience.Limits{BadLines: maxBadLines, Bytes: maxAudience}, spool.keep)
	if err != nil {
		return rows, settingsRefusal(err)
	}
	return rows, s.applySettings(r.Context(), name, spool, rows)
}

// sourceOf is the form of the body by its headers.
func sourceOf(h http.Header) (src audience.Source, err error) {
	given := h.Get("Content-Type")
	switch kind, _, err := mime.ParseMediaType(given); {
	case err == nil && kind == "text/csv":
		src.Format = audience.CSV
	case err == nil && kind == "application/x-ndjson":
		src.Format = audience.NDJSON
	default:
		return src, huma.Error415UnsupportedMediaType(fmt.Sprintf(
			"the body has the Content-Type %q: it must be text/csv or application/x-ndjson", excerpt(given)))
	}
	switch encoding := h.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		src.Gzip = true
	default:
		return src, huma.Error415UnsupportedMediaType(fmt.Sprintf("the body has the Content-Encoding %q: only gzip is possible", excerpt(encoding)))
	}
	return src, nil
}

// settingsRefusal turns a bad body and a bad file, with its lines, into problems; other errors pass.
func settingsRefusal(err error) error {
	if body, ok := errors.AsType[bodyError](err); ok {
		return broken(body.err)
	}
	bad, ok := errors.AsType[*audience.Errors](err)
	if !ok {
		return err
	}
	problem := &huma.ErrorModel{Status: http.StatusUnprocessableEntity, Title: "recipients refused", Detail: "the file has bad lines: nothing was changed"}
	for _, e := range bad.List {
		entry := &huma.ErrorDetail{Message: e.Problem, Location: "file"}
		if e.Line > 0 {
			entry.Location = fmt.Sprintf("line %d", e.Line)
		}
		if e.Column != "" {
			entry.Message = fmt.Sprintf("column %q %s", e.Column, e.Problem)
		}
		problem.Errors = append(problem.Errors, entry)
	}
	if bad.More {
		problem.Detail += fmt.Sprintf("; these are the first %d", len(bad.List))
	}
	return problem
}

// spool holds checked rows, on disk where they are many.
type spool struct {
	dir  *spill.Dir
	file *spill.File
	enc  *msgpack.Encoder
}

// spooled is a row in the spool.
type spooled struct {
	User        string
	Sets        actors.RecipientFields
	OptOut      bool
	Topics      []string
	Zone, Quiet string
}

func newSpool(root *os.Root) *spool {
	dir := spill.New(root)
	p := &spool{dir: dir, file: dir.File(spoolBuffer)}
	p.enc = msgpack.NewEncoder(p.file)
	p.enc.UseArrayEncodedStructs(true)
	return p
}

func (p *spool) keep(c actors.RecipientChange) error {
	s := c.Settings
	return p.enc.Encode(spooled{c.User, c.Sets, s.OptOut, s.Topics, s.Zone, s.Quiet})
}

// each tells of the rows in their order.
func (p *spool) each(tell func(actors.RecipientChange) error) error {
	dec := msgpack.NewDecoder(p.file.Reader(spoolBuffer))
	for {
		var row spooled
		switch err := dec.Decode(&row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("checked rows: %w", err)
		}
		settings := recipient.Settings{OptOut: row.OptOut, Topics: row.Topics, Zone: row.Zone, Quiet: row.Quiet}
		if err := tell(actors.RecipientChange{User: row.User, Sets: row.Sets, Settings: settings}); err != nil {
			return err
		}
	}
}

// applySettings changes the books. Of rows with the same user the last rules, because the rows of a book stay in their order.
func (s *server) applySettings(ctx context.Context, channel string, p *spool, rows int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a := &application{server: s, channel: channel, ctx: ctx, cancel: cancel}
	a.start()
	err := p.each(a.add)
	if err == nil {
		err = a.flushAll()
	}
	a.end()
	if failed := context.Cause(ctx); failed != nil {
		err = failed
	}
	if err == nil {
		return nil
	}
	refusal := s.refusal(err)
	if problem, ok := refusal.(*huma.ErrorModel); ok {
		partly := *problem
		partly.Detail += fmt.Sprintf("; %d of %d rows are in force: send the file again, to repeat rows does no harm", a.done.Load(), rows)
		return &partly
	}
	return refusal
}

// application is an import whose rows are being applied.
type application struct {
	server  *server
	channel string
	ctx     context.Context
	cancel  context.CancelCauseFunc

	batches [recipient.BookCount]batch // owned by who calls add
	bytes   int                        // that they take

	queues  [importWorkers]chan batch // a book's batches all go to one worker
	workers sync.WaitGroup
	done    atomic.Int64 // rows in force
}

// batch is rows of one book.
type batch struct {
	book    int
	bytes   int
	entries []actors.RecipientChange
}

func (a *application) start() {
	for i := range a.queues {
		queue := make(chan batch)
		a.queues[i] = queue
		a.workers.Go(func() {
			for b := range queue {
				a.change(b)
			}
		})
	}
}

func (a *application) end() {
	for _, queue := range a.queues {
		close(queue)
	}
	a.workers.Wait()
}

func (a *application) change(b batch) {
	if a.ctx.Err() != nil {
		return
	}
	book := actors.Recipients.Ref(a.server.System, a.server.Recipients.Book(a.channel, b.book))
	if _, err := ask[actors.Done](a.ctx, a.server, book, actors.RecipientMsg(actors.Change{Entries: b.entries})); err != nil {
		a.cancel(err)
		return
	}
	a.done.Add(int64(len(b.entries)))
}

func (a *application) add(c actors.RecipientChange) error {
	n := a.server.Recipients.Number(c.User)
	b := &a.batches[n]
	size := importRow + len(c.User) + len(c.Settings.Zone) + len(c.Settings.Quiet)
	for _, topic := range c.Settings.Topics {
		size += importTopic + len(topic)
	}
	b.entries = append(b.entries, c)
	b.bytes += size
	a.bytes += size
	switch {
	case len(b.entries) == actors.MaxChange || b.bytes >= importBatch:
		return a.flush(n)
	case a.bytes >= importBytes:
		return a.flush(a.fullest())
	}
	return nil
}

func (a *application) fullest() int {
	most := 0
	for n := range a.batches {
		if a.batches[n].bytes > a.batches[most].bytes {
			most = n
		}
	}
	return most
}

func (a *application) flushAll() error {
	for n := range a.batches {
		if err := a.flush(n); err != nil {
			return err
		}
	}
	return nil
}

func (a *application) flush(n int) error {
	b := a.batches[n]
	if len(b.entries) == 0 {
		return nil
	}
	b.book = n
	a.batches[n] = batch{}
	a.bytes -= b.bytes
	select {
	case a.queues[n%importWorkers] <- b:
		return nil
	case <-a.ctx.Done():
		return context.Cause(a.ctx)
	}
}
