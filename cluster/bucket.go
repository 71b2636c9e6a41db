package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// timetableKind is the kind of the grains that hold a shard's reminders.
const timetableKind = "timetable"

const hourLayout = "2006010215"

// bucketID names a bucket's grain: the shard's number, and the hour in UTC.
func bucketID(shard int, hour int64) string {
	return strconv.Itoa(shard) + "-" + time.Unix(hour*3600, 0).UTC().Format(hourLayout)
}

var errBucketID = errors.New("cluster: not the id of a timetable's bucket")

func parseBucketID(id string) (shard int, hour int64, err error) {
	number, text, ok := strings.Cut(id, "-")
	at, timeErr := time.Parse(hourLayout, text)
	shard, numberErr := strconv.Atoi(number)
	if !ok || timeErr != nil || numberErr != nil || shard < 0 || shard >= Shards {
		return 0, 0, errBucketID
	}
	return shard, at.Unix() / 3600, nil
}

// nanos is a due time as it is kept: what is before 1970 is as overdue as can be, what is after 2262 never comes.
func nanos(t time.Time) int64 {
	switch {
	case t.Unix() < 0:
		return 0
	case t.Unix() > math.MaxInt64/int64(time.Second)-1:
		return (math.MaxInt64/int64(time.Second) - 1) * int64(time.Second)
	}
	return t.UnixNano()
}

// A change is stored as: 0 set or 1 forget, the due time as a varint, and kind, id, name and payload, each behind its length.
const (
	tagSet    = 0
	tagForget = 1
)

func appendChange(dst []byte, c change) []byte {
	tag := byte(tagSet)
	if c.forget {
		tag = tagForget
	}
	dst = binary.AppendVarint(append(dst, tag), c.entry.due)
	dst = appendText(dst, c.entry.kind)
	dst = appendText(dst, c.entry.id)
	dst = appendText(dst, c.entry.name)
	return appendText(dst, string(c.entry.payload))
}

// size is about what appendChange appends, so that one change is one allocation.
func (c *change) size() int {
	const tagDueAndLengths = 1 + binary.MaxVarintLen64 + 4*2
	return tagDueAndLengths + len(c.entry.kind) + len(c.entry.id) + len(c.entry.name) + len(c.entry.payload)
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

var errChange = errors.New("cluster: a record of the timetable is damaged")

// slimChanges appends what a record holds, as it may wait in memory: nothing of it shares memory with the record.
func slimChanges(into []change, rec journal.Record) ([]change, error) {
	first := len(into)
	into, err := decodeChanges(into, rec.Data)
	if err != nil {
		return into, fmt.Errorf("%w: %s, record %d", err, rec.Grain.ID, rec.First)
	}
	for i := first; i < len(into); i++ {
		e := &into[i].entry
		e.slim(rec.Position)
		e.payload = slices.Clone(e.payload)
	}
	return into, nil
}

// decodeChanges appends what a record holds. Payloads share memory with it.
func decodeChanges(into []change, data []byte) ([]change, error) {
	for len(data) > 0 {
		c, rest, err := cutChange(data)
		if err != nil {
			return into, err
		}
		into, data = append(into, c), rest
	}
	return into, nil
}

func cutChange(data []byte) (c change, rest []byte, err error) {
	if data[0] > tagForget {
		return c, nil, errChange
	}
	c.forget = data[0] == tagForget
	due, n := binary.Varint(data[1:])
	if n <= 0 {
		return c, nil, errChange
	}
	c.entry.due = due
	rest = data[1+n:]
	var fields [4][]byte
	for i := range fields {
		if fields[i], rest, err = cutText(rest); err != nil {
			return c, nil, err
		}
	}
	c.entry.reminderKey = reminderKey{string(fields[0]), string(fields[1]), string(fields[2])}
	if len(fields[3]) > 0 {
		c.entry.payload = fields[3]
	}
	return c, rest, nil
}

func cutText(data []byte) (text, rest []byte, err error) {
	size, n := binary.Uvarint(data)
	if n <= 0 || size > uint64(len(data)-n) {
		return nil, nil, errChange
	}
	return data[n : n+int(size)], data[n+int(size):], nil
}

// changes are a grain's marks as the timetable has them.
func changes(g journal.Grain, marks []engine.Mark) []change {
	out := make([]change, len(marks))
	for i, m := range marks {
		out[i] = change{forget: m.Forget, entry: entry{
			reminderKey: reminderKey{g.Kind, g.ID, m.Name}, due: nanos(m.Due), payload: m.Payload,
		}}
		if m.Forget {
			out[i].entry.payload = nil
		}
	}
	return out
}
