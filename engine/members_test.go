package engine

import (
	"fmt"
	"testing"
)

// TestMembersThatComeAndGoLeaveNothing behind in an engine: and no two have one number.
func TestMembersThatComeAndGoLeaveNothing(t *testing.T) {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	seen := map[uint32]bool{}
	stays := s.members.index("stays")
	for n := range 1000 {
		name := fmt.Sprint("m", n)
		i := s.members.index(name)
		if seen[i] || i == stays || i == 0 {
			t.Fatalf("number %d of %s is another's", i, name)
		}
		seen[i] = true
		s.MemberLost(name)
		s.MemberLost(name)
	}
	if n := len(s.members.byName); n != 1 || s.members.index("stays") != stays {
		t.Errorf("%d names are left", n)
	}
}
