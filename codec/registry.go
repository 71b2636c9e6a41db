package codec

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/vmihailenco/msgpack/v5"
)

// MaxName bounds the length of a message name, in bytes.
const MaxName = 127

// Registry maps stable names to message types. It is safe for concurrent use; lookups take no lock.
type Registry struct {
	mu    sync.Mutex // held while the table is replaced
	table atomic.Pointer[table]
}

type table struct {
	byName map[string]*entry
	byType map[reflect.Type]*entry
}

// entry is immutable once registered.
type entry struct {
	name   string
	header []byte // the name as a msgpack string
	decode func(d *msgpack.Decoder) (any, error)
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry {
	r := &Registry{}
	r.table.Store(&table{byName: map[string]*entry{}, byType: map[reflect.Type]*entry{}})
	return r
}

// Register adds T under a stable name. Decoding yields a T, never a pointer to one. A name or type that is taken, an empty or too
// long name and an interface type are programming errors and panic.
func Register[T any](r *Registry, name string) {
	t := reflect.TypeFor[T]()
	if name == "" || len(name) > MaxName || t.Kind() == reflect.Interface {
		panic(fmt.Sprintf("codec: %v can't be registered as %q: give a concrete type and a name of 1 to %d bytes", t, name, MaxName))
	}
	r.add(t, &entry{name: name, header: appendName(nil, name), decode: func(d *msgpack.Decoder) (any, error) {
		var v T
		err := d.Decode(&v)
		return v, err
	}})
}

func (r *Registry) add(t reflect.Type, e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.table.Load()
	if _, taken := old.byName[e.name]; taken {
		panic(fmt.Sprintf("codec: the name %q is registered twice", e.name))
	}
	if other, taken := old.byType[t]; taken {
		panic(fmt.Sprintf("codec: %v is registered as %q and as %q", t, other.name, e.name))
	}
	next := &table{byName: maps.Clone(old.byName), byType: maps.Clone(old.byType)}
	next.byName[e.name], next.byType[t] = e, e
	r.table.Store(next)
}

// Name returns the name under which msg's type is registered.
func (r *Registry) Name(msg any) (string, bool) {
	e, ok := r.table.Load().byType[reflect.TypeOf(msg)]
	if !ok {
		return "", false
	}
	return e.name, true
}

// Names returns all registered names in order.
func (r *Registry) Names() []string {
	return slices.Sorted(maps.Keys(r.table.Load().byName))
}
