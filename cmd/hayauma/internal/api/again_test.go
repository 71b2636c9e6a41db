package api

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// TestAgain: a read that fails is repeated for half a minute, unless it is refused or nobody waits for it any more.
func TestAgain(t *testing.T) {
	away := errors.New("the store has no leader")
	for _, tt := range []struct {
		name string
		read func(since time.Duration) error
		gone time.Duration // the client, 0: never
		took time.Duration
		want error
	}{
		{"at once", func(time.Duration) error { return nil }, 0, 0, nil},
		{"back after 3 s", func(since time.Duration) error {
			if since < 3*time.Second {
				return huma.Error503ServiceUnavailable("try again")
			}
			return nil
		}, 0, 3 * time.Second, nil},
		{"never back", func(time.Duration) error { return away }, 0, readPatience, away},
		{"the client goes", func(time.Duration) error { return away }, time.Second, time.Second, away},
		{"refused", func(time.Duration) error { return errRefused }, 0, 0, errRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.gone > 0 {
					short, cancel := context.WithTimeout(ctx, tt.gone)
					defer cancel()
					ctx = short
				}
				began := time.Now()
				answer, err := again(ctx, func() (int, error) { return 7, tt.read(time.Since(began)) })
				if took := time.Since(began); answer != 7 || !errors.Is(err, tt.want) || took != tt.took {
					t.Errorf("%d, %v after %v; want %v after %v", answer, err, took, tt.want, tt.took)
				}
			})
		})
	}
}

var errRefused = huma.Error404NotFound("no run")
