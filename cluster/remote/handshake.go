package remote

import (
	"encoding/binary"
	"fmt"

	"hayauma.example/engine"
)

// Version of the protocol that this package speaks; a newer dialler is answered in it.
const Version = 1

const magic = "HYRM"

// Verdict is a listener's answer to a dialler.
type Verdict uint8

// The verdicts.
const (
	Welcome  Verdict = iota // packets are taken
	Stranger                // the dialler is not in the listener's view
	Mistaken                // the dialler meant another incarnation
	Stale                   // the dialler has a later session with this listener
	Oversize                // the dialler writes longer messages than the listener reads
	verdicts
)

// String tells what to do about it.
func (v Verdict) String() string {
	switch v {
	case Welcome:
		return "welcome"
	case Stranger:
		return "the dialler is not in its view: it is asked again until the views agree"
	case Mistaken:
		return "another incarnation listens there: a new view will name it"
	case Stale:
		return "a later session is known: an old connection came late"
	case Oversize:
		return "MaxPacket and MaxBatch are larger here than there: configure all members alike"
	default:
		return fmt.Sprintf("verdict %d", uint8(v))
	}
}

// hello is a dialler's first message.
type hello struct {
	version    uint8
	lane       engine.Lane
	maxMessage uint32 // the dialler writes none longer, in bytes
	session    uint64 // counts how often the dialler got this peer; numbers of packets begin at 1 in each
	oldest     uint64 // number of the oldest packet that it still may send
	from, to   string // incarnations
}

func (h hello) append(dst []byte) []byte {
	dst = append(append(dst, magic...), h.version, byte(h.lane))
	dst = binary.BigEndian.AppendUint32(dst, h.maxMessage)
	dst = binary.BigEndian.AppendUint64(dst, h.session)
	dst = binary.BigEndian.AppendUint64(dst, h.oldest)
	return appendName(appendName(dst, h.from), h.to)
}

func decodeHello(message []byte) (hello, error) {
	c := cursor{rest: message}
	c.magic()
	h := hello{version: c.uint8(), lane: engine.Lane(c.uint8()), maxMessage: c.uint32(), session: c.uint64(), oldest: c.uint64()}
	h.from, h.to = c.name(), c.name()
	switch {
	case !c.ended(h.version):
		return hello{}, malformed("a hello of %d bytes", len(message))
	case h.lane >= engine.Lanes:
		return hello{}, malformed("lane %d", h.lane)
	case h.oldest == 0 || h.session == 0:
		return hello{}, malformed("session %d, oldest packet %d", h.session, h.oldest)
	}
	return h, nil
}

// answer is the listener's answer to a hello.
type answer struct {
	version  uint8 // that both speak
	verdict  Verdict
	received uint64 // number of the last packet that it has received in this session
	listener string // its incarnation
}

func (a answer) append(dst []byte) []byte {
	dst = append(append(dst, magic...), a.version, byte(a.verdict))
	return appendName(binary.BigEndian.AppendUint64(dst, a.received), a.listener)
}

func decodeAnswer(message []byte) (answer, error) {
	c := cursor{rest: message}
	c.magic()
	a := answer{version: c.uint8(), verdict: Verdict(c.uint8()), received: c.uint64(), listener: c.name()}
	switch {
	case !c.ended(a.version):
		return answer{}, malformed("an answer of %d bytes", len(message))
	case a.version > Version:
		return answer{}, malformed("version %d, this member speaks %d", a.version, Version)
	case a.verdict >= verdicts:
		return answer{}, malformed("%s", a.verdict)
	}
	return a, nil
}

func appendName(dst []byte, name string) []byte { return append(append(dst, byte(len(name))), name...) }

// cursor reads fields one after another; after the first that is not there it reads zeros.
type cursor struct {
	rest []byte
	bad  bool
}

func (c *cursor) cut(n int) []byte {
	if c.bad || n > len(c.rest) {
		c.bad = true
		return make([]byte, min(n, 8))
	}
	field := c.rest[:n]
	c.rest = c.rest[n:]
	return field
}

func (c *cursor) magic() {
	if string(c.cut(len(magic))) != magic {
		c.bad = true
	}
}

func (c *cursor) uint8() uint8   { return c.cut(1)[0] }
func (c *cursor) uint32() uint32 { return binary.BigEndian.Uint32(c.cut(4)) }
func (c *cursor) uint64() uint64 { return binary.BigEndian.Uint64(c.cut(8)) }

func (c *cursor) name() string {
	name := string(c.cut(int(c.uint8())))
	if name == "" {
		c.bad = true
	}
	return name
}

// ended says whether all was there and nothing follows; what a later version adds behind is skipped.
func (c *cursor) ended(version uint8) bool {
	return !c.bad && version > 0 && (version > Version || len(c.rest) == 0)
}
