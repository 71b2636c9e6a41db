package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/recipient"
)

// Bytes that a row takes besides its texts, and likewise a topic.
const (
	importRow   = 200
	importTopic = 16
)

// Imported answers an import.
type Imported struct {
	Rows int `json:"rows" doc:"Rows of the file, all of which are in force."`
}

// importSettings answers POST /v1/channels/{name}/recipients. The whole file is checked before anything is changed.
func (s *server) importSettings(w http.ResponseWriter, r *http.Request) {
	rows, err := s.receiveSettings(w, r)
	if err != nil {
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
	spool := newSpool[spooled](s.Temp)
	defer func() { err = errors.Join(err, spool.dir.Close()) }()
	rows, err = recipient.ReadRows(src, audience.Limits{BadLines: maxBadLines, Bytes: maxAudience},
		func(c actors.RecipientChange) error { return spool.keep(spooledOf(c)) })
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

// spooled is a row in the spool.
type spooled struct {
	User        string
	Sets        actors.RecipientFields
	OptOut      bool
	Topics      []string
	Zone, Quiet string
}

func spooledOf(c actors.RecipientChange) spooled {
	s := c.Settings
	return spooled{c.User, c.Sets, s.OptOut, s.Topics, s.Zone, s.Quiet}
}

func changes(rows []spooled) (entries []actors.RecipientChange) {
	for _, r := range rows {
		settings := recipient.Settings{OptOut: r.OptOut, Topics: r.Topics, Zone: r.Zone, Quiet: r.Quiet}
		entries = append(entries, actors.RecipientChange{User: r.User, Sets: r.Sets, Settings: settings})
	}
	return entries
}

func (r spooled) size() int {
	size := importRow + len(r.User) + len(r.Zone) + len(r.Quiet)
	for _, topic := range r.Topics {
		size += importTopic + len(topic)
	}
	return size
}

// applySettings changes the books. Of rows with the same user the last rules, because the rows of a book stay in their order.
func (s *server) applySettings(ctx context.Context, channel string, p *spool[spooled], rows int) error {
	var done atomic.Int64 // rows in force
	err := (&spread[spooled]{
		most: actors.MaxChange, size: spooled.size, book: func(r spooled) int { return s.Recipients.Number(r.User) },
		take: func(ctx context.Context, n int, rows []spooled) error {
			book := actors.Recipients.Ref(s.System, s.Recipients.Book(channel, n))
			_, err := ask[actors.Done](ctx, s, book, actors.RecipientMsg(actors.Change{Entries: changes(rows)}))
			if err == nil {
				done.Add(int64(len(rows)))
			}
			return err
		},
	}).run(ctx, p.each)
	if err == nil {
		return nil
	}
	return s.partly(err, fmt.Sprintf("%d of %d rows are in force: send the file again, to repeat rows does no harm", done.Load(), rows))
}

// partly is a refusal that also tells how far an import came.
func (s *server) partly(err error, far string) error {
	refusal := s.refusal(err)
	if problem, ok := refusal.(*huma.ErrorModel); ok {
		partly := *problem
		partly.Detail += "; " + far
		return &partly
	}
	return refusal
}
