package jetstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/cluster/objects"
)

// Times of a watch. Silence without a heartbeat interrupts it.
const (
	heartbeat  = 500 * time.Millisecond
	silence    = 1250 * time.Millisecond
	watchAgain = 100 * time.Millisecond
)

var (
	errGap    = errors.New("jetstream: the watch missed a message")
	errMemory = errors.New("jetstream: the store lost its memory")
)

// feed is what a watch reads.
type feed[T any] struct {
	stream string
	keys   string // the subject, or what its keys begin with
	decode func([]byte) (T, error)
	mend   func(context.Context) // where no watch can begin
}

func (f feed[T]) filter() string {
	if strings.HasSuffix(f.keys, ".") {
		return f.keys + ">"
	}
	return f.keys
}

// watch tells a feed. The client's own ordered consumers begin again in silence where something was lost; here the caller has to
// know, so this counts the deliveries itself.
func watch[T any](ctx context.Context, m *Membership, f feed[T]) iter.Seq[objects.Sight[T]] {
	return func(yield func(objects.Sight[T]) bool) {
		for ctx.Err() == nil {
			w, err := m.subscribe(ctx, f.stream, f.filter())
			if err != nil {
				m.mend(ctx, f.mend)
				pause(ctx, watchAgain)
				continue
			}
			more := yield(objects.Sight[T]{Event: objects.Began}) && tell(ctx, w, f, yield)
			_ = w.sub.Unsubscribe() // the server forgets the consumer by itself
			if !more {
				return
			}
		}
	}
}

func (m *Membership) mend(ctx context.Context, do func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, m.store.cfg.request())
	defer cancel()
	do(ctx)
}

// tell says no where the caller wants no more; yes where the watch was interrupted.
func tell[T any](ctx context.Context, w *watcher, f feed[T], yield func(objects.Sight[T]) bool) bool {
	for {
		msg, err := w.next(ctx)
		if err != nil {
			return true
		}
		switch {
		case msg.seq == 0, msg.Subject == bornKey:
		case msg.Subject == floorKey:
			if w.refloored(msg.seq) {
				return true
			}
		case !yield(sight(f, msg)):
			return false
		}
	}
}

func sight[T any](f feed[T], msg delivery) objects.Sight[T] {
	s := objects.Sight[T]{Event: objects.Stored, Key: strings.TrimPrefix(msg.Subject, f.keys), Revision: msg.seq}
	if removed(msg.Header) {
		s.Event = objects.Deleted
		return s
	}
	if s.Value, s.Err = f.decode(msg.Data); s.Err != nil {
		s.Event = objects.Unreadable
	}
	return s
}

// removed: a KV client deleted the key.
func removed(h nats.Header) bool { return len(h["KV-Operation"]) > 0 }

// watcher counts the deliveries of one consumer.
type watcher struct {
	sub   *nats.Subscription
	last  uint64 // delivery
	floor uint64
}

// subscribe makes a consumer that pushes the newest message of each subject, then each that comes. It lives on one server, in
// memory; where it is lost, so are its heartbeats.
func (m *Membership) subscribe(ctx context.Context, stream, filter string) (*watcher, error) {
	ctx, cancel := context.WithTimeout(ctx, m.store.cfg.request())
	defer cancel()
	sub, err := m.store.conn.SubscribeSync(m.store.conn.NewInbox())
	if err != nil {
		return nil, err
	}
	_, err = m.store.js.CreatePushConsumer(ctx, stream, jetstream.ConsumerConfig{
		DeliverSubject: sub.Subject, DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, AckPolicy: jetstream.AckNonePolicy,
		FilterSubject: filter, IdleHeartbeat: heartbeat, InactiveThreshold: 5 * time.Second, MemoryStorage: true, Replicas: 1,
	})
	if err != nil {
		_ = sub.Unsubscribe() // the first error counts
		return nil, err
	}
	return &watcher{sub: sub}, nil
}

// delivery is a message and its sequence in the stream, 0 for a heartbeat.
type delivery struct {
	*nats.Msg
	seq uint64
}

// next fails where something was missed, or the consumer is silent.
func (w *watcher) next(ctx context.Context) (delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	msg, err := w.sub.NextMsgWithContext(ctx)
	if err != nil {
		return delivery{}, err
	}
	if len(msg.Data) == 0 && msg.Header.Get("Status") != "" {
		return delivery{Msg: msg}, w.idle(msg)
	}
	meta, err := msg.Metadata()
	if err != nil {
		return delivery{}, err
	}
	if meta.Sequence.Consumer != w.last+1 {
		return delivery{}, fmt.Errorf("%w: %d follows %d", errGap, meta.Sequence.Consumer, w.last)
	}
	w.last++
	return delivery{msg, meta.Sequence.Stream}, nil
}

// idle looks at a heartbeat: it tells the last delivery, so that a lost one shows though nothing follows it.
func (w *watcher) idle(msg *nats.Msg) error {
	last, err := strconv.ParseUint(msg.Header.Get("Nats-Last-Consumer"), 10, 64)
	if err != nil || last == w.last {
		return err
	}
	return errGap
}

// refloored: another floor than the first one means that the records before it are lost.
func (w *watcher) refloored(at uint64) bool {
	before := w.floor
	w.floor = at
	return before != 0 && before != at
}
