package objectstest

import (
	"testing"

	"hayauma.example/cluster/objects"
	"hayauma.example/cluster/roster"
)

// standing view, and one that follows it.
func (f fixture) views(t *testing.T) (objects.Viewed, roster.View) {
	t.Helper()
	v, err := f.One.View(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	return v, f.following(t, v.View)
}

func (f fixture) following(t *testing.T, v roster.View) roster.View {
	t.Helper()
	next, _, err := v.Join(member())
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func (f fixture) putView(t *testing.T, v roster.View, expect uint64) uint64 {
	t.Helper()
	rev, err := calm(func() (uint64, error) { return f.One.PutView(f.ctx, v, expect) })
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

func view(t *testing.T, f fixture) {
	before, next := f.views(t)
	rev := f.putView(t, next, before.Revision)
	if rev <= before.Revision {
		t.Errorf("revision %d follows %d", rev, before.Revision)
	}
	for _, s := range []objects.Store{f.One, f.Two} {
		if got, err := s.View(f.ctx); err != nil || got.Revision != rev || !got.View.Equal(next) {
			t.Errorf("found %+v, %v", got, err)
		}
	}
	_, err := f.One.PutView(f.ctx, roster.View{Members: []roster.Member{{}}}, rev)
	wantErr(t, err, objects.ErrInvalid)
}

func viewRefused(t *testing.T, f fixture) {
	before, next := f.views(t)
	rev := f.putView(t, next, before.Revision)
	for _, expect := range []uint64{before.Revision, rev + 1} {
		_, err := f.Two.PutView(f.ctx, f.following(t, next), expect)
		wantErr(t, err, objects.ErrRefused)
		if got := found[objects.Viewed](t, err); got.Revision != rev || !got.View.Equal(next) {
			t.Errorf("put over %d: found %+v", expect, got)
		}
	}
}

func viewWatched(t *testing.T, f fixture) {
	before, next := f.views(t)
	rev := f.putView(t, next, before.Revision)
	w := watch(t, f.Two.WatchView(f.ctx))
	for range 3 {
		if got := w.want("", rev); !got.Equal(next) {
			t.Errorf("told %+v, want %+v", got, next)
		}
		next = f.following(t, next)
		rev = f.putView(t, next, rev)
	}
}
