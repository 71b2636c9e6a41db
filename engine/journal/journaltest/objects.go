package journaltest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"hayauma.example/engine/journal"
)

func (f fixture) wantObject(t *testing.T, name, want string) {
	t.Helper()
	got, err := f.Objects.Get(f.ctx, name)
	if err != nil || string(got) != want {
		t.Errorf("object %s is %.40q, %v; want %.40q", name, got, err, want)
	}
}

func (f fixture) put(t *testing.T, name, data string) {
	t.Helper()
	if err := f.Objects.Put(f.ctx, name, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

func objects(t *testing.T, f fixture) {
	_, err := f.Objects.Get(f.ctx, f.role)
	wantErr(t, err, journal.ErrNotFound)
	f.put(t, f.role, "one")
	f.put(t, f.role+".part.1", "two")
	f.put(t, f.role+".empty", "")
	f.wantObject(t, f.role, "one")
	f.wantObject(t, f.role+".part.1", "two")
	f.wantObject(t, f.role+".empty", "")
	f.put(t, f.role, "three")
	f.wantObject(t, f.role, "three")
	stats, err := f.Store.Stats(f.ctx)
	if err != nil || stats.Objects < 3 || stats.ObjectBytes < 8 {
		t.Errorf("stats %+v, %v", stats, err)
	}
	big := bytes.Repeat([]byte("\x00\xff"), journal.MaxObject/2)
	f.put(t, f.role+".big", string(big))
	f.wantObject(t, f.role+".big", string(big))
	wantErr(t, f.Objects.Put(f.ctx, f.role, make([]byte, journal.MaxObject+1)), journal.ErrTooLarge)
	f.wantObject(t, f.role, "three")
}

func objectsDropped(t *testing.T, f fixture) {
	for i := range 20 {
		f.put(t, fmt.Sprintf("%s.a.%d", f.role, i), "x")
	}
	f.put(t, f.role+".ab", "stays")
	f.put(t, f.role+".a", "stays")
	for range 2 {
		if err := f.Objects.Drop(f.ctx, f.role+".a"); err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.Objects.Get(f.ctx, f.role+".a.7")
	wantErr(t, err, journal.ErrNotFound)
	f.wantObject(t, f.role+".ab", "stays")
	f.wantObject(t, f.role+".a", "stays")
}

func objectNames(t *testing.T, f fixture) {
	for _, name := range []string{"", ".", "a.", ".a", "a..b", "a b", "*", "a.*", ">", "日本", "a/b", strings.Repeat("x", journal.MaxName+1)} {
		wantErr(t, f.Objects.Put(f.ctx, name, nil), journal.ErrName)
		wantErr(t, f.Objects.Drop(f.ctx, name), journal.ErrName)
		_, err := f.Objects.Get(f.ctx, name)
		wantErr(t, err, journal.ErrName)
	}
}
