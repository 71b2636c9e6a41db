package roster_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hayauma.example/cluster/roster"
)

// viewOf has members with these ids, in these states.
func viewOf(states map[string]roster.State) roster.View {
	v := roster.View{Epoch: 7}
	for id, s := range states {
		m := member(id)
		m.State = s
		v.Members = append(v.Members, m)
	}
	slices.SortFunc(v.Members, func(a, b roster.Member) int { return map[bool]int{true: -1, false: 1}[a.Incarnation < b.Incarnation] })
	return v
}

func TestChangesOfTheView(t *testing.T) {
	three := viewOf(map[string]roster.State{"01": roster.Joining, "02": roster.Active, "03": roster.Draining})
	heir := member("09")
	heir.Node = "node-02"
	type result struct {
		why     roster.Reason
		err     error
		members map[string]roster.State
	}
	for name, c := range map[string]struct {
		change func(roster.View) (roster.View, roster.Reason, error)
		want   result
	}{
		"join": {joining(member("00")), result{roster.Joined, nil,
			map[string]roster.State{"00": "joining", "01": "joining", "02": "active", "03": "draining"}}},
		"join again":     {joining(member("01")), result{err: roster.ErrAlready}},
		"join taken":     {joining(heir), result{err: roster.ErrNodeTaken}},
		"join unsound":   {joining(roster.Member{}), result{err: roster.ErrMember}},
		"activate":       {of("01", roster.View.Activate), result{roster.Activated, nil, map[string]roster.State{"01": "active", "02": "active", "03": "draining"}}},
		"activate again": {of("02", roster.View.Activate), result{err: roster.ErrAlready}},
		"activate late":  {of("03", roster.View.Activate), result{err: roster.ErrState}},
		"activate who":   {of("09", roster.View.Activate), result{err: roster.ErrUnknown}},
		"drain":          {of("02", roster.View.Drain), result{roster.DrainBegun, nil, map[string]roster.State{"01": "joining", "02": "draining", "03": "draining"}}},
		"drain early":    {of("01", roster.View.Drain), result{roster.DrainBegun, nil, map[string]roster.State{"01": "draining", "02": "active", "03": "draining"}}},
		"drain again":    {of("03", roster.View.Drain), result{err: roster.ErrAlready}},
		"leave":          {of("03", roster.View.Leave), result{roster.Left, nil, map[string]roster.State{"01": "joining", "02": "active"}}},
		"leave early":    {of("01", roster.View.Leave), result{roster.Left, nil, map[string]roster.State{"02": "active", "03": "draining"}}},
		"leave active":   {of("02", roster.View.Leave), result{err: roster.ErrState}},
		"leave again":    {of("09", roster.View.Leave), result{err: roster.ErrUnknown}},
		"evict":          {of("02", roster.View.Evict), result{roster.Evicted, nil, map[string]roster.State{"01": "joining", "03": "draining"}}},
		"evict again":    {of("09", roster.View.Evict), result{err: roster.ErrUnknown}},
		"replace":        {replacing(heir), result{roster.Replaced, nil, map[string]roster.State{"01": "joining", "03": "draining", "09": "joining"}}},
		"replace nobody": {replacing(member("08")), result{err: roster.ErrUnknown}},
		"replace itself": {replacing(member("02")), result{err: roster.ErrAlready}},
		"affirm": {func(v roster.View) (roster.View, roster.Reason, error) { return v.Affirm(member("02").Incarnation, 9) },
			result{roster.Affirmed, nil, map[string]roster.State{"01": "joining", "02": "active", "03": "draining"}}},
	} {
		t.Run(name, func(t *testing.T) {
			next, why, err := c.change(three)
			if c.want.err != nil {
				if !errors.Is(err, c.want.err) || !next.Equal(three) || why != "" {
					t.Fatalf("%+v, %q, %v", next, why, err)
				}
				return
			}
			if err != nil || why != c.want.why || next.Epoch != 8 || next.Validate() != nil {
				t.Fatalf("%+v, %q, %v", next, why, err)
			}
			got := map[string]roster.State{}
			for _, m := range next.Members {
				got[m.Incarnation[24:]] = m.State
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want.members) {
				t.Errorf("got %v, want %v", got, c.want.members)
			}
		})
	}
}

func joining(m roster.Member) func(roster.View) (roster.View, roster.Reason, error) {
	return func(v roster.View) (roster.View, roster.Reason, error) { return v.Join(m) }
}

func replacing(m roster.Member) func(roster.View) (roster.View, roster.Reason, error) {
	return func(v roster.View) (roster.View, roster.Reason, error) { return v.Replace(m) }
}

