//go:build !crashpoints

package app

import "errors"

// drill refuses one that is asked for: this build has no faults.
func (a *App) drill() error {
	if a.opts.Getenv("HAYAUMA_DRILL") != "" {
		return errors.New("HAYAUMA_DRILL is set, but this build has no drills: build with -tags crashpoints, or unset it")
	}
	return nil
}
