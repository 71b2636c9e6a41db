package cluster_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"hayauma.example/cluster"
	"hayauma.example/cluster/roster"
)

// elder is a member that writes an earlier layout: fields that have come since are missing, and one that has gone is there.
type elder struct {
	d      *dock
	js     jetstream.JetStream
	record string // with a place for the number
	number int
	door   net.Listener // where nobody says anything
}

const elderName = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

func previous(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "previous", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (d *dock) elder() *elder {
	d.t.Helper()
	js, err := jetstream.New(d.conn)
	if err != nil {
		d.t.Fatal(err)
	}
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = door.Close() })
	return &elder{d: d, js: js, record: previous(d.t, "record.json"), door: door}
}

func (e *elder) put(subject string, data []byte) {
	e.d.t.Helper()
	if _, err := e.js.Publish(e.d.t.Context(), subject, data); err != nil {
		e.d.t.Fatal(err)
	}
}

// renew writes its record.
func (e *elder) renew() {
	e.d.t.Helper()
	e.number++
	e.put("$KV.members."+elderName, fmt.Appendf(nil, e.record, e.number))
}

// join adds it to the view that stands there, field by field, as it would be read and written by whoever knows fewer fields.
func (e *elder) join() {
	t := e.d.t
	t.Helper()
	views, err := e.js.KeyValue(t.Context(), "cluster")
	if err != nil {
		t.Fatal(err)
	}
	entry, err := views.Get(t.Context(), "view")
	if err != nil {
		t.Fatal(err)
	}
	var view map[string]any
	var me any
	if err := json.Unmarshal(entry.Value(), &view); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(fmt.Appendf(nil, previous(t, "member.json"), e.door.Addr()), &me); err != nil {
		t.Fatal(err)
	}
	view["members"] = append([]any{me}, view["members"].([]any)...) // by incarnation
	view["epoch"] = view["epoch"].(float64) + 1
	data, err := json.Marshal(view)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := views.Update(t.Context(), "view", data, entry.Revision()); err != nil {
		t.Fatal(err)
	}
}

// TestAnEarlierLayoutIsAMember: a member whose records, place in the view and fences lack what has come since, and say what nobody knows any
// more, gets its share; when it falls silent it is evicted, and its shards are claimed over its fences.
func TestAnEarlierLayoutIsAMember(t *testing.T) {
	d := newDock(t)
	a, b := d.join("new", "checker"), d.join("newer", "checker") // one of two that is silent would be waited for longer
	d.until("the new ones own all", func() bool { return a.owned()+b.owned() == cluster.Shards })
	e := d.elder()
	e.renew()
	e.join()
	d.until("the elder has its share", func() bool {
		e.renew()
		time.Sleep(50 * time.Millisecond)
		return len(a.Status().Members) == 3 && a.owned()+b.owned() < cluster.Shards*9/10
	})
	var shares []int
	for _, r := range a.Status().Roles {
		for n, sh := range r.Shards {
			if sh.Owner == elderName {
				shares = append(shares, n)
				e.put(fmt.Sprintf("ev.checker.%d.fence", n), []byte(previous(t, "fence.json")))
			}
		}
	}
	e.renew()
	took := d.until("the new ones own all again", func() bool { return a.owned()+b.owned() == cluster.Shards })
	t.Logf("figure: %d shards of a silent member of an earlier layout taken over after %v", len(shares), took)
	if took < roster.DefaultTimers.TakeOver-100*time.Millisecond {
		t.Errorf("taken over after %v already", took)
	}
	if s := a.Status(); slices.ContainsFunc(s.Members, func(m cluster.MemberStatus) bool { return m.Incarnation == elderName }) {
		t.Errorf("the elder is still there: %+v", s.Members)
	}
}
