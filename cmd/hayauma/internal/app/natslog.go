package app

import (
	"context"
	"log/slog"
	"strings"
)

// reassuring is the log of the embedded server, without its alarm after a kill: an index that was not written in time is made anew
// from the records, which are synced before anything is answered.
type reassuring struct{ slog.Handler }

// staleIndex is in NATS' words for each of its indexes.
const staleIndex = "from index errored"

// Handle implements slog.Handler.
func (h reassuring) Handle(ctx context.Context, r slog.Record) error {
	if r.Level != slog.LevelWarn || !mentions(r, staleIndex) {
		return h.Handler.Handle(ctx, r)
	}
	if !h.Enabled(ctx, slog.LevelInfo) {
		return nil
	}
	calm := slog.NewRecord(r.Time, slog.LevelInfo, "the store was not closed last time: its index is made anew from the records, nothing is lost", r.PC)
	r.Attrs(func(a slog.Attr) bool { calm.AddAttrs(a); return true })
	return h.Handler.Handle(ctx, calm)
}

func mentions(r slog.Record, words string) (found bool) {
	r.Attrs(func(a slog.Attr) bool {
		found = strings.Contains(a.Value.String(), words)
		return !found
	})
	return found
}

// WithAttrs implements slog.Handler.
func (h reassuring) WithAttrs(attrs []slog.Attr) slog.Handler {
	return reassuring{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h reassuring) WithGroup(name string) slog.Handler { return reassuring{h.Handler.WithGroup(name)} }
