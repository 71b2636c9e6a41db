package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/engine/journal"
)

const (
	pageRecords = 500
	pageBytes   = 4 << 20
)

// pages says what is read page by page.
type pages struct {
	grain   journal.Grain
	subject string
	most    int // records in a page
}

// Page implements [journal.Store].
func (s *Store) Page(ctx context.Context, c journal.Claim, g journal.Grain, from uint64, most int) ([]journal.Record, error) {
	if err := journal.CheckGrain(g); err != nil {
		return nil, err
	}
	w := pages{g, grainSubject(c.Shard, g), min(most, pageRecords)}
	for {
		p, more, err := s.page(ctx, w, max(from, 1))
		if err != nil {
			return nil, fmt.Errorf("jetstream: page of %s %q: %w", g.Kind, g.ID, err)
		}
		if len(p.records) > 0 || !more {
			return p.records, nil
		}
		from = p.last + 1 // it was a tombstone
	}
}

// page reads records from a position on. more is false where it reached the end.
func (s *Store) page(ctx context.Context, w pages, from uint64) (p page, more bool, err error) {
	if s.cfg.direct() {
		more, err = s.pageDirect(ctx, w, from, &p)
	} else {
		more, err = s.pageByLeader(ctx, w, from, &p)
	}
	if p.last == 0 {
		p.last = from - 1
	}
	return p, more, err
}

// pageByLeader asks the leader for one message after the other.
func (s *Store) pageByLeader(ctx context.Context, w pages, from uint64, p *page) (more bool, err error) {
	for bytes := 0; len(p.records) < w.most && bytes < pageBytes; {
		m, err := s.ev.GetMsg(ctx, from, jetstream.WithGetMsgSubject(w.subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if err := p.add(w.grain, stored{header: m.Header, data: m.Data, seq: m.Sequence, time: m.Time}); err != nil {
			return false, err
		}
		from, bytes = m.Sequence+1, bytes+len(m.Data)
	}
	return true, nil
}

// pageDirect gets the page with one request. The answer is complete only with its end-of-batch message.
func (s *Store) pageDirect(ctx context.Context, w pages, from uint64, p *page) (more bool, err error) {
	inbox := s.conn.NewInbox()
	sub, err := s.conn.SubscribeSync(inbox)
	if err != nil {
		return false, err
	}
	defer func() { _ = sub.Unsubscribe() }() // a closed connection has none left
	req := fmt.Appendf(nil, `{"seq":%d,"next_by_subj":%q,"batch":%d,"max_bytes":%d}`, from, w.subject, w.most, pageBytes)
	if err := s.conn.PublishRequest("$JS.API.DIRECT.GET."+events, inbox, req); err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	for {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return false, err
		}
		if len(m.Data) == 0 && m.Header.Get("Status") != "" {
			return endOfPage(m)
		}
		st, err := direct(m)
		if err != nil {
			return false, err
		}
		if err := p.add(w.grain, st); err != nil {
			return false, err
		}
	}
}

const readFor = 10 * time.Second

func endOfPage(m *nats.Msg) (more bool, err error) {
	switch status := m.Header.Get("Status"); status {
	case "404":
		return false, nil
	case "204":
		pending := m.Header.Get("Nats-Num-Pending")
		return pending != "0" && pending != "", nil
	default:
		return false, fmt.Errorf("direct get: status %s %s", status, m.Header.Get("Description"))
	}
}

func direct(m *nats.Msg) (stored, error) {
	seq, err := strconv.ParseUint(m.Header.Get(jetstream.SequenceHeader), 10, 64)
	if err != nil {
		return stored{}, fmt.Errorf("direct get: sequence: %w", err)
	}
	at, err := time.Parse(time.RFC3339Nano, m.Header.Get(jetstream.TimeStampHeaer))
	if err != nil {
		return stored{}, fmt.Errorf("direct get: time stamp: %w", err)
	}
	return stored{header: m.Header, data: m.Data, seq: seq, time: at}, nil
}
