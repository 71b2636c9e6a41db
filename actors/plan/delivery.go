package plan

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"hayauma.example/actors/audience"
	"hayauma.example/actors/audience/spill"
)

// source yields the rows of a run, or of one of its lots, as often as needed. values are valid until do returns.
type source interface {
	each(do func(number uint32, user string, values []string) error) error
}

// delivery is pass 2: it turns rows into chunks by what the survey found.
type delivery struct {
	survey *survey
	opts   Options
	dir    *spill.Dir
	out    *chunkWriter

	ordinal  uint32 // of the next good row
	hashes   *bufio.Reader
	hash     Hash // of the current row
	failures *failureReader
	next     func() (*member, error, bool) // members of groups
	member   *member                       // the next one, nil at the end
	sorter   *spill.Sorter
	entry    []byte
}

var errChanged = errors.New("plan: the audience changed between two readings")

func (d *delivery) run(rows source) error {
	d.failures = &failureReader{r: d.survey.failures.Reader(spillBuffer), left: d.survey.failed}
	if err := d.failures.advance(); err != nil {
		return err
	}
	each := d.mixed
	if d.survey.same && d.survey.good > 1 {
		each = d.uniform
	} else {
		stop, err := d.openGroups()
		if err != nil {
			return err
		}
		defer stop()
	}
	if err := rows.each(each); err != nil {
		return err
	}
	if d.ordinal != d.survey.good || d.failures.open {
		return errChanged
	}
	for _, step := range []func() error{d.out.flush, d.multicasts, d.failed} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// openGroups prepares what a mixed run reads beside its rows.
func (d *delivery) openGroups() (stop func(), err error) {
	if !d.survey.same {
		d.hashes = d.survey.hashes.Reader(spillBuffer)
	}
	sources, err := d.survey.groups()
	if err != nil {
		return nil, err
	}
	next, stop := iter.Pull2(spill.Merge(sources, func(a, b *member) bool { return a.ordinal < b.ordinal }))
	d.next = next
	d.sorter = spill.NewSorter(d.dir, d.opts.SorterBytes)
	return stop, d.advance()
}

func (d *delivery) advance() error {
	m, err, ok := d.next()
	if !ok {
		m = nil
	}
	d.member = m
	return err
}

// good tells whether a row is good, and counts it.
func (d *delivery) good(number uint32) (ok bool, err error) {
	if d.failures.open && d.failures.number == number {
		return false, d.failures.advance()
	}
	d.ordinal++
	return true, nil
}

// uniform puts a row into the only group.
func (d *delivery) uniform(number uint32, user string, values []string) error {
	ok, err := d.good(number)
	if !ok || err != nil {
		return err
	}
	if d.ordinal == 1 {
		d.out.begin(Multicast, d.survey.first, values)
	}
	d.entry = audience.AppendUser(d.entry[:0], user)
	return d.out.add(d.entry)
}

// mixed puts a row into its group or into a push chunk.
func (d *delivery) mixed(number uint32, user string, values []string) error {
	ok, err := d.good(number)
	if !ok || err != nil {
		return err
	}
	d.hash = d.survey.first
	if d.hashes != nil {
		if _, err := io.ReadFull(d.hashes, d.hash[:]); err != nil {
			return fmt.Errorf("plan: read spilled hashes: %w", err)
		}
	}
	d.entry = audience.AppendUser(d.entry[:0], user)
	ordinal := d.ordinal - 1
	if d.member == nil || d.member.ordinal != ordinal {
		d.out.begin(Push, Hash{}, nil)
		d.entry = appendTexts(append(d.entry, d.hash[:]...), values)
		return d.out.add(d.entry)
	}
	first := d.member.first
	if first == ordinal {
		d.entry = appendTexts(append(d.entry, d.hash[:]...), values)
	}
	if err := d.sorter.Add(uint64(first)<<32|uint64(ordinal), d.entry); err != nil {
		return err
	}
	return d.advance()
}

// multicasts writes the groups in the order of their first rows.
func (d *delivery) multicasts() error {
	if d.sorter == nil {
		return nil
	}
	for item, err := range d.sorter.Sorted() {
		if err != nil {
			return err
		}
		user := item.Payload
		if first, ordinal := uint32(item.Key>>32), uint32(item.Key); first == ordinal {
			if user, err = d.beginGroup(item.Payload); err != nil {
				return err
			}
		}
		if err := d.out.add(user); err != nil {
			return err
		}
	}
	return d.out.flush()
}

// beginGroup reads the first member of a group: its user, the hash and the values for all.
func (d *delivery) beginGroup(payload []byte) (user []byte, err error) {
	c := &decoder{audience.NewCursor(payload)}
	c.AppendUserText(nil)
	size := len(payload) - c.Rest()
	hash, values := c.hash(), c.texts(len(d.out.columns))
	if err := c.Done(); err != nil {
		return nil, err
	}
	if err := d.out.flush(); err != nil {
		return nil, err
	}
	d.out.begin(Multicast, hash, values)
	return payload[:size], nil
}

func (d *delivery) failed() error {
	f := &failureReader{r: d.survey.failures.Reader(spillBuffer), left: d.survey.failed}
	for {
		if err := f.advance(); err != nil {
			return err
		}
		if !f.open {
			return d.out.flush()
		}
		d.out.begin(Failed, Hash{}, nil)
		if err := d.out.add(f.entry); err != nil {
			return err
		}
	}
}

// failureReader walks through the failed rows.
type failureReader struct {
	r      *bufio.Reader
	left   uint32
	open   bool
	number uint32 // row number
	entry  []byte // user and reason as a failed chunk stores them
}

func (f *failureReader) advance() error {
	if f.left == 0 {
		f.open = false
		return nil
	}
	delta, err := binary.ReadUvarint(f.r)
	if err != nil {
		return fmt.Errorf("plan: read spilled failures: %w", err)
	}
	f.number += uint32(delta)
	f.entry = f.entry[:0]
	f.open = true
	f.left--
	for _, compact := range []int{16, 0} { // an empty user length stands for 16 bytes; an empty reason is empty
		if err := f.text(compact); err != nil {
			return fmt.Errorf("plan: read spilled failures: %w", err)
		}
	}
	return nil
}

func (f *failureReader) text(whenZero int) error {
	n, err := binary.ReadUvarint(f.r)
	if err != nil {
		return err
	}
	f.entry = binary.AppendUvarint(f.entry, n)
	if n == 0 {
		n = uint64(whenZero)
	}
	from := len(f.entry)
	f.entry = slices.Grow(f.entry, int(n))[:from+int(n)]
	_, err = io.ReadFull(f.r, f.entry[from:])
	return err
}
