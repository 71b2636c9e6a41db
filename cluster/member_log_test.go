package cluster_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cluster"
	"hayauma.example/engine/enginetest"
)

// TestLogOfJoinLeaveAndDeath: nobody is warned of a member that comes or leaves in order, and one that dies is told once by each.
func TestLogOfJoinLeaveAndDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.paced()
		var log enginetest.Log
		to := func(c *cluster.MemberConfig) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) }
		a, b, c, d := f.join("a", to), f.join("b", to), f.join("c", to), f.join("d", to)
		f.until(time.Second, "four share", whole(a, b, c, d))
		if err := d.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		f.until(time.Second, "three share", whole(a, b, c))
		orderly := log.Take()
		if strings.Contains(orderly, "level=WARN") || strings.Contains(orderly, "level=ERROR") {
			t.Errorf("warned of nothing: %s", orderly)
		}
		if n := strings.Count(orderly, "view changed"); n > 0 {
			t.Errorf("a view is told twice: %s", orderly)
		}
		if !strings.Contains(orderly, `now="[d draining]"`) {
			t.Errorf("it isn't told that d drains: %s", orderly)
		}

		f.store.Away(time.Second) // the verdict is carried out again and again
		c.die()
		a.Suspect(c.me)
		b.Suspect(c.me)
		f.until(10*time.Second, "two share", whole(a, b))
		death := log.Take()
		for _, line := range []string{"a member is dead for certain", "evicting a member", "took over shards"} {
			if n := strings.Count(death, line); n != 2 {
				t.Errorf("%q is told %d times by two members: %s", line, n, death)
			}
		}
		if !strings.Contains(death, `msg="took over shards" node=a from=c shards=`) || !strings.Contains(death, `msg="took over shards" node=b from=c shards=`) {
			t.Errorf("it isn't told who took over from whom: %s", death)
		}
	})
}
