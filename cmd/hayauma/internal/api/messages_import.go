package api

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/vmihailenco/msgpack/v5"

	"hayauma.example/actors"
	"hayauma.example/actors/audience/spill"
	"hayauma.example/actors/recipient"
)

// Bounds of an import of messages.
const (
	maxImported      = 1_000_000 // lines; a channel has room for about 1.5 million that wait
	maxImportBytes   = 2 << 30   // decompressed
	maxImportRatio   = 200       // of decompressed to compressed bytes
	importFree       = 4 << 20   // bytes before the ratio is judged
	messageBatch     = 128 << 10 // bytes of one AcceptMessages, about
	messageRow       = 200       // bytes that a message takes besides its objects
	messageConflicts = 20        // that are named
)

// importMessages checks all lines, then has the messages accepted, book by book. What it answers is the number of messages.
func (s *server) importMessages(w http.ResponseWriter, r *http.Request) (answer any, err error) {
	src, err := sourceOf(r.Header)
	if err != nil {
		return nil, err
	}
	body := patient{r.Body, http.NewResponseController(w), newPatience()}
	if !s.places.take(r.Context(), body) {
		w.Header().Set("Retry-After", "5")
		return nil, huma.Error503ServiceUnavailable(fmt.Sprintf("%d files are being received: try again in a few seconds", maxUploads))
	}
	defer s.places.leave(body)
	dir := spill.New(s.Temp)
	defer func() { err = errors.Join(err, dir.Close()) }()
	in := &messageImport{file: dir.File(spoolBuffer), now: time.Now()}
	in.enc = msgpack.NewEncoder(in.file)
	if err := in.read(toItsEnd{body, body.rc}, src.Gzip); err != nil {
		if broke, ok := errors.AsType[bodyError](err); ok {
			return nil, broken(broke.err)
		}
		return nil, err
	}
	return in.apply(r.Context(), s, r.PathValue("name"))
}

// messageImport is one import on its way.
type messageImport struct {
	now  time.Time
	file *spill.File
	enc  *msgpack.Encoder
	rows int
	bad  huma.ErrorModel
}

// spooledMessage is a checked line.
type spooledMessage struct {
	Line    int
	Message actors.NewMessage
}

func importRefused(format string, args ...any) *huma.ErrorModel {
	return &huma.ErrorModel{Status: http.StatusUnprocessableEntity, Title: "messages refused", Detail: fmt.Sprintf(format, args...)}
}

// read checks every line.
func (in *messageImport) read(body io.Reader, zipped bool) error {
	counted := &counter{from: body}
	from := io.Reader(counted)
	if zipped {
		z, err := gzip.NewReader(counted)
		if err != nil {
			return in.unreadable(err)
		}
		from = z
	}
	size := int64(0)
	lines := bufio.NewReaderSize(from, maxMessageBody)
	for number := 1; ; number++ {
		line, err := lines.ReadSlice('\n')
		size += int64(len(line))
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return importRefused("line %d is longer than %d bytes: nothing was accepted", number, maxMessageBody)
		case err != nil && !errors.Is(err, io.EOF):
			return in.unreadable(err)
		case size > maxImportBytes:
			return importRefused("the file has more than %d bytes: nothing was accepted, split it", int64(maxImportBytes))
		case zipped && size > importFree && size/maxImportRatio > counted.n:
			return importRefused("the file decompresses to more than %d times its size: nothing was accepted, send it without compression", maxImportRatio)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if wrong := in.line(number, line); wrong != nil {
				return wrong
			}
		}
		if err != nil {
			break
		}
	}
	switch {
	case len(in.bad.Errors) > 0:
		return in.refusal("")
	case in.rows == 0:
		return importRefused("the file is empty: it has no messages")
	}
	return nil
}

// line checks one line and keeps it.
func (in *messageImport) line(number int, line []byte) error {
	m, err := readMessage(line, "", in.now)
	if err != nil {
		in.bad.Errors = append(in.bad.Errors, &huma.ErrorDetail{Message: err.Error(), Location: fmt.Sprintf("line %d", number)})
		if len(in.bad.Errors) >= maxBadLines {
			return in.refusal(fmt.Sprintf("; these are the first %d", maxBadLines))
		}
		return nil
	}
	if in.rows++; in.rows > maxImported {
		return importRefused("the file has more than %d messages: nothing was accepted, split it", maxImported)
	}
	if len(in.bad.Errors) > 0 {
		return nil
	}
	return in.enc.Encode(spooledMessage{number, m})
}

func (in *messageImport) refusal(more string) error {
	p := importRefused("the file has bad lines: nothing was accepted%s", more)
	p.Errors = in.bad.Errors
	return p
}

// unreadable tells a broken body from a broken file.
func (in *messageImport) unreadable(err error) error {
	if body, ok := errors.AsType[bodyError](err); ok {
		return body
	}
	return importRefused("the file can't be decompressed: nothing was accepted, compress and send it again")
}

