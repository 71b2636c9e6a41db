package spill

import "iter"

// Source is one sorted input: next fills in the following item, false at the end.
type Source[T any] func(item *T) (bool, error)

// Merge yields the items of all sources in order; equal items come in the order of their sources. An item is valid until the
// next step: its source is not asked before that. A failing source ends the iteration with its error.
func Merge[T any](sources []Source[T], less func(a, b *T) bool) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		m := &merger[T]{less: less}
		for i, next := range sources {
			m.heads = append(m.heads, head[T]{next: next, rank: i})
		}
		if err := m.start(); err != nil {
			yield(nil, err)
			return
		}
		for len(m.heads) > 0 {
			if !yield(&m.heads[0].item, nil) {
				return
			}
			if err := m.advance(); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

type head[T any] struct {
	item T
	next Source[T]
	rank int
}

// merger is a heap of the sources' first items.
type merger[T any] struct {
	heads []head[T]
	less  func(a, b *T) bool
}

func (m *merger[T]) start() error {
	live := m.heads[:0]
	for _, h := range m.heads {
		ok, err := h.next(&h.item)
		if err != nil {
			return err
		}
		if ok {
			live = append(live, h)
		}
	}
	m.heads = live
	for i := len(live)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
	return nil
}

// advance replaces the first item by the next one of its source.
func (m *merger[T]) advance() error {
	top := &m.heads[0]
	ok, err := top.next(&top.item)
	if err != nil {
		return err
	}
	if !ok {
		last := len(m.heads) - 1
		m.heads[0] = m.heads[last]
		m.heads = m.heads[:last]
	}
	m.sink(0)
	return nil
}

func (m *merger[T]) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(m.heads) {
			return
		}
		if right := child + 1; right < len(m.heads) && m.before(right, child) {
			child = right
		}
		if !m.before(child, i) {
			return
		}
		m.heads[i], m.heads[child] = m.heads[child], m.heads[i]
		i = child
	}
}

func (m *merger[T]) before(i, j int) bool {
	a, b := &m.heads[i], &m.heads[j]
	switch {
	case m.less(&a.item, &b.item):
		return true
	case m.less(&b.item, &a.item):
		return false
	}
	return a.rank < b.rank
}
