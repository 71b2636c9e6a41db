package gate

import "sync/atomic"

// share divides the calls that one process may have in flight among its gates: each call costs a connection and three stacks, whatever
// its channel. Nothing is kept for gates that don't call.
//
//	a gate with n calls starts another if    all calls < most
//	                                   or    n < most / gates with calls    and    all calls < 2·most
//	                                   or    n = 0
//
// So one busy channel may have everything, and many have at least an equal part each, soon after they ask for it: a gate that has more
// than its part starts nothing more while there is no room. Until then there are more than most in flight, but no more than twice as
// many beside one for each gate. (Looking and counting are two steps: gates that look at the same moment may each start one more.)
type share struct {
	most  int64
	all   atomic.Int64 // calls in flight
	gates atomic.Int64 // gates that have calls in flight
}

// room is how many calls a gate with n of them may start now.
func (s *share) room(n int) int {
	all, part := s.all.Load(), s.most/max(1, s.gates.Load())
	return int(max(0, s.most-all, min(part-int64(n), 2*s.most-all), 1-int64(n)))
}

// allows tells whether a gate with n calls may start another.
func (s *share) allows(n int) bool { return s.room(n) > 0 }

// began counts a call of a gate, which now has n of them.
func (s *share) began(n int) {
	s.all.Add(1)
	if n == 1 {
		s.gates.Add(1)
	}
}

// ended counts the end of a call of a gate, which now has n of them.
func (s *share) ended(n int) {
	s.all.Add(-1)
	if n == 0 {
		s.gates.Add(-1)
	}
}
