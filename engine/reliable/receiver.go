package reliable

// Receiver accepts each item of a session once and in order.
type Receiver[T any] struct {
	window  uint64
	session string
	handled uint64 // numbers below are handled
	next    uint64 // numbers below were accepted
	early   map[uint64]T
}

// NewReceiver grants demand for so many items beyond those that are handled. session and handled are what State gave, "" and 0 for a
// receiver that begins.
func NewReceiver[T any](window int, session string, handled uint64) *Receiver[T] {
	return &Receiver[T]{window: uint64(max(1, window)), session: session, handled: handled, next: handled, early: make(map[uint64]T)}
}

// State is what a receiver has to keep, together with what the items did, to go on after a restart.
func (r *Receiver[T]) State() (session string, handled uint64) { return r.session, r.handled }

// Accept returns the items that are next now; a copy, or one that comes too early, brings none. Whatever it brings, the sender is to be
// sent a Receipt.
func (r *Receiver[T]) Accept(p Parcel[T]) []T {
	switch {
	case p.Session < r.session:
		return nil
	case p.Session > r.session, p.Base > r.next: // the sender's new life, or this receiver's
		*r = *NewReceiver[T](int(r.window), p.Session, p.Base)
	}
	if p.Number < r.next || p.Number >= r.handled+r.window {
		return nil
	}
	r.early[p.Number] = p.Item
	var out []T
	for item, ok := r.early[r.next]; ok; item, ok = r.early[r.next] {
		out = append(out, item)
		delete(r.early, r.next)
		r.next++
	}
	return out
}

// Handled confirms the n oldest of the accepted items; a Receipt tells the sender.
func (r *Receiver[T]) Handled(n int) { r.handled = min(r.handled+uint64(max(0, n)), r.next) }

// Receipt is what the sender is to know.
func (r *Receiver[T]) Receipt() Receipt { return Receipt{r.session, r.handled, r.handled + r.window} }
