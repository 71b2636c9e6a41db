package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/line"
)

// fake is a system inside the test's process, which can do everything wrong that a cell must see.
type fake struct {
	loses     int           // recipients it never calls for
	doubles   int           // recipients it calls for twice, under two keys
	strangers int           // calls for nobody of the audience
	lead      time.Duration // until the due time; 0: a short one
	early     bool          // it does not wait for Finish
	forgets   bool          // what was not sent before a kill
	keyed     bool          // a recipient's key is always the same
	planning  time.Duration // after Accept
	burns     time.Duration // of processor time, when it is opened
	lost      bool          // Finish says nothing after a kill, as a system that waits for ever

	client *line.Client
	job    Job
	due    time.Time
	mu     sync.Mutex // guards what follows
	todo   []Recipient
	killed bool
	life   context.Context // of the sending
	end    context.CancelFunc
	back   chan struct{}
}

func (f *fake) spec() Spec {
	return Spec{Name: "fake", Durable: !f.forgets, Open: func(ctx context.Context, _ string) (System, error) {
		for end := clock(os.Getpid()) + f.burns.Seconds(); clock(os.Getpid()) < end; {
		}
		f.revive(ctx)
		return f, nil
	}}
}

func (f *fake) revive(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.life, f.end = context.WithCancel(context.WithoutCancel(ctx))
	f.back = make(chan struct{})
}

func (f *fake) Accept(_ context.Context, job Job) (_ time.Time, err error) {
	f.job, f.due = job, time.Now().Add(max(f.lead, 20*time.Millisecond))
	if f.client, err = line.New(line.Config{Endpoint: job.Endpoint, MaxInFlight: job.InFlight, Token: func() (string, error) { return "fake", nil }}); err != nil {
		return time.Time{}, err
	}
	for r, err := range Recipients(job.Audience) {
		if err != nil {
			return time.Time{}, err
		}
		f.todo = append(f.todo, r)
	}
	f.todo = f.todo[f.loses:]
	f.todo = append(f.todo, f.todo[:f.doubles]...)
	if f.early {
		go f.work()
	}
	for i := range f.strangers {
		f.todo = append(f.todo, Recipient{UserID: fmt.Sprintf("Uffffffffffffffffffffffff%08x", i)})
	}
	return f.due, nil
}

func (f *fake) Finish(ctx context.Context) error {
	<-time.After(time.Until(f.due))
	for {
		var workers sync.WaitGroup
		for range f.job.InFlight {
			workers.Go(f.work)
		}
		workers.Wait()
		f.mu.Lock()
		life, back, rest, killed := f.life, f.back, len(f.todo), f.killed
		f.mu.Unlock()
		switch {
		case f.lost && killed:
			<-ctx.Done()
			return ctx.Err()
		case life.Err() == nil && rest == 0:
			return nil
		}
		select {
		case <-back:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f *fake) endpoint() provider.Endpoint {
	if f.job.Kind == Multicast {
		return provider.Multicast // one recipient each, which a real system would not do
	}
	return provider.Push
}

// work sends until nothing is left or its life ends; what it was at then is sent again.
func (f *fake) work() {
	for {
		f.mu.Lock()
		life := f.life
		if len(f.todo) == 0 || life.Err() != nil {
			f.mu.Unlock()
			return
		}
		r := f.todo[0]
		f.todo = f.todo[1:]
		f.mu.Unlock()
		call := provider.Call{Endpoint: f.endpoint(), Key: f.key(r), To: []string{r.UserID}, Messages: r.PushMessage()}
		if f.client.Send(life, call).Verdict == provider.Accepted || f.forgets && life.Err() != nil {
			continue
		}
		f.mu.Lock()
		f.todo = append(f.todo, r)
		f.mu.Unlock()
		if life.Err() == nil {
			<-time.After(50 * time.Millisecond)
		}
	}
}

func (f *fake) key(r Recipient) uuid.UUID {
	if f.keyed {
		return uuid.NewSHA1(uuid.NameSpaceOID, []byte(r.UserID))
	}
	return uuid.New()
}

func (f *fake) Planned(ctx context.Context) error {
	select {
	case <-time.After(f.planning):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *fake) Pids() []int     { return []int{os.Getpid()} }
func (f *fake) Goroutines() int { return 7 }

func (f *fake) Kill() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end()
	f.killed = true
	if f.forgets {
		f.todo = nil
	}
	return nil
}

func (f *fake) Restart(ctx context.Context) error {
	f.mu.Lock()
	back := f.back
	f.mu.Unlock()
	f.revive(ctx)
	close(back)
	return nil
}

func (f *fake) Close() error {
	f.end()
	return nil
}

func (f *fake) cell(recipients int) cell {
	return cell{spec: f.spec(), kind: Push, recipients: recipients}
}

// wants fails the test unless err is a T.
func wants[T error](t *testing.T, err error) (as T) {
	t.Helper()
	if !errors.As(err, &as) {
		t.Fatalf("got the error %v, want a %T", err, as)
	}
	return as
}
