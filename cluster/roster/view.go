package roster

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Refusals of a change. Each leaves the view as it is.
var (
	ErrAlready   = errors.New("roster: the view says so already: nothing to do")
	ErrUnknown   = errors.New("roster: the view doesn't name this incarnation: it is gone for good, start a new one")
	ErrNodeTaken = errors.New("roster: another incarnation has this node's name: replace it if it is your own predecessor, else choose another name")
	ErrCrowded   = errors.New("roster: the view is full")
	ErrState     = errors.New("roster: not from this state")
	ErrView      = errors.New("roster: malformed view")
)

// MaxMembers bounds a view, and with it the record that holds it.
const MaxMembers = 1000

// maxViewBytes is more than MaxMembers usual members need; NATS refuses larger messages anyway.
const maxViewBytes = 1 << 20

// Reason names a change of the view.
type Reason string

// Reasons, one for each transition.
const (
	Joined     Reason = "joined"
	Activated  Reason = "activated"
	DrainBegun Reason = "drain_begun"
	Left       Reason = "left"
	Evicted    Reason = "evicted"
	Replaced   Reason = "replaced"
	Affirmed   Reason = "affirmed" // a member is well; what was decided about it on an older view is void
	Raised     Reason = "raised"   // to an epoch above the fences'
)

// View is the agreed list of members. Nothing changes one in place: each change is a new View with the next epoch, and it counts
// once a compare-and-set stored it.
type View struct {
	Epoch   uint64   `json:"epoch" msgpack:"epoch"`
	Members []Member `json:"members" msgpack:"members"` // by incarnation
}

// Member finds an incarnation.
func (v View) Member(incarnation string) (Member, bool) {
	i, ok := v.index(incarnation)
	if !ok {
		return Member{}, false
	}
	return v.Members[i], true
}

// Names tells whether the incarnation is in the view.
func (v View) Names(incarnation string) bool {
	_, ok := v.index(incarnation)
	return ok
}

// Node finds the incarnation that has a node's name.
func (v View) Node(name string) (Member, bool) {
	i := slices.IndexFunc(v.Members, func(m Member) bool { return m.Node == name })
	if i < 0 {
		return Member{}, false
	}
	return v.Members[i], true
}

