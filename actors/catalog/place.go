package catalog

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Place is where a campaign stands in the list that has the newest first.
type Place struct {
	At time.Time // when it was accepted
	ID string
}

// PlaceOf is an item's.
func PlaceOf(i Item) Place { return Place{i.AcceptedAt, i.ID} }

// String is what ParsePlace reads.
func (p Place) String() string { return fmt.Sprintf("%d.%s", p.At.UnixNano(), p.ID) }

// ParsePlace reads a place; ok is false where the text is none.
func ParsePlace(text string) (p Place, ok bool) {
	at, id, both := strings.Cut(text, ".")
	nanoseconds, err := strconv.ParseInt(at, 10, 64)
	return Place{time.Unix(0, nanoseconds), id}, both && id != "" && err == nil
}

func (p Place) compare(q Place) int { return cmp.Or(q.At.Compare(p.At), cmp.Compare(p.ID, q.ID)) }
