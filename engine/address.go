package engine

import "hayauma.example/codec"

// Address names an actor in messages: it means the same on every member.
type Address struct {
	Kind, ID string
	Member   string // of a plain cell: the incarnation that it lives in; "" of a grain
}

// Address returns where the actor is found from any member.
func (r Ref[M]) Address() Address {
	a := Address{Kind: r.kind.name, ID: r.id}
	if r.kind.plain {
		a.Member = r.kind.member()
	}
	return a
}

// member is the incarnation in which a plain cell lives.
func (k *core) member() string {
	if k.away != "" {
		return k.away
	}
	return k.sys.incarnation
}

// RefTo returns the reference of an address to an actor that takes messages M, which nobody checks before they arrive.
func RefTo[M any](s *System, a Address) Ref[M] {
	if a.Kind != plainKind {
		if k := s.kinds.named(a.Kind); k != nil {
			return Ref[M]{kind: k, id: a.ID, cell: k.seen(a.ID)}
		}
		return Ref[M]{kind: s.nobody(a.Kind), id: a.ID}
	}
	if a.Member != "" && a.Member != s.incarnation {
		return Ref[M]{kind: &core{sys: s, name: plainKind, plain: true, away: a.Member, stats: &s.plainStats}, id: a.ID}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.plain[a.ID]; c != nil {
		return Ref[M]{kind: c.kind, id: a.ID, cell: c}
	}
	return Ref[M]{kind: &core{sys: s, name: plainKind, plain: true, stats: &s.plainStats}, id: a.ID}
}

// sendPlain sends to a plain cell that isn't in memory here.
func (k *core) sendPlain(id string, n *envelope) {
	if k.away == "" {
		k.deadLetter(id, n, ReasonStopped)
		return
	}
	if err := (passage{kind: k, id: id}).sendAway(n, k.away, unmarked); err != nil {
		k.deadLetterAs(id, n, reasonOf(err), err)
	}
}

// registerBasics names the types that questions are often answered with.
func registerBasics(r *codec.Registry) {
	codec.Default[bool](r, "bool")
	codec.Default[int](r, "int")
	codec.Default[int64](r, "int64")
	codec.Default[uint64](r, "uint64")
	codec.Default[float64](r, "float64")
	codec.Default[string](r, "string")
	codec.Default[[]byte](r, "bytes")
	codec.Default[Address](r, "engine.address")
}