// counter counts what was really sent.
type counter struct {
	from io.Reader
	n    int64
}

// Read counts.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

// messageLot is messages of one book.
type messageLot struct {
	book    int
	bytes   int
	lines   []int
	entries []actors.NewMessage
}

// acceptance is an import whose messages are being accepted. Those of one book stay in their order.
type acceptance struct {
	server  *server
	channel string
	ctx     context.Context
	cancel  context.CancelCauseFunc

	lots  [recipient.BookCount]messageLot // owned by who calls add
	bytes int

	queues  [importWorkers]chan messageLot // a book's lots all go to one worker
	workers sync.WaitGroup

	accepted, repeated atomic.Int64

	mu        sync.Mutex
	conflicts []*huma.ErrorDetail // guarded by mu
	more      int                 // guarded by mu
}

func (in *messageImport) apply(ctx context.Context, s *server, channel string) (any, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a := &acceptance{server: s, channel: channel, ctx: ctx, cancel: cancel}
	for i := range a.queues {
		queue := make(chan messageLot)
		a.queues[i] = queue
		a.workers.Go(func() {
			for lot := range queue {
				a.accept(lot)
			}
		})
	}
	err := in.each(a.add)
	for n := range a.lots {
		if err == nil {
			err = a.flush(n)
		}
	}
	for _, queue := range a.queues {
		close(queue)
	}
	a.workers.Wait()
	if failed := context.Cause(ctx); failed != nil {
		err = failed
	}
	done := SentMessages{Accepted: int(a.accepted.Load()), Repeated: int(a.repeated.Load())}
	switch {
	case err != nil:
		return nil, a.partly(err, done, in.rows)
	case len(a.conflicts) > 0:
		p := importRefused("the keys of %d lines were given before with another content; the other %d messages are accepted: take other keys, or send what was sent then",
			len(a.conflicts)+a.more, done.Accepted+done.Repeated)
		p.Errors = a.conflicts
		return nil, p
	}
	return done, nil
}

// partly tells how far an import came.
func (a *acceptance) partly(err error, done SentMessages, rows int) error {
	refusal := a.server.refusal(err)
	if problem, ok := refusal.(*huma.ErrorModel); ok {
		partly := *problem
		partly.Detail += fmt.Sprintf("; %d of %d messages are accepted: send the file again, to repeat messages does no harm", done.Accepted+done.Repeated, rows)
		return &partly
	}
	return refusal
}

// each tells of the checked lines in their order.
func (in *messageImport) each(tell func(spooledMessage) error) error {
	dec := msgpack.NewDecoder(in.file.Reader(spoolBuffer))
	for {
		var m spooledMessage
		switch err := dec.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("checked messages: %w", err)
		}
		if err := tell(m); err != nil {
			return err
		}
	}
}

func (a *acceptance) add(m spooledMessage) error {
	n := a.server.Recipients.Number(m.Message.To)
	lot := &a.lots[n]
	size := messageRow + len(m.Message.Messages)
	lot.entries, lot.lines = append(lot.entries, m.Message), append(lot.lines, m.Line)
	lot.bytes += size
	a.bytes += size
	switch {
	case len(lot.entries) == actors.MaxMessages || lot.bytes >= messageBatch:
		return a.flush(n)
	case a.bytes >= importBytes:
		most := 0
		for i := range a.lots {
			if a.lots[i].bytes > a.lots[most].bytes {
				most = i
			}
		}
		return a.flush(most)
	}
	return nil
}

func (a *acceptance) flush(n int) error {
	lot := a.lots[n]
	if len(lot.entries) == 0 {
		return nil
	}
	lot.book = n
	a.lots[n] = messageLot{}
	a.bytes -= lot.bytes
	select {
	case a.queues[n%importWorkers] <- lot:
		return nil
	case <-a.ctx.Done():
		return context.Cause(a.ctx)
	}
}

func (a *acceptance) accept(lot messageLot) {
	if a.ctx.Err() != nil {
		return
	}
	answer, err := ask[actors.AcceptedMessages](a.ctx, a.server, a.server.messageBook(a.channel, lot.book),
		actors.MessageMsg(actors.AcceptMessages{Entries: lot.entries}))
	if err != nil {
		a.cancel(err)
		return
	}
	for i, e := range answer.Entries {
		switch {
		case e.Conflict:
			a.conflict(lot.lines[i])
		case e.Repeat:
			a.repeated.Add(1)
		default:
			a.accepted.Add(1)
		}
	}
}

func (a *acceptance) conflict(line int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.conflicts) == messageConflicts {
		a.more++
		return
	}
	a.conflicts = append(a.conflicts, &huma.ErrorDetail{Message: "its key was given before with another content", Location: fmt.Sprintf("line %d", line)})
}
