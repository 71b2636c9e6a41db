package census_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cmd/hayauma/internal/census"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
)

// sitter handles nothing until it is let go on.
type sitter struct{}

func (sitter) Handle(_ *engine.Context[chan struct{}], m chan struct{}) { <-m }

var sitters = engine.NewKind[chan struct{}](engine.KindConfig{Name: "sitter", Private: true, Mailbox: engine.Unbounded})

func names(actors []census.Placed) (out []string) {
	for _, a := range actors {
		out = append(out, fmt.Sprintf("%s:%s=%d %v %s", a.Node, a.ID, a.Depth, a.Oldest.Round(time.Second), a.State))
	}
	return out
}

// TestAllNodesAnswer has three, of which one is cut off.
func TestAllNodesAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := enginetest.NewNetwork(t, 0)
		goOn := make(chan struct{})
		defer close(goOn)
		var all []*census.Census
		var systems []*engine.System
		var members []census.Member
		for i, name := range []string{"a", "b", "c"} {
			r := codec.NewRegistry()
			census.Register(r)
			m := network.Join(name)
			m.SetPeers("a", "b", "c")
			sys := enginetest.NewSystem(t, enginetest.Options{Incarnation: name, Transport: m, Messages: r})
			engine.Serve(sys, sitters, func(string) engine.Actor[chan struct{}] { return sitter{} })
			for range i + 1 {
				sitters.Ref(sys, "at "+name).Tell(goOn)
			}
			members = append(members, census.Member{Node: "n" + name, Incarnation: name})
			c, err := census.New(sys, func() []census.Member { return slices.Clone(members) })
			if err != nil {
				t.Fatal(err)
			}
			all, systems = append(all, c), append(systems, sys)
			time.Sleep(10 * time.Second)
		}
		q := census.List{Kind: "sitter", Sort: census.ByAge, Limit: 2}
		answers := all[0].Ask(t.Context(), q)
		if got, want := names(census.Merge(answers, q)), []string{"na:at a=1 30s working", "nb:at b=2 20s working"}; !slices.Equal(got, want) {
			t.Errorf("by age: %q, want %q", got, want)
		}
		for _, a := range answers {
			if a.Err != nil || a.Total != 1 {
				t.Errorf("%s: %d actors, %v", a.Node, a.Total, a.Err)
			}
		}
		q = census.List{Sort: census.ByDepth, Limit: 3}
		got := names(census.Merge(all[1].Ask(t.Context(), q), q))
		if want := []string{"nc:at c=3 10s working", "nb:at b=2 20s working"}; !slices.Equal(got[:2], want) || len(got) != 3 {
			t.Errorf("by depth: %q, want %q first", got, want)
		}
		found := census.Merge(all[2].Ask(t.Context(), census.Find{Kind: "sitter", ID: "at a"}), census.List{Limit: 9})
		if len(found) != 1 || found[0].Node != "na" || !found[0].Private {
			t.Errorf("found %+v", found)
		}
		network.Partition("a", "c")
		began := time.Now()
		answers = all[0].Ask(t.Context(), q)
		if answers[2].Err == nil || answers[1].Err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("after %v: %v, %v", time.Since(began), answers[1].Err, answers[2].Err)
		}
		systems[1].Kill()
	})
}

// TestFirstIsAsSortingAll compares a list with one made the slow way.
func TestFirstIsAsSortingAll(t *testing.T) {
	var cells []engine.CellInfo
	for i := range 1000 {
		cells = append(cells, engine.CellInfo{
			Kind: []string{"x", "y"}[i%2], ID: fmt.Sprint(i), Depth: rand.IntN(20), Oldest: time.Duration(rand.IntN(20)) * time.Second,
		})
	}
	each := func(yield func(engine.CellInfo) bool) {
		for _, c := range cells {
			if !yield(c) {
				return
			}
		}
	}
	for _, q := range []census.List{
		{Sort: census.ByDepth, Limit: 1}, {Sort: census.ByAge, Limit: 7}, {Sort: census.ByDepth, Limit: 1000}, {Kind: "y", Sort: census.ByAge, Limit: 300},
	} {
		got := census.First(q, each)
		all := slices.Clone(cells)
		slices.SortFunc(all, func(a, b engine.CellInfo) int {
			depth, age := cmp.Compare(b.Depth, a.Depth), cmp.Compare(b.Oldest, a.Oldest)
			if q.Sort == census.ByAge {
				depth, age = age, depth
			}
			return cmp.Or(depth, age, cmp.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID))
		})
		var want []string
		for _, c := range all {
			if (q.Kind == "" || c.Kind == q.Kind) && len(want) < q.Limit {
				want = append(want, c.ID)
			}
		}
		var ids []string
		for _, a := range got.Actors {
			ids = append(ids, a.ID)
		}
		if !reflect.DeepEqual(ids, want) {
			t.Errorf("%+v: %v, want %v", q, ids, want)
		}
	}
}
