package explain

import (
	"bytes"

	"hayauma.example/actors/plan"
)

// maxKept is how many bytes of bodies are kept in memory, of shapes and of samples each.
const maxKept = 4 << 20

// Message is a rendered messages array and the first recipient who would get it.
type Message struct {
	Place
	Body []byte
	Lot  plan.Lot // the recipient's
}

// sample takes recipients at even distances, in the order of the audience. In the place of one whose message can't be made stands the next
// one who has one.
type sample struct {
	want, recipients int
	seen             int // recipients so far
	chosen           int
	kept             int // bytes
	taken            []Message
	leftOut          int
}

func newSample(want, recipients int) *sample {
	return &sample{want: min(want, recipients), recipients: recipients}
}

// pass counts a recipient without a message.
func (s *sample) pass() { s.seen++ }

func (s *sample) offer(r plan.Rendered, place placer) error {
	s.seen++
	if s.chosen == s.want || int64(s.seen-1)*int64(s.want) < int64(s.chosen)*int64(s.recipients) {
		return nil
	}
	s.chosen++
	if s.kept += len(r.Body); s.kept > maxKept {
		s.leftOut++
		return nil
	}
	at, err := place()
	s.taken = append(s.taken, Message{at, bytes.Clone(r.Body), r.Lot})
	return err
}
