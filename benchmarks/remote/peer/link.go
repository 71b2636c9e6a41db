package peer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// frame is what the floors carry: 4 bytes length of the rest, 8 bytes id, the body. An answer has its question's id.
type frame struct {
	id   uint64
	body []byte
}

const (
	frameHead   = 12
	frameLimit  = 32 << 10 // of one frame's length: more is a broken stream
	pendingRoom = 1 << 20  // bytes that wait for the writer before a sender has to
	readBuffer  = 64 << 10
)

func appendFrame(b []byte, f frame) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(8+len(f.body)))
	b = binary.LittleEndian.AppendUint64(b, f.id)
	return append(b, f.body...)
}

// FrameError reports a stream that is not ours.
type FrameError struct{ Length uint32 }

func (e *FrameError) Error() string {
	return fmt.Sprintf("peer: a frame of %d bytes: both sides must be of the same build", e.Length)
}

// readFrame reads one frame and hands it to take; its body is valid until take returns. The buffer of r holds a whole frame.
func readFrame(r *bufio.Reader, take func(frame)) error {
	head, err := r.Peek(frameHead)
	if err != nil {
		return err
	}
	length := binary.LittleEndian.Uint32(head)
	if length < 8 || length > frameLimit {
		return &FrameError{Length: length}
	}
	whole, err := r.Peek(4 + int(length))
	if err != nil {
		return err
	}
	take(frame{id: binary.LittleEndian.Uint64(whole[4:]), body: whole[frameHead:]})
	_, err = r.Discard(len(whole))
	return err
}

// link is one connection. What is sent while the writer is busy goes out with its next write, in one piece.
type link struct {
	rw io.ReadWriteCloser

	mu      sync.Mutex // guards what follows
	room    *sync.Cond // pending got smaller, or err was set
	pending []byte
	err     error

	wake chan struct{} // holds one: there is something pending, or an end
}

func newLink(rw io.ReadWriteCloser) *link {
	l := &link{rw: rw, wake: make(chan struct{}, 1)}
	l.room = sync.NewCond(&l.mu)
	return l
}

// send hands a frame to the writer, and waits while too much is pending.
func (l *link) send(f frame) error {
	l.mu.Lock()
	for len(l.pending) >= pendingRoom && l.err == nil {
		l.room.Wait()
	}
	if err := l.err; err != nil {
		l.mu.Unlock()
		return err
	}
	first := len(l.pending) == 0
	l.pending = appendFrame(l.pending, f)
	l.mu.Unlock()
	if first {
		l.poke()
	}
	return nil
}

func (l *link) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// write writes until the link has failed. It returns what it may not have written.
func (l *link) write() (unwritten []byte) {
	var batch []byte
	for range l.wake {
		l.mu.Lock()
		batch, l.pending = l.pending, batch[:0]
		err := l.err
		l.room.Broadcast()
		l.mu.Unlock()
		if err == nil && len(batch) > 0 {
			if _, err = l.rw.Write(batch); err != nil {
				l.fail(err)
			}
		}
		if err != nil {
			return append(batch, l.rest()...)
		}
	}
	return nil
}

// rest takes what came in between the last swap and the failure.
func (l *link) rest() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := l.pending
	l.pending = nil
	return rest
}

// read hands each frame to take until the link has failed.
func (l *link) read(take func(frame)) error {
	r := bufio.NewReaderSize(l.rw, readBuffer)
	for {
		if err := readFrame(r, take); err != nil {
			l.fail(err)
			return err
		}
	}
}

// fail ends the link: senders get err, the writer returns, and so does the reader.
func (l *link) fail(err error) {
	l.mu.Lock()
	if l.err == nil {
		l.err = errors.Join(ErrDisconnected, err)
	}
	l.room.Broadcast()
	l.mu.Unlock()
	_ = l.rw.Close()
	l.poke()
}

// serve answers on rw until it ends.
func serve(rw io.ReadWriteCloser, handle Handle) error {
	l := newLink(rw)
	var writer sync.WaitGroup
	writer.Go(func() { l.write() })
	defer writer.Wait()
	return l.read(func(f frame) {
		if answer := handle(f.body); answer != nil {
			_ = l.send(frame{f.id, answer}) // a link that failed ends read as well
		}
	})
}
