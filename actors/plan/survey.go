package plan

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"io"
	"strings"

	"hayauma.example/actors/audience"
	"hayauma.example/actors/audience/spill"
	"hayauma.example/actors/template"
)

// survey is what pass 1 finds out. Good rows, those that are neither duplicate nor failed, are counted by ordinals from 0.
type survey struct {
	opts Options
	dir  *spill.Dir

	good    uint32
	same    bool // all good rows have the hash first
	first   Hash
	hashes  *spill.File   // of the good rows in order, unless same
	buckets []*spill.File // {hash, delta of ordinal}… by partition, unless same
	last    []uint32      // ordinal last written, by partition
	seed    maphash.Seed  // so that no audience can be made to fill one partition

	failures *spill.File // {delta of row number, user, reason}…
	failed   uint32
	lastFail uint32
	entry    []byte
}

const spillBuffer = 64 << 10

func takeSurvey(in Input, rows *rows, dir *spill.Dir, opts Options) (*survey, error) {
	s := &survey{opts: opts, dir: dir, same: true, seed: maphash.MakeSeed(), failures: dir.File(spillBuffer)}
	render, err := newRenderer(in)
	if err != nil {
		return nil, err
	}
	err = rows.each(func(number uint32, user string, values []string) error {
		hash, problem := render.row(values)
		if problem != nil {
			return s.fail(number, user, problem)
		}
		return s.add(hash)
	})
	return s, err
}

// renderer turns a row into its hash, or into the reason why it failed.
type renderer struct {
	bound  *template.Bound
	check  func([]byte) error
	static bool
	body   []byte
	known  bool // hash and problem are those of the last body
	hash   Hash
	err    error
}

func newRenderer(in Input) (*renderer, error) {
	b, err := in.Template.Bind(in.Template.Inputs(), in.Now)
	if err != nil {
		return nil, err
	}
	return &renderer{bound: b, check: in.Check, static: in.Template.Static()}, nil
}

func (r *renderer) row(values []string) (Hash, error) {
	if r.static && r.known {
		return r.hash, r.err
	}
	var err error
	if r.body, err = r.bound.Render(r.body[:0], values); err != nil {
		r.known, r.err = true, err
		r.hash = Hash{}
		return Hash{}, err
	}
	hash := Sum(r.body)
	if r.known && hash == r.hash && r.err == nil {
		return hash, nil // the same body as in the row before: checked
	}
	r.known, r.hash, r.err = true, hash, nil
	if r.check != nil {
		r.err = r.check(r.body)
	}
	return hash, r.err
}

// add notes the hash of the next good row.
func (s *survey) add(hash Hash) error {
	if s.good == 0 {
		s.first = hash
	}
	if s.same && hash != s.first {
		if err := s.differ(); err != nil {
			return err
		}
	}
	s.good++
	if s.same {
		return nil
	}
	return s.put(hash, s.good-1)
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
		if err := s.put(s.first, ordinal); err != nil {
			return err
		}
	}
	return nil
}

func (s *survey) put(hash Hash, ordinal uint32) error {
	if _, err := s.hashes.Write(hash[:]); err != nil {
		return err
	}
	i := maphash.Bytes(s.seed, hash[:]) % uint64(len(s.buckets))
	s.entry = binary.AppendUvarint(append(s.entry[:0], hash[:]...), uint64(ordinal-s.last[i]))
	s.last[i] = ordinal
	_, err := s.buckets[i].Write(s.entry)
	return err
}

const maxReason = 200 // bytes

func (s *survey) fail(number uint32, user string, problem error) error {
	reason := problem.Error()
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + "…"
	}
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

// group is one body in a partition.
type group struct{ first, size uint32 }

func (s *survey) count(bucket *spill.File, seen map[Hash]group) error {
	clear(seen)
	return eachHash(bucket, func(hash Hash, ordinal uint32) error {
		g, ok := seen[hash]
		if !ok {
			g.first = ordinal
		}
		g.size++
		seen[hash] = g
		return nil
	})
}

func (s *survey) members(bucket *spill.File, seen map[Hash]group) (*spill.File, error) {
	out := s.dir.File(s.opts.PartitionBytes)
	last := uint32(0)
	err := eachHash(bucket, func(hash Hash, ordinal uint32) error {
		g := seen[hash]
		if int64(g.size) < int64(s.opts.MulticastLeast) {
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

func eachHash(bucket *spill.File, do func(Hash, uint32) error) error {
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
		delta, err := binary.ReadUvarint(r)
		if err != nil {
			return err
		}
		ordinal += uint32(delta)
		if err := do(hash, ordinal); err != nil {
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
