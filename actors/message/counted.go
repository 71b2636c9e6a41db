package message

import (
	"sync/atomic"

	"hayauma.example/actors"
)

// Counted counts what became of the messages of a node's books. The zero value is empty; it is safe for concurrent use and must not be copied.
type Counted struct {
	Outcomes [actors.Delivered + 1]atomic.Uint64
}