func of(id string, f func(roster.View, string) (roster.View, roster.Reason, error)) func(roster.View) (roster.View, roster.Reason, error) {
	return func(v roster.View) (roster.View, roster.Reason, error) { return f(v, member(id).Incarnation) }
}

func TestRaisePassesAFenceOfALostView(t *testing.T) {
	v, why, err := roster.View{Epoch: 3}.Raise(500)
	if v.Epoch != 501 || why != roster.Raised || err != nil {
		t.Errorf("epoch %d, want 501; %v", v.Epoch, err)
	}
	if _, _, err = v.Raise(501); !errors.Is(err, roster.ErrAlready) {
		t.Error(err)
	}
}

func TestViewIsBounded(t *testing.T) {
	v := roster.View{}
	var err error
	for i := range roster.MaxMembers {
		m := member(fmt.Sprintf("%02d", i%100))
		m.Incarnation = fmt.Sprintf("01JD3Y6Z9V000000000000%04d", i)
		m.Node = fmt.Sprint("n", i)
		if v, _, err = v.Join(m); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err = v.Join(member("ZZ")); !errors.Is(err, roster.ErrCrowded) {
		t.Errorf("got %v, want ErrCrowded", err)
	}
	data, err := roster.EncodeView(v)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("figure: a view of %d members is %d bytes", len(v.Members), len(data))
	if back, err := roster.DecodeView(data); err != nil || !back.Equal(v) {
		t.Error(err)
	}
}

func TestViewRefusesWhatIsUnsound(t *testing.T) {
	v := viewOf(map[string]roster.State{"01": "active", "02": "active"})
	v.Members[0], v.Members[1] = v.Members[1], v.Members[0]
	twice := viewOf(map[string]roster.State{"01": "active", "02": "active"})
	twice.Members[1].Node = twice.Members[0].Node
	for _, v := range []roster.View{v, twice} {
		if _, err := roster.EncodeView(v); !errors.Is(err, roster.ErrView) {
			t.Errorf("got %v, want ErrView", err)
		}
	}
}

// act is one change of the view, of any kind.
func act(r *rapid.T, v roster.View) (roster.View, roster.Reason, error) {
	m := member(fmt.Sprintf("%02d", rapid.IntRange(0, 20).Draw(r, "id")))
	m.Node = fmt.Sprint("node-", rapid.IntRange(0, 8).Draw(r, "node"))
	m.Weight = rapid.Uint32Range(0, 5).Draw(r, "weight")
	switch rapid.IntRange(0, 6).Draw(r, "what") {
	case 0:
		return v.Join(m)
	case 1:
		return v.Replace(m)
	case 2:
		return v.Activate(m.Incarnation)
	case 3:
		return v.Drain(m.Incarnation)
	case 4:
		return v.Leave(m.Incarnation)
	case 5:
		return v.Affirm(m.Incarnation, uint64(m.Weight))
	default:
		return v.Evict(m.Incarnation)
	}
}

// TestViewsChangeByOne: any sequence of changes keeps the view sound, raises the epoch by one or refuses, leaves the view before
// untouched, and the diff turns one into the other.
func TestViewsChangeByOne(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		v := roster.View{}
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			before, _ := roster.EncodeView(v)
			next, why, err := act(r, v)
			after, _ := roster.EncodeView(v)
			if string(before) != string(after) {
				r.Fatalf("changed in place: %s, then %s", before, after)
			}
			if err != nil {
				continue
			}
			if next.Epoch != v.Epoch+1 || next.Validate() != nil || why == "" {
				r.Fatalf("%q: %+v: %v", why, next, next.Validate())
			}
			if got := applied(v, roster.Between(v, next)); !got.Equal(roster.View{Epoch: v.Epoch, Members: next.Members}) {
				r.Fatalf("diff gives %+v, want %+v", got, next)
			}
			v = next
		}
	})
}

func applied(v roster.View, d roster.Diff) roster.View {
	by := map[string]roster.Member{}
	for _, m := range v.Members {
		by[m.Incarnation] = m
	}
	for _, m := range d.Went {
		delete(by, m.Incarnation)
	}
	for _, m := range d.Came {
		by[m.Incarnation] = m
	}
	for _, c := range d.Changed {
		by[c.After.Incarnation] = c.After
	}
	v.Members = nil
	for _, m := range by {
		v.Members = append(v.Members, m)
	}
	slices.SortFunc(v.Members, func(a, b roster.Member) int { return map[bool]int{true: -1, false: 1}[a.Incarnation < b.Incarnation] })
	return v
}
