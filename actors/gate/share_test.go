package gate

import "testing"

// flyAll lets gates start calls in turn until none may, as calls end in turn, and returns how many each has.
func flyAll(s *share, has []int, ends int) []int {
	for round := range ends + 1 {
		for started := true; started; {
			started = false
			for i := range has {
				if s.allows(has[i]) {
					has[i]++
					s.began(has[i])
					started = true
				}
			}
		}
		if i := round % len(has); round < ends && has[i] > 0 {
			has[i]--
			s.ended(has[i])
		}
	}
	return has
}

func TestShareGivesOneGateEverything(t *testing.T) {
	s := &share{most: 100}
	if has := flyAll(s, make([]int, 1), 50); has[0] != 100 {
		t.Errorf("one gate has %d of 100", has[0])
	}
}

func TestShareGivesLateComersTheirPart(t *testing.T) {
	s := &share{most: 100}
	has := flyAll(s, make([]int, 1), 0)
	has = flyAll(s, append(has, 0, 0, 0), 400)
	all := 0
	for i, n := range has {
		if n < 20 || n > 40 {
			t.Errorf("gate %d of 4 has %d of 100", i, n)
		}
		all += n
	}
	if all > 110 {
		t.Errorf("%d in flight, 100 are allowed once all have their part", all)
	}
}

func TestShareGivesEachGateOne(t *testing.T) {
	s := &share{most: 3}
	for i, n := range flyAll(s, make([]int, 10), 0) {
		if n != 1 {
			t.Errorf("gate %d of 10 has %d, want 1 where 3 are allowed in all", i, n)
		}
	}
	if s.room(1) != 0 || s.room(0) != 1 {
		t.Errorf("room beyond: %d and %d", s.room(1), s.room(0))
	}
}

func TestShareIsNeverMuchBeyondTwice(t *testing.T) {
	s := &share{most: 100}
	var has []int
	all := 0
	for range 50 { // each takes what it may before the next comes, and no call ends
		has = flyAll(s, append(has, 0), 0)
	}
	for _, n := range has {
		if all += n; n == 0 {
			t.Error("a gate has none")
		}
	}
	if all > 200+50 {
		t.Errorf("%d in flight, 100 are allowed, and twice as many while gates come", all)
	}
}

func TestShareForgetsWhoEnds(t *testing.T) {
	s := &share{most: 8}
	for range 8 {
		s.began(1)
	}
	for range 8 {
		s.ended(0)
	}
	if s.all.Load() != 0 || s.gates.Load() != 0 || s.room(0) != 8 {
		t.Errorf("%d calls of %d gates are left", s.all.Load(), s.gates.Load())
	}
}
