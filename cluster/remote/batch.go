package remote

// batch is a run of packets that is written at once, as one message: its header, then the packets.
type batch struct {
	message     []byte // a part of chunk
	chunk       *chunk
	first, last uint64 // numbers of its packets
	written     bool   // to some connection, or begun to be
}

// batchCost is what a batch takes of the backlog beside its packets, in bytes: its header and its place in the queue.
const batchCost = headerSize + 64

func (b *batch) packets() uint64 { return b.last - b.first + 1 }

// cost is what the batch takes of the backlog, in bytes.
func (b *batch) cost() int { return len(b.message) - headerSize + batchCost }

// chunk is memory for many batches, one behind the other.
type chunk struct {
	bytes   []byte // what is in use; more is appended while batches before it are being written
	batches int    // that lie in it and are not acknowledged, the open one included
	waste   int    // bytes behind the last batch, once nothing is appended any more
}

// spares keeps chunks of one size for all lanes of a transport.
type spares struct {
	size int
	free chan *chunk
}

// maxSpares bounds what an idle transport holds: 4 MiB in chunks of 256 KiB.
const maxSpares = 16

func newSpares(size int) *spares { return &spares{size: size, free: make(chan *chunk, maxSpares)} }

// take returns an empty chunk for at least n bytes.
func (s *spares) take(n int) *chunk {
	if n > s.size {
		return &chunk{bytes: make([]byte, 0, n)} // for one large packet; nobody gets it again
	}
	select {
	case c := <-s.free:
		return c
	default:
		return &chunk{bytes: make([]byte, 0, s.size)}
	}
}

func (s *spares) give(c *chunk) {
	if cap(c.bytes) != s.size {
		return
	}
	c.bytes, c.waste = c.bytes[:0], 0
	select {
	case s.free <- c:
	default: // enough are kept
	}
}

// queue is a ring of batches that grows.
type queue struct {
	ring []batch // its length is a power of two
	head int
	n    int
}

func (q *queue) at(i int) *batch { return &q.ring[(q.head+i)&(len(q.ring)-1)] }

func (q *queue) push(b batch) {
	if q.n == len(q.ring) {
		grown := make([]batch, max(8, 2*q.n))
		for i := range q.n {
			grown[i] = *q.at(i)
		}
		q.ring, q.head = grown, 0
	}
	q.n++
	*q.at(q.n - 1) = b
}

func (q *queue) pop() batch {
	b := *q.at(0)
	*q.at(0) = batch{}
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	if q.n == 0 && len(q.ring) > 1024 {
		*q = queue{} // a jam left a large one
	}
	return b
}
