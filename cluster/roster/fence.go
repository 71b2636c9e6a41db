package roster

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ErrFence: a fence's value can't be read.
var ErrFence = errors.New("roster: malformed fence")

// FenceState is what a fence says of its owner.
type FenceState string

// States of a fence. One without a state is owned: versions before members wrote {"owner": ...} only.
const (
	FenceOwned    FenceState = "owned"
	FenceReleased FenceState = "released" // the owner has stored everything and serves nothing of the shard any more
)

// Fence is the value of a shard's fence. Its position in the store is the fencing token; only a compare-and-set on that replaces it.
// The zero Fence stands for none.
type Fence struct {
	Owner string     `json:"owner"`           // incarnation
	Epoch uint64     `json:"epoch,omitempty"` // of the owner's view when it wrote this; 0 in old fences
	State FenceState `json:"state,omitempty"`
	To    string     `json:"to,omitempty"` // released to whom; a hint, for the view decides
}

// EncodeFence writes a fence.
func EncodeFence(f Fence) ([]byte, error) {
	f = f.settled()
	if err := f.validate(); err != nil {
		return nil, err
	}
	return json.Marshal(f)
}

// DecodeFence reads what EncodeFence wrote, of this or another version.
func DecodeFence(data []byte) (Fence, error) {
	if len(data) > maxSmall {
		return Fence{}, fmt.Errorf("%w: %d bytes, at most %d", ErrFence, len(data), maxSmall)
	}
	var f Fence
	if err := json.Unmarshal(data, &f); err != nil {
		return Fence{}, fmt.Errorf("%w: %w", ErrFence, err)
	}
	f = f.settled()
	return f, f.validate()
}

func (f Fence) settled() Fence {
	if f.State == "" {
		f.State = FenceOwned
	}
	return f
}

// validate doesn't insist on ULIDs: old stores may hold other owners.
func (f Fence) validate() error {
	if f.Owner == "" || len(f.Owner) > MaxName || len(f.To) > MaxName {
		return fmt.Errorf("%w: owner of %d bytes, to of %d: 1 to %d and at most %d", ErrFence, len(f.Owner), len(f.To), MaxName, MaxName)
	}
	if f.State != FenceOwned && f.State != FenceReleased {
		return fmt.Errorf("%w: unknown state %.40q: a newer version wrote it, update this one", ErrFence, f.State)
	}
	return nil
}

// Claimable is the answer to "may I claim this shard?".
type Claimable string

// Answers. The first four allow it.
const (
	ClaimUnowned  Claimable = "unowned"  // nobody ever had it
	ClaimOurs     Claimable = "ours"     // an earlier claim of ours, whose answer was lost
	ClaimReleased Claimable = "released" // to us, or to one that is not the owner any more
	ClaimEvicted  Claimable = "evicted"  // its owner is not in the view: evicted, replaced, or from before members

	ClaimNotOurs Claimable = "not_ours" // our view names another owner, or nobody
	ClaimHeld    Claimable = "held"     // its owner is in the view and has not released it yet: look again later
	ClaimOutrun  Claimable = "outrun"   // a higher epoch wrote it: wait for a newer view
)

// May tells whether the answer allows the claim.
func (c Claimable) May() bool {
	return c == ClaimUnowned || c == ClaimOurs || c == ClaimReleased || c == ClaimEvicted
}

// MayClaim judges the fence that stands (the zero Fence: none) for member me, whose view v gives the shard to owner. The claim
// itself is a compare-and-set on the fence that was judged, with v's epoch; so whatever happens in between refuses it.
//
// "Not in the view" means evicted only because the epoch was compared first: in a view older than the fence, an owner may be
// missing because it has not come yet.
func MayClaim(v View, me, owner string, f Fence) Claimable {
	switch {
	case owner != me:
		return ClaimNotOurs
	case f == Fence{}:
		return ClaimUnowned
	case f.Epoch > v.Epoch:
		return ClaimOutrun
	case f.Owner == me:
		return ClaimOurs
	case f.State == FenceReleased:
		return ClaimReleased
	case v.Names(f.Owner):
		return ClaimHeld
	default:
		return ClaimEvicted
	}
}

// ClaimFence is the fence that a member writes to take a shard.
func ClaimFence(v View, me string) Fence { return Fence{Owner: me, Epoch: v.Epoch, State: FenceOwned} }

// ReleaseFence is the fence that a member writes to give a shard to the owner that its view names.
func ReleaseFence(v View, me, to string) Fence {
	return Fence{Owner: me, Epoch: v.Epoch, State: FenceReleased, To: to}
}
