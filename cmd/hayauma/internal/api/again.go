package api

import (
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

const (
	readPatience = 30 * time.Second
	readPause    = 200 * time.Millisecond
)

// again repeats a read for an answer that has begun, until it succeeds or has failed for readPatience: what is read moves to another
// node, or its store elects a leader. What the question is refused for is not asked again.
func again[R any](ctx context.Context, read func() (R, error)) (R, error) {
	for end := time.Now().Add(readPatience); ; {
		answer, err := read()
		status, said := errors.AsType[huma.StatusError](err)
		refused := said && status.GetStatus() < 500
		if err == nil || refused || !time.Now().Before(end) {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return answer, err
		case <-time.After(readPause):
		}
	}
}
