package codec

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

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
	upcast map[reflect.Type]func(any) any // from what was decoded; nil entries are none
	types  index                          // all entries by their types
	names  index                          // and by their names
}

// index finds entries in a third of the time that a map takes: a table of a power of two of places, less than half of them taken, where an
// entry stands at its place or behind it.
type index []*entry

func (x index) place(hash uint64) uint64 { return (hash * 0x9e3779b97f4a7c15) >> 32 & uint64(len(x)-1) }

// indexed makes an index of entries.
func indexed(entries map[string]*entry, hash func(*entry) uint64) index {
	size := 8
	for size < 4*len(entries) {
		size *= 2
	}
	x := make(index, size)
	for _, e := range entries {
		i := x.place(hash(e))
		for x[i] != nil {
			i = (i + 1) & uint64(size-1)
		}
		x[i] = e
	}
	return x
}

// ofType returns the entry of a type, nil: there is none.
func (t *table) ofType(word typeWord) *entry {
	if len(t.types) == 0 {
		return nil
	}
	for i := t.types.place(uint64(word)); ; i = (i + 1) & uint64(len(t.types)-1) {
		if e := t.types[i]; e == nil || e.word == word {
			return e
		}
	}
}

// named returns the entry of a name, nil: there is none.
func (t *table) named(name []byte) *entry {
	if len(t.names) == 0 {
		return nil
	}
	for i := t.names.place(sketch(name)); ; i = (i + 1) & uint64(len(t.names)-1) {
		if e := t.names[i]; e == nil || e.name == string(name) {
			return e
		}
	}
}

// sketch is a hash of a name: of its length, its first and its last eight bytes, where names differ.
func sketch[T string | []byte](name T) uint64 {
	h := uint64(len(name))
	for i := range min(8, len(name)) {
		h = h<<7 ^ h>>57 ^ uint64(name[i])<<8 ^ uint64(name[len(name)-1-i])
	}
	return h
}

// typeWord tells types apart: the address of what the runtime knows of one, which never moves. A map of them is asked in half of the time
// that one of reflect.Types takes.
type typeWord uintptr

func wordOf(v any) typeWord { return *(*typeWord)(unsafe.Pointer(&v)) }

// entry is immutable once registered.
type entry struct {
	name   string
	word   typeWord
	header []byte // the name as a msgpack string
	way    way    // how it is encoded
	decode func(body []byte, in *Slab) (any, error)
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry {
	r := &Registry{}
	r.table.Store(&table{byName: map[string]*entry{}, upcast: map[reflect.Type]func(any) any{}})
	return r
}

// Register adds T under a stable name. Decoding yields a T, never a pointer to one. A name or type that is taken, an empty or too
// long name, an interface type and a struct with a field that is not exported are programming errors and panic.
func Register[T any](r *Registry, name string) {
	if other := register[T](r, name); other != nil {
		panic(fmt.Sprintf("codec: %v is registered as %q and as %q", reflect.TypeFor[T](), other.name, name))
	}
}

// Default adds T under a stable name unless T has a name already, in one step: systems that share a registry may start together.
// Else it is as Register.
func Default[T any](r *Registry, name string) { register[T](r, name) }

// register returns what T is registered as, if it is; else it adds T.
func register[T any](r *Registry, name string) *entry {
	t := reflect.TypeFor[T]()
	if name == "" || len(name) > MaxName || t.Kind() == reflect.Interface {
		panic(fmt.Sprintf("codec: %v can't be registered as %q: give a concrete type and a name of 1 to %d bytes", t, name, MaxName))
	}
	if field := hidden(t); field != "" {
		panic(fmt.Sprintf("codec: %v would lose its field %s: export it, tag it `msgpack:\"-\"`, or encode the type by hand", t, field))
	}
	return r.add(newEntry[T](name))
}

// hidden names a field that msgpack would leave out without a word; "": there is none.
func hidden(t reflect.Type) string {
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(reflect.TypeFor[msgpack.CustomEncoder]()) ||
		reflect.PointerTo(t).Implements(reflect.TypeFor[msgpack.Marshaler]()) {
		return ""
	}
	for f := range t.Fields() {
		if !f.IsExported() && !f.Anonymous && f.Name != "_" && f.Tag.Get("msgpack") != "-" {
			return f.Name
		}
	}
	return ""
}

// Upcast has messages that were stored under a name as an Old be read as what up makes of them. New is registered under another name, or
// is upcast itself. An Old can be read, but not written any more. What panics in Register panics here.
func Upcast[Old, New any](r *Registry, name string, up func(Old) New) {
	Register[Old](r, name)
	r.mu.Lock()
	defer r.mu.Unlock()
	next := r.table.Load().clone()
	next.upcast[reflect.TypeFor[Old]()] = func(old any) any { return up(old.(Old)) }
	r.table.Store(next)
}

func (t *table) clone() *table {
	return &table{byName: maps.Clone(t.byName), upcast: maps.Clone(t.upcast), types: t.types, names: t.names}
}

// current is a decoded message as its newest version.
func (t *table) current(msg any) (_ any, err error) {
	if len(t.upcast) == 0 {
		return msg, nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: panic: %v", ErrMalformed, v)
		}
	}()
	for up := t.upcast[reflect.TypeOf(msg)]; up != nil; up = t.upcast[reflect.TypeOf(msg)] {
		msg = up(msg)
	}
	return msg, nil
}

func (r *Registry) add(e *entry) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.table.Load()
	if other := old.ofType(e.word); other != nil {
		return other
	}
	if _, taken := old.byName[e.name]; taken {
		panic(fmt.Sprintf("codec: the name %q is registered twice", e.name))
	}
	next := old.clone()
	next.byName[e.name] = e
	next.types = indexed(next.byName, func(e *entry) uint64 { return uint64(e.word) })
	next.names = indexed(next.byName, func(e *entry) uint64 { return sketch(e.name) })
	r.table.Store(next)
	return nil
}

// Name returns the name under which msg's type is registered.
func (r *Registry) Name(msg any) (string, bool) {
	if e := r.table.Load().ofType(wordOf(msg)); e != nil {
		return e.name, true
	}
	return "", false
}

// Names returns all registered names in order.
func (r *Registry) Names() []string {
	return slices.Sorted(maps.Keys(r.table.Load().byName))
}