// Roles lists the roles that active members carry, sorted.
func (v View) Roles() []string {
	var out []string
	for _, m := range v.Members {
		if m.State == Active {
			out = append(out, m.Roles...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Equal compares by value.
func (v View) Equal(o View) bool {
	return v.Epoch == o.Epoch && slices.EqualFunc(v.Members, o.Members, Member.Equal)
}

// Join adds a member, which owns nothing until it is active.
func (v View) Join(m Member) (View, Reason, error) {
	if err := m.Validate(); err != nil {
		return v, "", err
	}
	if v.Names(m.Incarnation) {
		return v, "", refuse(Joined, m.Incarnation, ErrAlready)
	}
	if _, taken := v.Node(m.Node); taken {
		return v, "", refuse(Joined, m.Incarnation, ErrNodeTaken)
	}
	if len(v.Members) >= MaxMembers {
		return v, "", refuse(Joined, m.Incarnation, ErrCrowded)
	}
	return v.with(m), Joined, nil
}

// Replace puts a member in the place of its own predecessor on the same node. The caller knows that the predecessor's process has
// ended: it holds the lock of the data directory, or it is the same process, which has stopped everything.
func (v View) Replace(m Member) (View, Reason, error) {
	if err := m.Validate(); err != nil {
		return v, "", err
	}
	if v.Names(m.Incarnation) {
		return v, "", refuse(Replaced, m.Incarnation, ErrAlready)
	}
	old, ok := v.Node(m.Node)
	if !ok {
		return v, "", refuse(Replaced, m.Incarnation, ErrUnknown)
	}
	next := v.without(old.Incarnation).with(m)
	next.Epoch = v.Epoch + 1
	return next, Replaced, nil
}

// Activate lets a joining member own its share.
func (v View) Activate(incarnation string) (View, Reason, error) {
	return v.restate(incarnation, Activated, Active, Joining)
}

// Drain takes a member's share away; it is still a member until it leaves.
func (v View) Drain(incarnation string) (View, Reason, error) {
	return v.restate(incarnation, DrainBegun, Draining, Joining, Active)
}

// Leave removes a member that owns nothing any more: it has drained and released everything, or never was active.
func (v View) Leave(incarnation string) (View, Reason, error) {
	m, ok := v.Member(incarnation)
	if !ok {
		return v, "", refuse(Left, incarnation, ErrUnknown)
	}
	if m.State == Active {
		return v, "", refuse(Left, incarnation, fmt.Errorf("%w: drain an active member first", ErrState))
	}
	return v.without(incarnation), Left, nil
}

// Evict removes a member that another has judged and whose lease it has barred; see Watch.
func (v View) Evict(incarnation string) (View, Reason, error) {
	if !v.Names(incarnation) {
		return v, "", refuse(Evicted, incarnation, ErrUnknown)
	}
	return v.without(incarnation), Evicted, nil
}

// Affirm notes that a member has created its record anew, by the renewal of that number.
func (v View) Affirm(incarnation string, proven uint64) (View, Reason, error) {
	i, ok := v.index(incarnation)
	if !ok {
		return v, "", refuse(Affirmed, incarnation, ErrUnknown)
	}
	m := v.Members[i]
	m.Proven = proven
	return v.put(i, m), Affirmed, nil
}

// Raise changes only the epoch. An epoch found in a fence above the newest view's own shows that the view was lost and begun
// anew: the next one is above that, or nobody could ever claim the shard.
func (v View) Raise(found uint64) (View, Reason, error) {
	if found <= v.Epoch {
		return v, "", &Refusal{What: Raised, Why: ErrAlready}
	}
	return View{Epoch: found + 1, Members: v.Members}, Raised, nil
}

func (v View) restate(incarnation string, why Reason, to State, from ...State) (View, Reason, error) {
	i, ok := v.index(incarnation)
	if !ok {
		return v, "", refuse(why, incarnation, ErrUnknown)
	}
	m := v.Members[i]
	if m.State == to {
		return v, "", refuse(why, incarnation, ErrAlready)
	}
	if !slices.Contains(from, m.State) {
		return v, "", refuse(why, incarnation, fmt.Errorf("%w: the member is %s", ErrState, m.State))
	}
	m.State = to
	return v.put(i, m), why, nil
}

func (v View) put(i int, m Member) View {
	next := slices.Clone(v.Members)
	next[i] = m
	return View{Epoch: v.Epoch + 1, Members: next}
}

func (v View) index(incarnation string) (int, bool) {
	return slices.BinarySearchFunc(v.Members, incarnation, func(m Member, s string) int { return strings.Compare(m.Incarnation, s) })
}

// with adds a member as joining.
func (v View) with(m Member) View {
	m.State, m.Roles = Joining, slices.Clone(m.Roles)
	next := append(slices.Clone(v.Members), m)
	slices.SortFunc(next, byIncarnation)
	return View{Epoch: v.Epoch + 1, Members: next}
}

func (v View) without(incarnation string) View {
	next := slices.DeleteFunc(slices.Clone(v.Members), func(m Member) bool { return m.Incarnation == incarnation })
	return View{Epoch: v.Epoch + 1, Members: next}
}

func byIncarnation(a, b Member) int { return cmp.Compare(a.Incarnation, b.Incarnation) }

func refuse(what Reason, incarnation string, why error) error {
	return &Refusal{What: what, Incarnation: incarnation, Why: why}
}

// Refusal is a change that the view doesn't take. Why is one of the sentinels above, or wraps one.
type Refusal struct {
	What        Reason
	Incarnation string
	Why         error
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("%v (%s of %s)", r.Why, r.What, r.Incarnation) }

// Unwrap lets errors.Is find the sentinel.
func (r *Refusal) Unwrap() error { return r.Why }

// EncodeView writes the record that holds a view. It is JSON, for an operator to read.
func EncodeView(v View) ([]byte, error) {
	if err := v.Validate(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(v)
	if err == nil && len(data) > maxViewBytes {
		err = fmt.Errorf("%w: %d bytes, at most %d: use shorter names or fewer roles", ErrView, len(data), maxViewBytes)
	}
	return data, err
}

// DecodeView reads what EncodeView wrote, of this or another version.
func DecodeView(data []byte) (View, error) {
	if len(data) > maxViewBytes {
		return View{}, fmt.Errorf("%w: %d bytes, at most %d", ErrView, len(data), maxViewBytes)
	}
	var v View
	if err := json.Unmarshal(data, &v); err != nil {
		return View{}, fmt.Errorf("%w: %w", ErrView, err)
	}
	for i, m := range v.Members {
		v.Members[i] = m.settled()
	}
	return v, v.Validate()
}

// Validate tells whether the members are sound, sorted, each once, and not too many.
func (v View) Validate() error {
	if len(v.Members) > MaxMembers {
		return fmt.Errorf("%w: %d members, at most %d", ErrView, len(v.Members), MaxMembers)
	}
	nodes := make(map[string]bool, len(v.Members))
	for i, m := range v.Members {
		if err := m.Validate(); err != nil {
			return fmt.Errorf("%w: %w", ErrView, err)
		}
		if i > 0 && v.Members[i-1].Incarnation >= m.Incarnation {
			return fmt.Errorf("%w: incarnation %s is twice or not in order", ErrView, m.Incarnation)
		}
		if nodes[m.Node] {
			return fmt.Errorf("%w: node %s is twice", ErrView, m.Node)
		}
		nodes[m.Node] = true
	}
	return nil
}
