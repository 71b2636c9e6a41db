package roster

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/oklog/ulid/v2"
)

// ErrMember: a member's description can't be used; the text tells which field and what to do.
var ErrMember = errors.New("roster: member can't be used")

// Limits of what one member may say of itself, so that a view stays small.
const (
	MaxName    = 64   // bytes of a node's or a role's name
	MaxAddress = 255  // bytes
	MaxRoles   = 64   // per member
	MaxWeight  = 1000 // Weight
)

// State is what the view says of a member. A state that this version does not know owns nothing.
type State string

// States, in the order of a member's life. The empty state is Joining.
const (
	Joining  State = "joining"  // in the view, owns nothing yet
	Active   State = "active"   // owns its share
	Draining State = "draining" // gives up what it owns, then leaves
)

// Member is one start of a process. Readers skip fields that they don't know, and a missing field is zero.
type Member struct {
	Incarnation string   `json:"incarnation" msgpack:"incarnation"` // ULID of this start; never used again
	Node        string   `json:"node" msgpack:"node"`               // survives restarts; placement goes by it
	Address     string   `json:"address" msgpack:"address"`         // host:port of remote
	Roles       []string `json:"roles" msgpack:"roles"`             // sorted, each once
	Weight      uint32   `json:"weight" msgpack:"weight"`           // share of the shards; 0 counts as 1
	State       State    `json:"state" msgpack:"state"`
	Proven      uint64   `json:"proven" msgpack:"proven"` // number of the renewal that created its record; see Lease
}

// Share is the weight that counts.
func (m Member) Share() uint64 { return uint64(max(m.Weight, 1)) }

// Carries tells whether the member names the role.
func (m Member) Carries(role string) bool { return slices.Contains(m.Roles, role) }

// Equal compares by value.
func (m Member) Equal(o Member) bool {
	return m.Incarnation == o.Incarnation && m.Node == o.Node && m.Address == o.Address &&
		m.Weight == o.Weight && m.State == o.State && m.Proven == o.Proven && slices.Equal(m.Roles, o.Roles)
}

// Validate answers an ErrMember that tells the fix.
func (m Member) Validate() error {
	for _, err := range []error{
		checkIncarnation(m.Incarnation), checkName("node", m.Node), checkAddress(m.Address), checkRoles(m.Roles), checkWeight(m.Weight),
	} {
		if err != nil {
			return fmt.Errorf("%w: node %.64q: %w", ErrMember, m.Node, err)
		}
	}
	return nil
}

func checkIncarnation(s string) error {
	id, err := ulid.ParseStrict(s)
	if err != nil || id.String() != s {
		return fmt.Errorf("incarnation %.40q is not a ULID in capitals: make one at each start of the process", s)
	}
	return nil
}

// ValidName tells whether a node or a role can be called so.
func ValidName(s string) bool { return checkName("", s) == nil }

func checkName(what, s string) error {
	if s == "" || len(s) > MaxName {
		return fmt.Errorf("%s name has %d bytes: give it 1 to %d", what, len(s), MaxName)
	}
	for i := range len(s) {
		if !nameByte(s[i]) {
			return fmt.Errorf("%s name %q: use letters, digits, '-', '_' and '.' only", what, s)
		}
	}
	return nil
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
}

func checkAddress(s string) error {
	if len(s) > MaxAddress {
		return fmt.Errorf("address has %d bytes: at most %d", len(s), MaxAddress)
	}
	if host, port, err := net.SplitHostPort(s); err != nil || host == "" || port == "" {
		return fmt.Errorf("address %q: give host:port, as other members reach it", s)
	}
	return nil
}

func checkRoles(roles []string) error {
	if len(roles) > MaxRoles {
		return fmt.Errorf("%d roles: at most %d", len(roles), MaxRoles)
	}
	for i, r := range roles {
		if err := checkName("role", r); err != nil {
			return err
		}
		if i > 0 && roles[i-1] >= r {
			return fmt.Errorf("roles %q after %q: name each once, sorted", r, roles[i-1])
		}
	}
	return nil
}

func checkWeight(w uint32) error {
	if w > MaxWeight {
		return fmt.Errorf("weight %d: at most %d; only its ratio to the others counts", w, MaxWeight)
	}
	return nil
}

// settled gives a missing state its meaning.
func (m Member) settled() Member {
	if m.State == "" {
		m.State = Joining
	}
	return m
}
