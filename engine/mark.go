package engine

// Marked is a [Directory] that takes marks.
type Marked interface {
	// Marked takes a mark of another member's. What that one sent here before has arrived; what it has sent since has not. It doesn't block,
	// and keeps nothing of word.
	Marked(from string, word []byte)
}

// Mark has another member's Directory take a word, in order with the messages that this system sends there. No message follows it whose
// place was asked for before the call: so who says a new place first, and then marks the way to the old one, knows that the mark is the
// last on that way. A directory that knows no marks ignores it.
func (s *System) Mark(member string, word []byte) error {
	s.marks.Add(1)
	o := outgoings.Get().(*outgoing) // empty
	o.op, o.rest = opMark, word
	return s.sendPacket(member, o)
}

// Forwards counts the messages that came from other members, came back from one, or were in mailboxes of grains that left, and were sent on to
// another member.
func (s *System) Forwards() uint64 { return s.forwards.Load() }

// marked gives a mark to the directory.
func (s receiver) marked(from string, word []byte) {
	if d, ok := s.directory.(Marked); ok {
		d.Marked(from, word)
	}
}
