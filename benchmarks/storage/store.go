package storage

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/cluster/jetstream"
	"hayauma.example/cluster/natsnode"
	"hayauma.example/engine/journal"
)

// The rows.
const (
	onJetstream = "jetstream"
	inMemory    = "memory"
	onFile      = "file-fsync"
)

// store takes records. Appenders are numbered from 0; each calls append one after the other, beside the others.
type store interface {
	// append returns when the records are as durable as they get. It keeps nothing of them.
	append(ctx context.Context, appender int, records []journal.Record) error
	// read reads all records of the appender's grains in order and returns how many there are.
	read(ctx context.Context, appender int, grains []journal.Grain) (uint64, error)
	// figures adds what only this store has.
	figures(to map[string]float64)
	close(ctx context.Context) error
}

// open opens the row's store for some appenders; what is on disk is below dir.
func open(ctx context.Context, row, dir string, appenders int) (store, error) {
	switch row {
	case onJetstream:
		return openJetstream(ctx, dir, appenders)
	case inMemory:
		return claim(ctx, journal.NewMemory(uuid.New()), appenders)
	case onFile:
		return openFile(dir, appenders)
	}
	return nil, &experiment.UnknownRowError{Row: row, Have: []string{onJetstream, inMemory, onFile}}
}

// journaled is a journal's store with a shard for each appender.
type journaled struct {
	journal.Store
	node   *natsnode.Node // nil: in memory
	shards []shard
}

// shard is one appender's.
type shard struct {
	claim journal.Claim
	batch uint64 // the newest batch's number; owned by the appender
}

func openJetstream(ctx context.Context, dir string, appenders int) (store, error) {
	node, err := natsnode.Open(ctx, natsnode.Config{DataDir: dir})
	if err != nil {
		return nil, err
	}
	j, err := openOn(ctx, node, appenders)
	if err != nil {
		return nil, errors.Join(err, node.Close(ctx))
	}
	return j, nil
}

func openOn(ctx context.Context, node *natsnode.Node, appenders int) (*journaled, error) {
	s, err := jetstream.Open(ctx, node.Conn(), jetstream.Config{})
	if err != nil {
		return nil, err
	}
	j, err := claim(ctx, s, appenders)
	if err != nil {
		return nil, err
	}
	j.node = node
	return j, nil
}

func claim(ctx context.Context, s journal.Store, appenders int) (*journaled, error) {
	wanted := make([]journal.Shard, appenders)
	for i := range wanted {
		wanted[i] = journal.Shard{Role: "bench", Number: i}
	}
	claims, err := s.Claim(ctx, "bench", wanted)
	if err != nil {
		return nil, err
	}
	j := &journaled{Store: s, shards: make([]shard, appenders)}
	for i, c := range claims {
		j.shards[i].claim = c
	}
	return j, nil
}

// append names the batch as the journal's writer does.
func (j *journaled) append(ctx context.Context, appender int, records []journal.Record) error {
	s := &j.shards[appender]
	s.batch++
	id := strconv.FormatUint(uint64(s.claim.Fence), 36) + "-" + strconv.FormatUint(s.batch, 36)
	return j.Append(ctx, s.claim, id, records)
}

func (j *journaled) read(ctx context.Context, appender int, grains []journal.Grain) (n uint64, err error) {
	for _, g := range grains {
		for _, err := range j.Replay(ctx, j.shards[appender].claim, g) {
			if err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

func (j *journaled) figures(map[string]float64) {}

// closing is how long a server may take to end.
const closing = 20 * time.Second

func (j *journaled) close(ctx context.Context) error {
	if j.node == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	return j.node.Close(ctx)
}
