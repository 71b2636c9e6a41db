package redisqueue_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
	"hayauma.example/cmd/hayauma/internal/redisqueue"
)

// daemon accepts messages by their keys, and refuses some lines. It does what the API promises, and remembers in which order.
type daemon struct {
	*testing.T
	accepted []string // keys, in the order of their acceptance
	bad      map[string]string
	requests int
	lines    int               // of the longest request
	bytes    int               // of the largest
	before   func(n int) error // before the n-th request is taken; nil: nothing
	after    func(n int) error // … and when it was taken, before it is answered
}

func (d *daemon) send(ctx context.Context, channel string, ndjson io.Reader) (sent redisqueue.Sent, err error) {
	d.requests++
	if d.before != nil {
		if err := d.before(d.requests); err != nil {
			return sent, err
		}
	}
	var keys []string
	refusal := api.Problem{Status: 422, Detail: "the body has bad lines: nothing was accepted"}
	rows := bufio.NewScanner(ndjson)
	rows.Buffer(nil, 8<<20)
	n, size := 0, 0
	for rows.Scan() {
		n, size = n+1, size+len(rows.Bytes())+1
		var m redisqueue.Message
		if err := json.Unmarshal(rows.Bytes(), &m); err != nil || channel == "" {
			d.Errorf("line %d of %q: %v", n, channel, err)
		}
		if why := d.bad[m.Key]; why != "" && len(refusal.Errors) < 20 {
			refusal.Errors = append(refusal.Errors, api.ProblemEntry{Location: fmt.Sprintf("line %d", n), Message: why})
		}
		keys = append(keys, m.Key)
	}
	d.lines, d.bytes = max(d.lines, n), max(d.bytes, size)
	if len(refusal.Errors) > 0 {
		return sent, client.Error{Problem: refusal}
	}
	for _, key := range keys {
		if slices.Contains(d.accepted, key) {
			sent.Repeated++
			continue
		}
		sent.Accepted++
		d.accepted = append(d.accepted, key)
	}
	if d.after != nil {
		err = d.after(d.requests)
	}
	return sent, err
}

// stage is one in memory.
type stage struct {
	*testing.T
	name    string
	jobs    []redisqueue.Job
	daemon  *daemon           // must have accepted what is removed
	removal func(n int) error // before the n-th removal; nil: nothing
	removes int
}

func (s *stage) Name() string { return s.name }

func (s *stage) Page(_ context.Context, from, n int64) ([]redisqueue.Job, error) {
	from = min(from, int64(len(s.jobs)))
	return slices.Clone(s.jobs[from:min(from+n, int64(len(s.jobs)))]), nil
}

func (s *stage) Remove(ctx context.Context, jobs []redisqueue.Job) (gone int, err error) {
	if ctx.Err() != nil {
		s.Errorf("a removal that is interrupted: %v", ctx.Err())
	}
	s.removes++
	if s.removal != nil {
		if err := s.removal(s.removes); err != nil {
			return 0, err
		}
	}
	for _, j := range jobs {
		messages, err := byDefault.Read(j)
		if err != nil {
			s.Errorf("%s is removed, and was bad: %v", j.Payload, err)
		}
		for _, m := range messages {
			if !slices.Contains(s.daemon.accepted, m.Key) {
				s.Errorf("%s is removed, and was not accepted", m.Key)
			}
		}
		if n := slices.Index(s.jobs, j); n >= 0 {
			s.jobs = slices.Delete(s.jobs, n, n+1)
		} else {
			gone++
		}
	}
	return gone, nil
}

func job(id string, users ...string) redisqueue.Job {
	to, _ := json.Marshal(users)
	return redisqueue.Job{Payload: fmt.Sprintf(`{"id":%q,"channel":"shop","to":%s,"messages":"hello"}`, id, to)}
}

// queue has n ready jobs and as many delayed ones, the third of each bad.
func queue(t *testing.T, d *daemon, n int) (ready, delayed *stage) {
	ready, delayed = &stage{T: t, name: "list jobs", daemon: d}, &stage{T: t, name: "zset late", daemon: d}
	for i := range n {
		r, l := job(fmt.Sprintf("r%d", i), user1), job(fmt.Sprintf("d%d", i), user1, user2)
		l.Due = time.Date(2030, 4, 1, 0, 0, i, 0, time.UTC)
		if i == 2 {
			r.Payload, l.Payload = "{}", "nothing"
		}
		ready.jobs, delayed.jobs = append(ready.jobs, r), append(delayed.jobs, l)
	}
	return ready, delayed
}

