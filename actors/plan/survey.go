package plan

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"io"
	"strings"
	"time"

	"hayauma.example/actors/audience"
	"hayauma.example/actors/audience/spill"
	"hayauma.example/actors/template"
)

// survey is what pass 1 finds out. Good rows, those that are neither duplicate nor failed, are counted by ordinals from 0.
type survey struct {
	opts Options
	dir  *spill.Dir

	good    uint32
	same    bool   // all good rows have the hash first, and nobody is apart
	grouped uint32 // good rows that are not apart
	alike   bool   // … and all have the hash of the first of them, body
	body    Hash
	others  uint32 // distinct hashes, once they are grouped, unless same
	first   Hash
	hashes  *spill.File   // of the good rows in order, unless same
	buckets []*spill.File // {hash, delta of ordinal and whether it is apart}… by partition, unless same
	last    []uint32      // ordinal last written, by partition
	seed    maphash.Seed  // so that no audience can be made to fill one partition

	failures *spill.File // {delta of row number, user, reason}…
	failed   uint32
	lastFail uint32
	entry    []byte
}

const spillBuffer = 64 << 10

func newSurvey(dir *spill.Dir, opts Options) *survey {
	return &survey{opts: opts, dir: dir, same: true, alike: true, seed: maphash.MakeSeed(), failures: dir.File(spillBuffer)}
}

// takeSurvey renders every row of a run without lots.
func takeSurvey(in Input, rows *rows, s *survey) (*survey, error) {
	render, err := newRenderer(in.Template, in.Now, in.Check)
	if err != nil {
		return nil, err
	}
	err = rows.each(func(number uint32, user string, values []string) error {
		r := render.rendered(number, user, values)
		if in.Watch.Row != nil {
			if err := in.Watch.Row(r); err != nil {
				return err
			}
		}
		return s.take(r, in.Apart)
	})
	return s, err
}

// take notes the next row.
func (s *survey) take(r Rendered, apart func(user string) bool) error {
	if r.Reason != "" {
		return s.fail(r.Number, r.User, r.Reason)
	}
	return s.add(r.Hash, apart != nil && apart(r.User))
}

// renderer turns a row into its hash, or into the reason why it failed.
type renderer struct {
	bound  *template.Bound
	check  func([]byte) error
	static bool
	body   *[]byte // of the newest row
	known  bool    // hash and problem are those of the last body
	hash   Hash
	err    error
}

func newRenderer(t *template.Template, now time.Time, check func([]byte) error) (*renderer, error) {
	b, err := t.Bind(t.Inputs(), now)
	if err != nil {
		return nil, err
	}
	return &renderer{bound: b, check: check, static: t.Static(), body: new([]byte)}, nil
}

// rendered is what became of a row.
func (r *renderer) rendered(number uint32, user string, values []string) Rendered {
	hash, problem := r.row(values)
	out := Rendered{Number: number, User: user, Body: *r.body, Hash: hash}
	if problem != nil {
		out.Reason = reasonOf(problem)
	}
	return out
}

func (r *renderer) row(values []string) (Hash, error) {
	if r.static && r.known {
		return r.hash, r.err
	}
	var err error
	if *r.body, err = r.bound.Render((*r.body)[:0], values); err != nil {
		r.known, r.err = true, err
		r.hash = Hash{}
		return Hash{}, err
	}
	hash := Sum(*r.body)
	if r.known && hash == r.hash && r.err == nil {
		return hash, nil // the same body as in the row before: checked
	}
	r.known, r.hash, r.err = true, hash, nil
	if r.check != nil {
		r.err = r.check(*r.body)
	}
	return hash, r.err
}

// add notes the hash of the next good row.
func (s *survey) add(hash Hash, apart bool) error {
	if s.good == 0 {
		s.first = hash
	}
	if !apart {
		if s.grouped == 0 {
			s.body = hash
		}
		s.grouped++
		s.alike = s.alike && hash == s.body
	}
	if s.same && (apart || hash != s.first) {
		if err := s.differ(); err != nil {
			return err
		}
	}
	s.good++
	if s.same {
		return nil
	}
	return s.put(hash, s.good-1, apart)
}

