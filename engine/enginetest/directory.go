package enginetest

import (
	"sync"

	"hayauma.example/engine"
)

// Directory is an engine.Directory for tests: a function decides, and may be replaced. The zero value has everything here.
type Directory struct {
	mu      sync.Mutex
	place   func(role, key string) engine.Place // guarded by mu
	changed func()                              // guarded by mu
}

var _ engine.Directory = (*Directory)(nil)

// Place replaces the function that decides, and tells the system that places have changed.
func (d *Directory) Place(f func(role, key string) engine.Place) {
	d.mu.Lock()
	d.place = f
	changed := d.changed
	d.mu.Unlock()
	if changed != nil {
		changed()
	}
}

// Locate implements engine.Directory.
func (d *Directory) Locate(role, key string) engine.Place {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.place == nil {
		return engine.Place{}
	}
	return d.place(role, key)
}

// OnChange implements engine.Directory.
func (d *Directory) OnChange(changed func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changed = changed
}
