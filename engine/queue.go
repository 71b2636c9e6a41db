package engine

// queue is a first-in-first-out queue in blocks, so that a burst copies nothing while it grows. Emptied blocks are used again until trim.
type queue[T any] struct {
	head, tail  *block[T]
	first, last int // the next to pop in head, the next free place in tail
	size        int
	spare       *block[T]
}

const blockSize = 128

type block[T any] struct {
	items [blockSize]T
	next  *block[T]
}

func (q *queue[T]) len() int { return q.size }

func (q *queue[T]) push(v T) {
	if q.tail == nil || q.last == blockSize {
		q.grow()
	}
	q.tail.items[q.last] = v
	q.last++
	q.size++
}

func (q *queue[T]) grow() {
	b := q.spare
	if b == nil {
		b = &block[T]{}
	} else {
		q.spare, b.next = b.next, nil
	}
	if q.tail == nil {
		q.head, q.first = b, 0
	} else {
		q.tail.next = b
	}
	q.tail, q.last = b, 0
}

// pop takes the oldest; the queue is not empty.
func (q *queue[T]) pop() T {
	var none T
	v := q.head.items[q.first]
	q.head.items[q.first] = none
	q.first++
	switch q.size--; {
	case q.size == 0:
		q.first, q.last = 0, 0 // head is tail: what was just used is in the cache
	case q.first == blockSize:
		spent := q.head
		q.head, q.first = spent.next, 0
		spent.next, q.spare = q.spare, spent
	}
	return v
}

// trim gives up the memory of past bursts.
func (q *queue[T]) trim() { q.spare = nil }
