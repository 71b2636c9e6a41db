package simulation

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"hayauma.example/cluster"
)

// entry is one line of a transcript.
type entry struct {
	at   time.Duration
	text string
}

// transcript is what happened, with virtual times.
type transcript struct {
	began time.Time

	mu      sync.Mutex // guards entries
	entries []entry
}

func (p *transcript) add(format string, args ...any) {
	at := time.Since(p.began)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries = append(p.entries, entry{at, fmt.Sprintf(format, args...)})
}

// lines are in order of time; those of one instant in order of their words.
func (p *transcript) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	entries := slices.Clone(p.entries)
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.text, b.text)) })
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = fmt.Sprintf("%12s %s", fmt.Sprintf("%.6f", e.at.Seconds()), e.text)
	}
	return out
}

// journalist is a slog.Handler that writes a node's logs into the transcript: of shards only those that have registers.
type journalist struct {
	to    *transcript
	who   string
	attrs []slog.Attr
}

var _ slog.Handler = journalist{}

// Enabled implements slog.Handler.
func (j journalist) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements slog.Handler.
func (j journalist) WithAttrs(attrs []slog.Attr) slog.Handler {
	j.attrs = append(slices.Clip(j.attrs), attrs...)
	return j
}

// WithGroup implements slog.Handler.
func (j journalist) WithGroup(string) slog.Handler { return j }

// Handle implements slog.Handler.
func (j journalist) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(j.who + " " + r.Level.String() + " " + r.Message)
	role, shard := "", -1
	write := func(a slog.Attr) bool {
		switch a.Key {
		case "role":
			role = a.Value.String()
		case "shard":
			shard = int(a.Value.Int64())
		}
		fmt.Fprintf(&b, " %s=%v", a.Key, a.Value)
		return true
	}
	for _, a := range j.attrs {
		write(a)
	}
	r.Attrs(write)
	if shard < 0 || role == roleRegisters && busyShards[shard] {
		j.to.add("%s", b.String())
	}
	return nil
}

// keys are the registers: two in each of eight shards. The first half is written often, the second seldom: a register that waits for the
// store reads nothing out, and so shows nobody that its member is suspended.
var keys = func() (keys []string) {
	const shards = 8
	held := map[int]int{}
	var often, seldom []string
	for i := 0; len(often)+len(seldom) < 2*shards; i++ {
		key := fmt.Sprint("r", i)
		n := cluster.ShardOf(roleRegisters, key).Number
		switch had, known := held[n]; {
		case !known && len(held) < shards:
			often = append(often, key)
		case known && had == 1:
			seldom = append(seldom, key)
		default:
			continue
		}
		held[n]++
	}
	return append(often, seldom...)
}()

// busyShards have registers.
var busyShards = func() (busy [cluster.Shards]bool) {
	for _, key := range keys {
		busy[cluster.ShardOf(roleRegisters, key).Number] = true
	}
	return busy
}()
