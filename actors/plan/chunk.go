package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"

	"hayauma.example/actors/audience"
)

// Mode is how the recipients of a chunk are served.
type Mode uint8

// The modes.
const (
	Push      Mode = iota + 1 // one call for each
	Multicast                 // one call for all: they share one body
	Failed                    // none: the message could not be made
)

// Hash is SHA-256 of a rendered messages array, cut to 16 bytes.
type Hash [16]byte

// Sum hashes a rendered messages array.
func Sum(messages []byte) Hash {
	sum := sha256.Sum256(messages)
	return Hash(sum[:16])
}

// Chunk is one frozen chunk.
type Chunk struct {
	Entry
	Lot                 // of all of its recipients
	Columns    []string // what Values belong to: bind the template to these
	Values     []string // Multicast: of the one body
	Hash       Hash     // Multicast: of the one body
	Recipients []Recipient
}

// Recipient is one recipient of a chunk, at index First plus its position.
type Recipient struct {
	User   string
	Values []string // Push
	Hash   Hash     // Push
	Reason string   // Failed
}

// ErrDamaged says that bytes are not a chunk or table, or of an unknown version.
var ErrDamaged = errors.New("plan: stored plan data is damaged or of an unknown version")

const (
	kindChunk   = 'C'
	version     = 1
	versionLots = 2         // of chunks and tables of a run with lots
	maxChunk    = 768 << 10 // bytes that DecodeChunk accepts
)

func versionOf(lots bool) byte {
	if lots {
		return versionLots
	}
	return version
}

// appendHead begins a chunk: everything before the recipients. Without a lot it is of a run without lots.
func appendHead(dst []byte, e Entry, lot *Lot) []byte {
	dst = append(dst, kindChunk, versionOf(lot != nil), byte(e.Mode))
	dst = binary.AppendUvarint(dst, uint64(e.First))
	dst = binary.AppendUvarint(dst, uint64(e.Count))
	if lot != nil {
		dst = appendLot(dst, *lot)
	}
	return dst
}

func appendColumns(dst []byte, columns []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(columns)))
	return appendTexts(dst, columns)
}

func appendTexts(dst []byte, texts []string) []byte {
	for _, t := range texts {
		dst = audience.AppendText(dst, t)
	}
	return dst
}

// DecodeChunk reads one chunk. It fails with [ErrDamaged].
func DecodeChunk(data []byte) (Chunk, error) {
	d := &decoder{Cursor: audience.NewCursor(data)}
	var c Chunk
	kind, form := d.Byte(), d.Byte()
	if len(data) > maxChunk || kind != kindChunk || form != version && form != versionLots {
		return Chunk{}, ErrDamaged
	}
	c.Mode = Mode(d.Byte())
	c.First = uint32(d.Number(math.MaxUint32))
	c.Count = uint32(d.Number(uint64(d.Rest())))
	if c.Mode < Push || c.Mode > Failed || c.Count == 0 || uint64(c.First)+uint64(c.Count) > math.MaxUint32 {
		return Chunk{}, ErrDamaged
	}
	if form == versionLots {
		c.Lot = readLot(d.Cursor)
	}
	if c.Mode != Failed {
		c.Columns = d.texts(int(d.Number(uint64(d.Rest()))))
	}
	if c.Mode == Multicast {
		c.Hash = d.hash()
		c.Values = d.texts(len(c.Columns))
	}
	if !d.fits(&c) {
		return Chunk{}, ErrDamaged
	}
	d.recipients(&c)
	if d.Done() != nil {
		return Chunk{}, ErrDamaged
	}
	return c, nil
}

type decoder struct{ *audience.Cursor }

// fits refuses counts that the remaining bytes cannot hold, before memory is taken for them.
func (d *decoder) fits(c *Chunk) bool {
	least := 2 // a user
	switch c.Mode {
	case Push:
		least += len(Hash{}) + len(c.Columns)
	case Failed:
		least++
	}
	return int(c.Count)*least <= d.Rest()
}

func (d *decoder) recipients(c *Chunk) {
	c.Recipients = make([]Recipient, c.Count)
	var users []byte
	ends := make([]int, c.Count)
	for i := range c.Recipients {
		r := &c.Recipients[i]
		users = d.AppendUserText(users)
		ends[i] = len(users)
		switch c.Mode {
		case Push:
			r.Hash = d.hash()
			r.Values = d.texts(len(c.Columns))
		case Failed:
			r.Reason = string(d.Text())
		}
	}
	all, from := string(users), 0
	for i, end := range ends {
		c.Recipients[i].User = all[from:end]
		from = end
	}
}

func (d *decoder) hash() (h Hash) {
	copy(h[:], d.Bytes(len(h)))
	return h
}

func (d *decoder) texts(n int) []string {
	if n > d.Rest() {
		d.Fail()
		return nil
	}
	texts := make([]string, n)
	for i := range texts {
		texts[i] = string(d.Text())
	}
	return texts
}
