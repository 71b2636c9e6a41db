package engine

import (
	"math/rand/v2"
	"testing"
)

func TestQueueIsFirstInFirstOut(t *testing.T) {
	var q queue[int]
	r := rand.New(rand.NewPCG(1, 2))
	next, want := 0, 0
	for range 20_000 {
		for range r.IntN(300) {
			q.push(next)
			next++
		}
		for range min(q.len(), r.IntN(310)) {
			if got := q.pop(); got != want {
				t.Fatalf("popped %d, want %d", got, want)
			}
			want++
		}
		if q.len() != next-want {
			t.Fatalf("length %d, want %d", q.len(), next-want)
		}
		if r.IntN(100) == 0 {
			q.trim()
		}
	}
}

func TestQueueKeepsOneBlockWhenItIsTrimmed(t *testing.T) {
	var q queue[int]
	for i := range 10 * blockSize {
		q.push(i)
	}
	for q.len() > 0 {
		q.pop()
	}
	if q.spare == nil {
		t.Error("emptied blocks are not used again")
	}
	q.trim()
	if q.spare != nil || q.head != q.tail || q.head.next != nil {
		t.Error("more than one block is left")
	}
}
