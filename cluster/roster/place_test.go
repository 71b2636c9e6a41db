package roster_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hayauma.example/cluster"
	"hayauma.example/cluster/roster"
)

func TestShardsAreTheClusters(t *testing.T) {
	if roster.Shards != cluster.Shards {
		t.Errorf("%d, cluster has %d", roster.Shards, cluster.Shards)
	}
}

// fleet has n active members of the role, each with the weight that its number gives.
func fleet(n int, weight func(int) uint32) roster.View {
	v := roster.View{Epoch: 1}
	for i := range n {
		v.Members = append(v.Members, roster.Member{
			Incarnation: fmt.Sprintf("01JD3Y6Z9V%016d", i), Node: fmt.Sprint("hayauma-", i), Roles: []string{"poster"}, Weight: weight(i), State: roster.Active,
		})
	}
	return v
}

func even(int) uint32 { return 1 }

func drawFleet(r *rapid.T) roster.View {
	weights := rapid.SliceOfN(rapid.Uint32Range(0, 10), 1, 12).Draw(r, "weights")
	v := fleet(len(weights), func(i int) uint32 { return weights[i] })
	salt := rapid.IntRange(0, 1000).Draw(r, "salt")
	for i := range v.Members {
		v.Members[i].Node += fmt.Sprint("-", salt)
	}
	return v
}

// These owners are in the heads of running members: another version must not disagree.
func TestPlaceNeverChanges(t *testing.T) {
	v := fleet(5, func(i int) uint32 { return uint32(i) })
	var got strings.Builder
	for _, o := range roster.Place(v, "poster") {
		got.WriteString(o[len(o)-1:])
	}
	const want = "4434244433100414411402430004440244333404322432424142244334333421"
	if got.String() != want {
		t.Errorf("got %s, want %s", got.String(), want)
	}
}

func TestOnlyTheLeaversShardsMove(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		with := drawFleet(r)
		i := rapid.IntRange(0, len(with.Members)-1).Draw(r, "leaver")
		leaver := with.Members[i].Incarnation
		gone, _, _ := with.Evict(leaver)
		drained, _, _ := with.Drain(leaver)
		if roster.Place(gone, "poster") != roster.Place(drained, "poster") {
			r.Fatal("a draining member counts")
		}
		before, after := roster.Place(with, "poster"), roster.Place(gone, "poster")
		for s := range before {
			if before[s] != leaver && before[s] != after[s] {
				r.Fatalf("shard %d moved from %s to %s, though %s left (or, read backwards, joined)", s, before[s], after[s], leaver)
			}
			if after[s] == leaver {
				r.Fatalf("shard %d is still the leaver's", s)
			}
		}
	})
}

func TestOrderAndIncarnationDontCount(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		v := drawFleet(r)
		before := roster.Place(v, "poster")
		shuffled := roster.View{Members: rapid.Permutation(v.Members).Draw(r, "order")}
		if roster.Place(shuffled, "poster") != before {
			r.Fatal("depends on the order")
		}
		old := v.Members[0]
		heir := old
		heir.Incarnation, heir.Address = "01JD3Y6Z9V9999999999999999", "h:1"
		v.Members[0].Address = "h:1"
		next, _, err := v.Replace(heir)
		if err == nil {
			next, _, err = next.Activate(heir.Incarnation)
		}
		if err != nil {
			r.Fatal(err)
		}
		for s, o := range roster.Place(next, "poster") {
			if want := before[s]; o != want && (want != old.Incarnation || o != heir.Incarnation) {
				r.Fatalf("shard %d went from %s to %s when node 0 restarted", s, want, o)
			}
		}
	})
}

func TestOnlyActiveCarriersOwn(t *testing.T) {
	v := fleet(4, even)
	v.Members[0].State, v.Members[1].State, v.Members[2].Roles = roster.Joining, roster.Draining, []string{"composer"}
	for _, o := range roster.Place(v, "poster") {
		if o != v.Members[3].Incarnation {
			t.Fatalf("%q owns a shard", o)
		}
	}
	if roster.Place(v, "checker") != (roster.Owners{}) || roster.Place(roster.View{}, "poster") != (roster.Owners{}) {
		t.Error("a role that nobody carries has owners")
	}
}

func TestRolesAreIndependent(t *testing.T) {
	same := 0
	for salt := range 50 {
		v := fleet(8, even)
		for i := range v.Members {
			v.Members[i].Node += fmt.Sprint("-", salt)
			v.Members[i].Roles = []string{"checker", "poster"}
		}
		a, b := roster.Place(v, "poster"), roster.Place(v, "checker")
		for s := range a {
			if a[s] == b[s] {
				same++
			}
		}
	}
	// 3,200 shards, one in eight by chance: 400, standard deviation 19
	if same < 320 || same > 480 {
		t.Errorf("%d of 3200 shards have one owner in both roles, want about 400", same)
	}
}

// TestSharesFollowWeights: chi-squared over 64,000 draws, for weights 1, 2, 3, 10 and 1000.
func TestSharesFollowWeights(t *testing.T) {
	weights := []uint32{1, 2, 3, 10, 1, 1000, 10}
	counts, total := make([]float64, len(weights)), 0.0
	for salt := range 1000 {
		v := fleet(len(weights), func(i int) uint32 { return weights[i] })
		for i := range v.Members {
			v.Members[i].Node += fmt.Sprint("/", salt)
		}
		for _, o := range roster.Place(v, "poster") {
			counts[o[len(o)-1]-'0']++
			total++
		}
	}
	sum, chi := 0.0, 0.0
	for _, w := range weights {
		sum += float64(w)
	}
	for i, w := range weights {
		want := total * float64(w) / sum
		chi += (counts[i] - want) * (counts[i] - want) / want
	}
	if chi > 22.5 { // 6 degrees of freedom: 1 in 1,000
		t.Errorf("chi-squared %.1f, counts %v", chi, counts)
	}
}

// TestLogarithmIsNear compares with floating point, which is only good enough for a test.
func TestLogarithmIsNear(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 100_000 {
		x := rng.Uint64() >> rng.IntN(64)
		want := 64 - math.Log2(float64(max(x, 1)))
		if got := float64(roster.NegLog2(x)) / (1 << 56); math.Abs(got-want) > 1.0/(1<<20) {
			t.Fatalf("-log2(%d/2^64) = %v, want %v", x, got, want)
		}
	}
	for _, c := range [][2]uint64{{0, 64 << 56}, {1, 64 << 56}, {2, 63 << 56}, {1 << 63, 1 << 56}, {1 << 62, 2 << 56}} {
		if got := roster.NegLog2(c[0]); got != c[1] {
			t.Errorf("NegLog2(%d) = %d, want %d", c[0], got, c[1])
		}
	}
}

func TestLogarithmNeverRises(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := rapid.Uint64().Draw(r, "x")
		if y := x + rapid.Uint64Range(0, 1<<20).Draw(r, "more"); y >= x && roster.NegLog2(y) > roster.NegLog2(x) {
			r.Fatalf("rises from %d to %d", x, y)
		}
	})
}

func BenchmarkPlace(b *testing.B) {
	for _, n := range []int{3, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v := fleet(n, even)
			for b.Loop() {
				roster.Place(v, "poster")
			}
		})
	}
}
