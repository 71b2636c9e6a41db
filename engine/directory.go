package engine

// Answer is what becomes of a message to a grain.
type Answer uint8

const (
	Here      Answer = iota // this member takes it
	Elsewhere               // Place.Member does
	Soon                    // who does is being settled: it waits; Place.Member is who will, if that is known
	Nowhere                 // no member carries the role
)

// Place says where grains are.
type Place struct {
	Answer Answer
	Member string // Elsewhere: the incarnation of the one that owns them
	Wait   bool   // what this member's own actors send waits nevertheless: what they sent before is on its way by another member
}

// holds tells whether a message waits.
func (p Place) holds(from origin) bool { return p.Answer == Soon || p.Wait && from != arrived }

// Directory knows which member hosts which grains. One that is [Marked] too can keep messages in order while grains move. Without one all of them are here.
type Directory interface {
	// Locate says where the grains of a role with this affinity key are, as far as this member knows. It is asked for each message
	// whose grain isn't in memory here, and takes no lock that is held for long.
	Locate(role, key string) Place
	// OnChange sets what is called after places have changed; it is called once, before anything is sent.
	OnChange(changed func())
}

// elsewhere is the other member that an actor lives in; "": it is here, or nobody knows.
func (k *core) elsewhere(id string) string {
	if k.plain {
		return k.away
	}
	if place := k.locate(id); place.Answer == Elsewhere || place.Answer == Soon {
		return place.Member
	}
	return ""
}

// locate says where a grain is. Kinds without a role, and all kinds of a system without a directory, are here.
func (k *core) locate(id string) Place {
	d := k.sys.directory
	if d == nil || k.role == "" {
		return Place{}
	}
	return d.Locate(k.role, k.affinity(id))
}