// differ begins to write hashes down, with those of the equal rows so far.
func (s *survey) differ() error {
	s.same = false
	s.hashes = s.dir.File(spillBuffer)
	s.last = make([]uint32, s.opts.Partitions)
	for range s.opts.Partitions {
		s.buckets = append(s.buckets, s.dir.File(s.opts.PartitionBytes))
	}
	for ordinal := range s.good {
		if err := s.put(s.first, ordinal, false); err != nil {
			return err
		}
	}
	return nil
}

func (s *survey) put(hash Hash, ordinal uint32, apart bool) error {
	if _, err := s.hashes.Write(hash[:]); err != nil {
		return err
	}
	i := maphash.Bytes(s.seed, hash[:]) % uint64(len(s.buckets))
	head := uint64(ordinal-s.last[i]) << 1
	if apart {
		head |= 1
	}
	s.entry = binary.AppendUvarint(append(s.entry[:0], hash[:]...), head)
	s.last[i] = ordinal
	_, err := s.buckets[i].Write(s.entry)
	return err
}

const maxReason = 200 // bytes

// reasonOf is what is kept of a problem; it is never empty.
func reasonOf(problem error) string {
	reason := cmp.Or(problem.Error(), "the message could not be made")
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + "…"
	}
	return reason
}

// bodies is how many distinct bodies there are.
func (s *survey) bodies() uint32 {
	switch {
	case s.good == 0:
		return 0
	case s.same:
		return 1
	}
	return s.others
}

func (s *survey) fail(number uint32, user, reason string) error {
	s.entry = binary.AppendUvarint(s.entry[:0], uint64(number-s.lastFail))
	s.entry = audience.AppendText(audience.AppendUser(s.entry, user), reason)
	s.lastFail = number
	s.failed++
	_, err := s.failures.Write(s.entry)
	return err
}

// member is a good row that shares its body with others; first is the first of them.
type member struct{ ordinal, first uint32 }

// groups yields the members of all groups by ordinal.
func (s *survey) groups() (sources []spill.Source[member], err error) {
	seen := map[Hash]group{}
	for i, bucket := range s.buckets {
		if err := s.count(bucket, seen); err != nil {
			return nil, err
		}
		s.others += uint32(len(seen))
		members, err := s.members(bucket, seen)
		if err != nil {
			return nil, err
		}
		if members.Size() > 0 {
			sources = append(sources, memberSource(members))
		}
		if err := bucket.Drop(); err != nil {
			return nil, err
		}
		s.buckets[i] = nil
	}
	return sources, nil
}

// group is one body in a partition; who is apart is not in it.
type group struct{ first, size uint32 }

func (s *survey) count(bucket *spill.File, seen map[Hash]group) error {
	clear(seen)
	return eachHash(bucket, func(hash Hash, ordinal uint32, apart bool) error {
		g := seen[hash]
		if !apart {
			if g.size == 0 {
				g.first = ordinal
			}
			g.size++
		}
		seen[hash] = g
		return nil
	})
}

func (s *survey) members(bucket *spill.File, seen map[Hash]group) (*spill.File, error) {
	out := s.dir.File(s.opts.PartitionBytes)
	last, least := uint32(0), s.opts.MulticastLeast
	if s.alike {
		least = 2
	}
	err := eachHash(bucket, func(hash Hash, ordinal uint32, apart bool) error {
		g := seen[hash]
		if apart || int64(g.size) < int64(least) {
			return nil
		}
		s.entry = binary.AppendUvarint(s.entry[:0], uint64(ordinal-last))
		s.entry = binary.AppendUvarint(s.entry, uint64(g.first))
		last = ordinal
		_, err := out.Write(s.entry)
		return err
	})
	return out, errors.Join(err, out.Settle())
}

func eachHash(bucket *spill.File, do func(hash Hash, ordinal uint32, apart bool) error) error {
	r := bucket.Reader(spillBuffer)
	var (
		hash    Hash
		ordinal uint32
	)
	for {
		switch _, err := io.ReadFull(r, hash[:]); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		head, err := binary.ReadUvarint(r)
		if err != nil {
			return err
		}
		ordinal += uint32(head >> 1)
		if err := do(hash, ordinal, head&1 == 1); err != nil {
			return err
		}
	}
}

func memberSource(f *spill.File) spill.Source[member] {
	r := f.Reader(8 << 10)
	return func(m *member) (bool, error) {
		delta, err := binary.ReadUvarint(r)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		first, err := binary.ReadUvarint(r)
		m.ordinal, m.first = m.ordinal+uint32(delta), uint32(first)
		return err == nil, err
	}
}
