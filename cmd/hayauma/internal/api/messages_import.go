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

	"hayauma.example/actors"
)

// Bounds of an import of messages.
const (
	maxImported      = 1_000_000 // lines; a channel has room for about 1.5 million that wait
	maxImportBytes   = 2 << 30   // decompressed
	maxImportRatio   = 200       // of decompressed to compressed bytes
	importFree       = 4 << 20   // bytes before the ratio is judged
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
	in := &messageImport{spool: newSpool[spooledMessage](s.Temp), now: time.Now()}
	defer func() { err = errors.Join(err, in.spool.dir.Close()) }()
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
	now   time.Time
	spool *spool[spooledMessage]
	rows  int
	bad   huma.ErrorModel
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
	return in.spool.keep(spooledMessage{number, m})
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

// acceptance is what becomes of an import's messages.
type acceptance struct {
	server  *server
	channel string

	accepted, repeated atomic.Int64

	mu        sync.Mutex
	conflicts []*huma.ErrorDetail // guarded by mu
	more      int                 // guarded by mu
}

func (in *messageImport) apply(ctx context.Context, s *server, channel string) (any, error) {
	a := &acceptance{server: s, channel: channel}
	err := (&spread[spooledMessage]{
		most: actors.MaxMessages, take: a.take,
		size: func(m spooledMessage) int { return messageRow + len(m.Message.Messages) },
		book: func(m spooledMessage) int { return s.Recipients.Number(m.Message.To) },
	}).run(ctx, in.spool.each)
	done := SentMessages{Accepted: int(a.accepted.Load()), Repeated: int(a.repeated.Load())}
	sum := done.Accepted + done.Repeated
	switch {
	case err != nil:
		return nil, s.partly(err, fmt.Sprintf("%d of %d messages are accepted: send the file again, to repeat messages does no harm", sum, in.rows))
	case len(a.conflicts) > 0:
		p := importRefused("the keys of %d lines were given before with another content; the other %d messages are accepted: take other keys, or send what was sent then",
			len(a.conflicts)+a.more, sum)
		p.Errors = a.conflicts
		return nil, p
	}
	return done, nil
}

func (a *acceptance) take(ctx context.Context, book int, rows []spooledMessage) error {
	var m actors.AcceptMessages
	for _, r := range rows {
		m.Entries = append(m.Entries, r.Message)
	}
	answer, err := ask[actors.AcceptedMessages](ctx, a.server, a.server.messageBook(a.channel, book), actors.MessageMsg(m))
	if err != nil {
		return err
	}
	for i, e := range answer.Entries {
		switch {
		case e.Conflict:
			a.conflict(rows[i].Line)
		case e.Repeat:
			a.repeated.Add(1)
		default:
			a.accepted.Add(1)
		}
	}
	return nil
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
