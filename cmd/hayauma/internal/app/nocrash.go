//go:build !crashpoints

package app

import "errors"

// crashFunc is nil: this build has no crash points. One that is armed all the same is refused, because its test would prove nothing.
func crashFunc(getenv func(string) string) (func(point string), error) {
	if getenv("HAYAUMA_CRASH") != "" {
		return nil, errors.New("HAYAUMA_CRASH is set, but this build has no crash points: build with -tags crashpoints, or unset it")
	}
	return nil, nil
}
