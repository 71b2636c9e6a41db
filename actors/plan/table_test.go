package plan_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"hayauma.example/actors/plan"
)

func tableOf(entries ...plan.Entry) (t plan.Table) {
	for _, e := range entries {
		e.First = t.Recipients
		t.Chunks = append(t.Chunks, e)
		t.Recipients += e.Count
	}
	return t
}

func TestTableRoundTrip(t *testing.T) {
	large := make([]plan.Entry, 20000)
	for i := range large {
		large[i] = plan.Entry{Count: 500, Mode: plan.Push}
		if i > 15000 {
			large[i] = plan.Entry{Count: uint32(2 + i%300), Mode: plan.Multicast}
		}
	}
	for _, c := range []struct {
		table plan.Table
		most  int
	}{
		{plan.Table{}, 3},
		{tableOf(plan.Entry{Count: 7, Mode: plan.Failed}), 5},
		{tableOf(plan.Entry{Count: 500, Mode: plan.Push}, plan.Entry{Count: 500, Mode: plan.Push}, plan.Entry{Count: 1, Mode: plan.Push}), 10},
		{tableOf(large...), 12000},
	} {
		data := plan.AppendTable(nil, c.table)
		got, err := plan.DecodeTable(data)
		if err != nil || !slices.Equal(got.Chunks, c.table.Chunks) || got.Recipients != c.table.Recipients || len(data) > c.most {
			t.Errorf("%d chunks in %d bytes: %v, %d chunks", len(c.table.Chunks), len(data), err, len(got.Chunks))
		}
	}
}

func TestFind(t *testing.T) {
	table := tableOf(plan.Entry{Count: 3, Mode: plan.Push}, plan.Entry{Count: 1, Mode: plan.Multicast}, plan.Entry{Count: 2, Mode: plan.Failed})
	for index, want := range []int{0, 0, 0, 1, 2, 2} {
		if n, e, ok := plan.Find(table, uint32(index)); !ok || n != want || e != table.Chunks[want] {
			t.Errorf("index %d: chunk %d %+v %v", index, n, e, ok)
		}
	}
	if _, _, ok := plan.Find(table, 6); ok {
		t.Error("found a recipient beyond the end")
	}
}

func FuzzDecode(f *testing.F) {
	tmpl := parse(f, "{{ name }}")
	in := ingest(f, crowd(3, 40)).input(tmpl)
	in.Check = check
	frozen := freeze(f, in, plan.Options{})
	for _, data := range frozen.data {
		f.Add(data)
	}
	f.Add(plan.AppendTable(nil, frozen.table))
	in.Lot = func(user string, _ []string) plan.Lot {
		return plan.Lot{Local: true, Delay: time.Duration(len(user)) * time.Hour, Offset: int32(len(user)) * 100}
	}
	divided := freeze(f, in, plan.Options{})
	for _, data := range divided.data {
		f.Add(data)
	}
	f.Add(plan.AppendTable(nil, divided.table))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := plan.DecodeChunk(data); err == nil && (int(c.Count) != len(c.Recipients) || c.Count == 0 || c.Recipients[0].User == "") {
			t.Fatalf("decoded %+v", c)
		}
		if len(data) > 64 { // a few bytes may stand for millions of chunks
			data = data[:64]
		}
		table, err := plan.DecodeTable(data)
		if err != nil || len(table.Chunks) > 10000 {
			return
		}
		again, err := plan.DecodeTable(plan.AppendTable(nil, table))
		if err != nil || !reflect.DeepEqual(table, again) {
			t.Fatalf("%+v became %+v, %v", table, again, err)
		}
	})
}

func TestSends(t *testing.T) {
	table := plan.Table{Chunks: []plan.Entry{{Count: 500, Mode: plan.Push}, {Count: 3, Mode: plan.Push}, {Count: 500, Mode: plan.Multicast}, {Count: 7, Mode: plan.Multicast},
		{Count: 2, Mode: plan.Failed}}}
	if got, want := table.Sends(), (plan.Sends{Pushes: 503, Multicasts: 2, MulticastRecipients: 507, Failed: 2}); got != want || got.Billed() != 1010 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
