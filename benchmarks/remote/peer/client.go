package peer

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"sync"
	"time"
)

// redial is how long a floor's sender waits before it dials again.
const redial = 50 * time.Millisecond

// Frames' ids that are no questions.
const (
	oneWay   = 0
	mark     = 1
	question = 2 // and above
)

// client is a floor's sender: it keeps one link to the receiver.
type client struct {
	dial   func(ctx context.Context) (io.ReadWriteCloser, error)
	events Events

	mu      sync.Mutex // guards what follows
	link    *link      // nil: not connected
	last    uint64     // question's id
	waiting map[uint64]chan []byte
}

func newClient(ctx context.Context, dial func(context.Context) (io.ReadWriteCloser, error), events Events) (*client, error) {
	c := &client{dial: dial, events: events, last: question, waiting: make(map[uint64]chan []byte)}
	rw, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	c.link = newLink(rw)
	go c.run(ctx, c.link)
	return c, nil
}

// run keeps a link until ctx ends.
func (c *client) run(ctx context.Context, l *link) {
	defer context.AfterFunc(ctx, func() { c.drop(ctx.Err()) })()
	for {
		c.use(l)
		if l = c.connect(ctx); l == nil {
			return
		}
	}
}

// use reads and writes until the link has failed, and reports what was not written.
func (c *client) use(l *link) {
	var writer sync.WaitGroup
	var unwritten []byte // owned by the writer until it has returned
	writer.Go(func() { unwritten = l.write() })
	_ = l.read(c.take) // the next link is the answer to an error
	c.mu.Lock()
	c.link = nil
	c.mu.Unlock()
	writer.Wait()
	c.report(unwritten)
}

func (c *client) drop(err error) {
	c.mu.Lock()
	l := c.link
	c.mu.Unlock()
	if l != nil {
		l.fail(err)
	}
}

// report reports the frames that may not have been written.
func (c *client) report(unwritten []byte) {
	r := bufio.NewReaderSize(bytes.NewReader(unwritten), readBuffer)
	for readFrame(r, func(f frame) { c.events.Dropped(f.body) }) == nil { // until the end
	}
	c.events.Notice()
}

// connect dials until there is a link; nil when ctx ended first.
func (c *client) connect(ctx context.Context) *link {
	again := time.NewTicker(redial)
	defer again.Stop()
	for {
		if rw, err := c.dial(ctx); err == nil {
			l := newLink(rw)
			c.mu.Lock()
			c.link = l
			c.mu.Unlock()
			return l
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// take takes an answer.
func (c *client) take(f frame) {
	if f.id == mark {
		c.events.Answer(f.body)
		return
	}
	c.mu.Lock()
	answer := c.waiting[f.id]
	delete(c.waiting, f.id)
	c.mu.Unlock()
	if answer != nil {
		answer <- bytes.Clone(f.body)
	}
}

func (c *client) send(f frame) error {
	c.mu.Lock()
	l := c.link
	c.mu.Unlock()
	if l == nil {
		return ErrDisconnected
	}
	return l.send(f)
}

// Tell hands a frame to the writer.
func (c *client) Tell(body []byte) error { return c.send(frame{oneWay, body}) }

// Copies says that a body is the caller's again when Tell has returned.
func (c *client) Copies() {}

// Mark hands a frame to the writer.
func (c *client) Mark(body []byte) error { return c.send(frame{mark, body}) }

// Ask hands a frame to the writer and waits for the frame of the same id.
func (c *client) Ask(ctx context.Context, body []byte) ([]byte, error) {
	answer := make(chan []byte, 1)
	c.mu.Lock()
	c.last++
	id := c.last
	c.waiting[id] = answer
	c.mu.Unlock()
	defer c.forget(id)
	if err := c.send(frame{id, body}); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	select {
	case got := <-answer:
		return got, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (c *client) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}