func importing(d *daemon, stages ...*stage) *redisqueue.Import {
	i := &redisqueue.Import{Mapping: byDefault, Send: d.send, Channel: func(context.Context, string) (string, error) { return "", nil }}
	for _, s := range stages {
		i.Stages = append(i.Stages, s)
	}
	return i
}

func run(t *testing.T, i *redisqueue.Import) redisqueue.Report {
	t.Helper()
	r, err := i.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestImport(t *testing.T) {
	d := &daemon{T: t}
	ready, delayed := queue(t, d, 1200)
	r := run(t, importing(d, ready, delayed))
	const messages = 1199 + 2*1199
	if len(d.accepted) != messages || d.lines > 1000 {
		t.Errorf("%d messages were accepted, up to %d at once", len(d.accepted), d.lines)
	}
	for i, want := range map[int]string{0: "r0", 2: "r3", 1198: "r1199", 1199: "d0/" + user1, 1200: "d0/" + user2, messages - 1: "d1199/" + user2} {
		if d.accepted[i] != want {
			t.Errorf("message %d is %s, not %s: they come in the queue's order", i, d.accepted[i], want)
		}
	}
	c := r.Channels[0]
	if len(r.Channels) != 1 || c.Channel != "shop" || c.Now != 1199 || c.Later != 2398 || c.Accepted != messages || c.Repeated != 0 ||
		!c.First.Equal(time.Date(2030, 4, 1, 0, 0, 0, 0, time.UTC)) || !c.Last.Equal(time.Date(2030, 4, 1, 0, 19, 59, 0, time.UTC)) {
		t.Errorf("channels %+v", r.Channels)
	}
	want := []redisqueue.Problem{{"list jobs", 2, "has no channel: give --channel for such jobs"},
		{"zset late", 2, "is not a JSON object (invalid character 'o' in literal null (expecting 'u'))"}}
	if r.Refused != 2 || !slices.Equal(r.Problems, want) {
		t.Errorf("%d problems: %v", r.Refused, r.Problems)
	}
	if len(ready.jobs) != 1200 || len(delayed.jobs) != 1200 || r.Stages[0].Removed != 0 {
		t.Error("jobs were removed")
	}

	r = run(t, importing(d, ready, delayed))
	if len(d.accepted) != messages || r.Channels[0].Accepted != messages || r.Channels[0].Repeated != messages {
		t.Errorf("imported again: %d messages, %+v", len(d.accepted), r.Channels)
	}

	again := importing(d, ready, delayed)
	again.Remove = true
	r = run(t, again)
	if len(ready.jobs) != 1 || len(delayed.jobs) != 1 || r.Stages[0] != (redisqueue.StageReport{Stage: "list jobs", Jobs: 1200, Removed: 1199}) {
		t.Errorf("%d and %d jobs are left: %+v", len(ready.jobs), len(delayed.jobs), r.Stages)
	}
	if !slices.Equal(r.Problems, want) {
		t.Errorf("where jobs are removed, problems are at other places: %v", r.Problems)
	}
}

func TestDryRun(t *testing.T) {
	ready, delayed := queue(t, nil, 30)
	i := importing(&daemon{T: t}, ready, delayed)
	i.Send, i.Remove = nil, true
	i.Channel = func(_ context.Context, channel string) (string, error) {
		if channel == "nope" {
			return "no such channel", nil
		}
		return "", nil
	}
	for n := range 25 {
		j := job(fmt.Sprint(n), user1)
		ready.jobs = append(ready.jobs, redisqueue.Job{Payload: strings.Replace(j.Payload, "shop", "nope", 1)})
	}
	r := run(t, i)
	if !r.DryRun || r.Channels[0].Now != 29 || r.Channels[0].Later != 58 || r.Channels[0].Accepted != 0 || len(ready.jobs) != 55 {
		t.Errorf("%+v", r)
	}
	if len(r.First) != 10 || r.First[2].Key != "r3" || r.First[2].Place != 3 || r.First[0].Stage != "list jobs" || r.First[0].Channel != "shop" {
		t.Errorf("first rows %+v", r.First)
	}
	if r.Refused != 27 || len(r.Problems) != 20 || r.Problems[1] != (redisqueue.Problem{"list jobs", 30, "no such channel"}) {
		t.Errorf("%d problems: %v", r.Refused, r.Problems)
	}
}

// Places are those at which jobs were read, also when those before them were removed.
func TestPlaces(t *testing.T) {
	d := &daemon{T: t, bad: map[string]string{"r1111": "no"}}
	ready, _ := queue(t, d, 1200)
	ready.jobs[700].Payload = "bad"
	i := importing(d, ready)
	i.Remove = true
	var places []int64
	for _, p := range run(t, i).Problems {
		places = append(places, p.Place)
	}
	if !slices.Equal(places, []int64{2, 700, 1111}) || len(ready.jobs) != 3 {
		t.Errorf("problems at %v, %d jobs are left", places, len(ready.jobs))
	}
}

// A page of long messages goes in several requests.
func TestRequestsAreBounded(t *testing.T) {
	d := &daemon{T: t}
	ready, _ := queue(t, d, 500)
	for n := range ready.jobs {
		ready.jobs[n].Payload = strings.Replace(ready.jobs[n].Payload, "hello", strings.Repeat("馬", 4000), 1)
	}
	run(t, importing(d, ready))
	if d.bytes > 1<<20+13_000 || d.requests != 6 || len(d.accepted) != 499 {
		t.Errorf("%d messages in %d requests of up to %d bytes", len(d.accepted), d.requests, d.bytes)
	}
}

// What the daemon refuses is left, with its reason, and the others are accepted.
func TestRefusedLines(t *testing.T) {
	d := &daemon{T: t, bad: map[string]string{"d1/" + user2: "topic is unknown"}}
	for n := range 45 {
		d.bad[fmt.Sprintf("r%d", 100+n)] = "the key was given with another message"
	}
	ready, delayed := queue(t, d, 200)
	i := importing(d, ready, delayed)
	i.Remove = true
	r := run(t, i)
	if len(d.accepted) != 199-45+2*199-2 || r.Refused != 2+45+1 || r.Channels[0].Accepted != len(d.accepted) || r.Channels[0].Repeated != 0 {
		t.Errorf("%d messages were accepted, %d jobs refused: %+v", len(d.accepted), r.Refused, r.Channels)
	}
	if len(ready.jobs) != 46 || len(delayed.jobs) != 2 {
		t.Errorf("%d and %d jobs are left", len(ready.jobs), len(delayed.jobs))
	}
	for n, p := range r.Problems[1:] { // behind the job without a channel: the first of them, in their order
		if want := (redisqueue.Problem{"list jobs", int64(100 + n), "the key was given with another message"}); p != want {
			t.Errorf("problem %d is %v, want %v", n+1, p, want)
		}
	}
}

// However an import breaks off, the next one finishes it: everything is accepted once, and removed.
func TestInterrupted(t *testing.T) {
	const n, messages = 1200, 3*1200 - 3
	lost := errors.New("the connection is lost")
	for _, tc := range []struct {
		name string
		hurt func(d *daemon, ready, delayed *stage, interrupt func())
		want string
	}{
		{"before a request", func(d *daemon, _, _ *stage, _ func()) { d.before = only(3, lost) }, "broke off when 999 messages"},
		{"before an answer", func(d *daemon, _, _ *stage, _ func()) { d.after = only(3, lost) }, "broke off when 999 messages"},
		{"before a removal", func(_ *daemon, ready, _ *stage, _ func()) { ready.removal = only(2, lost) }, "could not be removed"},
		{"before the last removal", func(_ *daemon, _, delayed *stage, _ func()) { delayed.removal = only(3, lost) }, "could not be removed"},
		{"by the operator", func(d *daemon, _, _ *stage, interrupt func()) {
			d.after = func(n int) error {
				if n == 2 {
					interrupt() // the request is answered, and then all that was accepted is removed
				}
				return nil
			}
			d.before = func(n int) error {
				if n == 3 {
					return context.Canceled
				}
				return nil
			}
		}, "canceled"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := &daemon{T: t}
			ready, delayed := queue(t, d, n)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			tc.hurt(d, ready, delayed, interrupt)
			i := importing(d, ready, delayed)
			i.Remove = true
			if _, err := i.Run(ctx); err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "run") {
				t.Fatalf("error %v", err)
			}
			d.before, d.after, ready.removal, delayed.removal = nil, nil, nil, nil
			run(t, i)
			if len(d.accepted) != messages || len(ready.jobs) != 1 || len(delayed.jobs) != 1 {
				t.Errorf("%d messages, %d and %d jobs are left", len(d.accepted), len(ready.jobs), len(delayed.jobs))
			}
			d.accepted = slices.Compact(slices.Sorted(slices.Values(d.accepted)))
			if len(d.accepted) != messages {
				t.Errorf("only %d of them different", len(d.accepted))
			}
		})
	}
}

