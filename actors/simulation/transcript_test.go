package simulation

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine/journal"
)

// entry is one line of the transcript; it becomes text only when a scenario has failed.
type entry struct {
	at              time.Duration
	what, about     string
	number          int
	user            string
	n               int
	status, verdict int
	record          journal.Record
}

func entryOf(w *world, what, about string, number int) entry {
	return entry{at: w.now(), what: what, about: about, number: number}
}

// note adds a line.
func (w *world) note(what, about string, number int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, entryOf(w, what, about, number))
}

// String is the line as it is printed.
func (l entry) String() string {
	head := fmt.Sprintf("%14s #%d %-7s ", l.at, l.number, l.what)
	switch l.what {
	case "call":
		return head + fmt.Sprintf("%s… and %d more, key %s", l.user[:6], l.n-1, l.about[:8])
	case "answer":
		return head + fmt.Sprintf("%s… and %d more, key %s: status %d, verdict %d", l.user[:6], l.n-1, l.about[:8], l.status, l.verdict)
	case "stored":
		return head + fmt.Sprintf("%s %s %d+%d %s", l.record.Grain.Kind, l.record.Grain.ID, l.record.First, l.record.Count, events(l.record))
	}
	return head + l.about
}

// transcript is all of it, with points only where they matter.
func (w *world) transcript() string {
	var b strings.Builder
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lines {
		fmt.Fprintln(&b, l)
	}
	return b.String()
}

// events decodes a record of a durable grain for reading.
func events(r journal.Record) string {
	var out []string
	for data := r.Data; len(data) > 0; {
		e, rest, err := cut(data)
		if err != nil {
			return ""
		}
		text := fmt.Sprintf("%T%+v", e, e)
		if len(text) > 600 {
			text = text[:600] + "…"
		}
		out, data = append(out, text), rest
	}
	return strings.Join(out, " ")
}

// cut takes one event off a record's data: a frame of flags, a time and the message.
func cut(data []byte) (event any, rest []byte, err error) {
	payload, rest, err := codec.CutFrame(data)
	if err != nil {
		return nil, nil, err
	}
	if len(payload) == 0 {
		return nil, nil, codec.ErrMalformed
	}
	_, n := binary.Varint(payload[1:])
	if n <= 0 {
		return nil, nil, codec.ErrMalformed
	}
	event, _, err = messages.Decode(payload[1+n:])
	return event, rest, err
}
