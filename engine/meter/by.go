package meter

import (
	"maps"
	"sync"
	"sync/atomic"
)

// MostNames is how many names a By tells apart.
const MostNames = 500

// Other stands for all names beyond MostNames.
const Other = "other"

// By has figures by name, such as a channel's: of the first MostNames names, and of all others together. The zero value is empty; it is safe
// for concurrent use and must not be copied.
type By[T any] struct {
	all atomic.Pointer[map[string]*T] // never changed in place

	mu sync.Mutex // held while all is replaced
}

// Of returns the figures of a name.
func (b *By[T]) Of(name string) *T {
	if all := b.all.Load(); all != nil {
		if t := (*all)[name]; t != nil {
			return t
		}
	}
	return b.begin(name)
}

func (b *By[T]) begin(name string) *T {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.All()
	if t := now[name]; t != nil {
		return t
	}
	if len(now) >= MostNames {
		name = Other
		if t := now[name]; t != nil {
			return t
		}
	}
	next := make(map[string]*T, len(now)+1)
	maps.Copy(next, now)
	t := new(T)
	next[name] = t
	b.all.Store(&next)
	return t
}

// All returns the figures by name. The caller must not change the map.
func (b *By[T]) All() map[string]*T {
	if all := b.all.Load(); all != nil {
		return *all
	}
	return nil
}