func only(n int, err error) func(int) error {
	return func(now int) error {
		if now == n {
			return err
		}
		return nil
	}
}

// A job that a worker has taken meanwhile is told.
func TestWorkersStillRun(t *testing.T) {
	d := &daemon{T: t}
	ready, _ := queue(t, d, 100)
	d.after = func(int) error {
		ready.jobs = ready.jobs[5:]
		return nil
	}
	i := importing(d, ready)
	i.Remove = true
	r := run(t, i)
	if got := r.Stages[0]; got.Gone != 4 || got.Removed != 95 { // of the five, one is bad
		t.Errorf("%+v", got)
	}
}

// A daemon that has no place is asked again at growing distances, and not for ever.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := client.Error{Problem: api.Problem{Status: 503, Detail: "8 files are being received"}}
		d := &daemon{T: t, before: func(n int) error {
			if n <= 4 {
				return busy
			}
			return nil
		}}
		ready, _ := queue(t, d, 2)
		began := time.Now()
		run(t, importing(d, ready))
		if took := time.Since(began); took != 15*time.Second || len(d.accepted) != 2 {
			t.Errorf("%d messages after %s", len(d.accepted), took)
		}
		d = &daemon{T: t, before: func(int) error { return busy }}
		began = time.Now()
		_, err := importing(d, ready).Run(t.Context())
		if took := time.Since(began); took != 111*time.Second || d.requests != 10 || !errors.As(err, &busy) {
			t.Errorf("%v after %s and %d requests", err, took, d.requests)
		}
		away := client.Unreachable{Server: "x", Err: io.EOF} // it starts anew
		d = &daemon{T: t, before: only(1, away), after: only(2, away)}
		if run(t, importing(d, ready)); d.requests != 3 || len(d.accepted) != 2 {
			t.Errorf("%d messages in %d requests", len(d.accepted), d.requests)
		}
		d = &daemon{T: t, before: func(int) error { return busy }}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began = time.Now()
		if _, err = importing(d, ready).Run(ctx); time.Since(began) != 10*time.Second || err == nil {
			t.Errorf("interrupted after %s: %v", time.Since(began), err)
		}
	})
}

// What is refused as a whole ends the import.
func TestRefusedAsAWhole(t *testing.T) {
	for _, refusal := range []error{
		client.Error{Problem: api.Problem{Status: 401, Detail: "wrong or missing API token"}},
		client.Error{Problem: api.Problem{Status: 422, Detail: "no lines"}},
		client.Error{Problem: api.Problem{Status: 422, Errors: []api.ProblemEntry{{Location: "line 99", Message: "x"}}}},
	} {
		d := &daemon{T: t, before: func(int) error { return refusal }}
		ready, delayed := queue(t, d, 2)
		i := importing(d, ready, delayed)
		if _, err := i.Run(t.Context()); err == nil || d.requests != 1 || !strings.Contains(err.Error(), "run it again") {
			t.Errorf("%v after %d requests", err, d.requests)
		}
		asked := 0
		i.Channel = func(context.Context, string) (string, error) { asked++; return "", refusal }
		if _, err := i.Run(t.Context()); err == nil || asked != 1 || d.requests != 1 {
			t.Errorf("%v after %d questions", err, asked)
		}
	}
}
