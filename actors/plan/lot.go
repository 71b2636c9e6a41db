package plan

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"hayauma.example/actors/audience"
)

// Lot is what no chunk mixes: which of the run's templates its recipients get, and when. The zero value is that of a run without lots.
type Lot struct {
	Variant uint8         // number of the template
	Local   bool          // the templates' now is by the recipients' clock, which is Offset
	Delay   time.Duration // nothing of it is sent before so long after the run's due time; whole minutes
	Offset  int32         // seconds east of UTC of the recipients' clock at that moment
}

// LotEntry is one lot in a table: recipients from First on are of it, up to the next lot.
type LotEntry struct {
	First uint32
	Lot
}

// MaxLots is how many lots a run may have.
const MaxLots = 1024

// ErrLots says that a run can't be divided as asked.
var ErrLots = errors.New("plan: the run can't be divided into lots")

// Now is the templates' now for the recipients of the lot, where the run's is due.
func (l Lot) Now(due time.Time) time.Time {
	due = due.Add(l.Delay)
	if !l.Local {
		return due
	}
	return due.In(time.FixedZone("", int(l.Offset)))
}

// compare is the order in which lots follow each other.
func (l Lot) compare(o Lot) int {
	local := func(l Lot) int {
		if l.Local {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(l.Delay, o.Delay), cmp.Compare(l.Variant, o.Variant), cmp.Compare(l.Offset, o.Offset), cmp.Compare(local(l), local(o)))
}

const (
	maxDelay  = 366 * 24 * time.Hour
	maxOffset = 24 * 60 * 60 // seconds
)

// check tells what is wrong with a lot of a run that has so many templates.
func (l Lot) check(templates int) error {
	switch {
	case int(l.Variant) >= templates:
		return fmt.Errorf("%w: there is no variant %d", ErrLots, l.Variant)
	case l.Delay < 0 || l.Delay > maxDelay || l.Delay%time.Minute != 0:
		return fmt.Errorf("%w: a delay of %s", ErrLots, l.Delay)
	case l.Offset < -maxOffset || l.Offset > maxOffset:
		return fmt.Errorf("%w: a clock that is off UTC by %d s", ErrLots, l.Offset)
	}
	return nil
}

// appendLot is how tables and chunks store one.
func appendLot(dst []byte, l Lot) []byte {
	local := byte(0)
	if l.Local {
		local = 1
	}
	dst = append(dst, l.Variant, local)
	dst = binary.AppendUvarint(dst, uint64(l.Delay/time.Minute))
	return binary.AppendVarint(dst, int64(l.Offset))
}

// readLot is the inverse of appendLot; what can't be a lot fails the cursor.
func readLot(c *audience.Cursor) (l Lot) {
	l.Variant = c.Byte()
	local := c.Byte()
	l.Local = local == 1
	l.Delay = time.Duration(c.Number(uint64(maxDelay/time.Minute))) * time.Minute
	zigzag := c.Number(2*maxOffset + 1)
	if l.Offset = int32(zigzag >> 1); zigzag&1 == 1 {
		l.Offset = ^l.Offset
	}
	if local > 1 || l.Offset > maxOffset || l.Offset < -maxOffset {
		c.Fail()
	}
	return l
}

// LotOf is the lot of a recipient, and its number in the table; without lots the zero one.
func LotOf(t Table, index uint32) (Lot, int) {
	if len(t.Lots) == 0 {
		return Lot{}, 0
	}
	n, exact := slices.BinarySearchFunc(t.Lots, index, func(e LotEntry, i uint32) int { return cmp.Compare(e.First, i) })
	if !exact {
		n--
	}
	return t.Lots[n].Lot, n
}

// Ready is how many recipients are of lots whose delay is not longer than that: they stand first.
func (t Table) Ready(delay time.Duration) uint32 {
	for _, l := range t.Lots {
		if l.Delay > delay {
			return l.First
		}
	}
	return t.Recipients
}

// LastDelay is that of the last lot.
func (t Table) LastDelay() time.Duration {
	if len(t.Lots) == 0 {
		return 0
	}
	return t.Lots[len(t.Lots)-1].Delay
}
