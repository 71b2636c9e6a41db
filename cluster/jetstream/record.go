package jetstream

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"hayauma.example/engine/journal"
)

// recordHeader holds what a record is: "FIRST+COUNT", "FIRST*" for a snapshot, or tombstone. Data is the message's payload.
const (
	recordHeader = "Hym-Record"
	tombstone    = "gone"
)

var errTombstone = errors.New("jetstream: tombstone")

func encode(s journal.Shard, r journal.Record) *nats.Msg {
	text := strconv.FormatUint(r.First, 10)
	if r.Snapshot {
		text += "*"
	} else {
		text += "+" + strconv.FormatUint(uint64(r.Count), 10)
	}
	return message(grainSubject(s, r.Grain), text, r.Data)
}

func message(subject, record string, data []byte) *nats.Msg {
	return &nats.Msg{Subject: subject, Header: nats.Header{recordHeader: {record}}, Data: data}
}

// stored is a message as the stream has it.
type stored struct {
	header nats.Header
	data   []byte
	seq    uint64
	time   time.Time
}

// decode answers errTombstone for a tombstone.
func decode(g journal.Grain, m stored) (journal.Record, error) {
	r := journal.Record{Grain: g, Data: m.data, Stored: m.time, Position: m.seq}
	text := m.header.Get(recordHeader)
	if text == tombstone {
		return r, errTombstone
	}
	var err error
	if first, ok := strings.CutSuffix(text, "*"); ok {
		r.Snapshot = true
		r.First, err = strconv.ParseUint(first, 10, 64)
		return r, damaged(m, err)
	}
	first, count, _ := strings.Cut(text, "+")
	if r.First, err = strconv.ParseUint(first, 10, 64); err != nil {
		return r, damaged(m, err)
	}
	n, err := strconv.ParseUint(count, 10, 32)
	r.Count = uint32(n)
	return r, damaged(m, err)
}

func damaged(m stored, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("jetstream: message %d of stream %s is no record: %w", m.seq, events, err)
}
