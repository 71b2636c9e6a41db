package roster

// Condition is what a node is, of its member's state in the view and its lease together.
type Condition string

// Conditions.
const (
	NodeJoining   Condition = "joining"
	NodeActive    Condition = "active"
	NodeSuspended Condition = "suspended"
	NodeDraining  Condition = "draining"
	NodeLeft      Condition = "left"
	NodeEvicted   Condition = "evicted"
)

// Of gives the condition of the member that incarnation names. A suspended node stays what the view calls it, and goes on with it
// when the lease is back.
func Of(v View, incarnation string, s Standing, leaving bool) Condition {
	m, named := v.Member(incarnation)
	switch {
	case leaving && !named:
		return NodeLeft
	case s == Ended:
		return NodeEvicted
	case !named || m.State == Joining:
		return NodeJoining
	case s == Suspended:
		return NodeSuspended
	case m.State == Draining:
		return NodeDraining
	default:
		return NodeActive
	}
}
