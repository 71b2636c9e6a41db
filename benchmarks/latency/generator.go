package latency

import (
	"context"
	"runtime"
	"time"
)

// looks are the messages between two looks at the context.
const looks = 1 << 10

// generate sends by the schedule, and notes how late each message was sent. The end of ctx ends it; sent is how many were sent.
func generate(ctx context.Context, c clock, s schedule, late samples, send func(i int, due int64)) (sent int, err error) {
	for i := range s.n {
		if i%looks == 0 && ctx.Err() != nil {
			return i, context.Cause(ctx)
		}
		due := s.due(i)
		late[i] = await(c, due) - due
		send(i, due)
	}
	return s.n, nil
}

// await returns the time when it is due. Meanwhile it lets others run.
func await(c clock, due int64) int64 {
	for {
		now := c.now()
		left := time.Duration(due - now)
		if left <= 0 {
			return now
		}
		if d := nap(left); d > 0 {
			<-time.After(d)
			continue
		}
		runtime.Gosched()
	}
}
