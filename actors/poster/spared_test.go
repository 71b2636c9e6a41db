package poster_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
)

func multicastOf(to ...string) actors.Post {
	return actors.Post{Campaign: "c", Run: "r", Channel: "shop", Window: 1, Path: actors.Span{Lo: 10, Hi: 10 + uint32(len(to))}, Endpoint: provider.Multicast, To: to,
		Messages: json.RawMessage(`[]`), Deadline: time.Now().Add(actors.CallDeadline), Demand: 100}
}

func (w *world) post(m actors.Post) {
	actors.Posters.Ref(w.sys, actors.MulticastPoster(m.Channel, m.Run, m.Path)).Tell(m)
}

// Who is left out is in no call, also of the halves; a half of whom all are left out is not sent.
func TestWhoIsLeftOutIsNotCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, provider.Refused, provider.Accepted)
		w.post(multicastOf("a", "", "b", "", "c", "", "", ""))
		r := w.reports.Wait(1)
		if r.What != actors.PathSplit || r.Path.Len() != 8 {
			t.Fatalf("%+v", r.Report)
		}
		w.record(r, true)
		time.Sleep(time.Second)
		var got [][]string
		for _, c := range w.called() {
			got = append(got, c.To)
		}
		slices.SortFunc(got[1:], func(a, b []string) int { return slices.Compare(a, b) })
		if !slices.EqualFunc(got, [][]string{{"a", "b", "c"}, {"a", "b"}, {"c"}}, slices.Equal) {
			t.Errorf("calls to %q", got)
		}
	})
}

// A multicast to one is not split, however many its path holds.
func TestCallToOneIsNotSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, provider.Refused)
		w.post(multicastOf("", "a", ""))
		if r := w.reports.Wait(1); r.What != actors.PathRefused || len(w.called()) != 1 {
			t.Errorf("%+v after %d calls", r.Report, len(w.called()))
		}
	})
}

func TestHalfOfNobodyIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, provider.Refused, provider.Accepted)
		w.post(multicastOf("a", "b", "", ""))
		w.record(w.reports.Wait(1), true)
		time.Sleep(time.Second)
		if calls := w.called(); len(calls) != 2 || !slices.Equal(calls[1].To, []string{"a", "b"}) {
			t.Errorf("calls %+v", calls)
		}
	})
}

// A newer window leaves out whom it leaves out, not whom the older one did.
func TestNewerWindowBringsItsOwnRecipients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, provider.Accepted)
		w.hold(true)
		m := multicastOf("a", "b")
		w.post(m)
		settle()
		m.Window, m.To = 2, []string{"a", ""}
		w.post(m)
		settle()
		w.hold(false)
		time.Sleep(5 * time.Second)
		if calls := w.called(); len(calls) != 1 || !slices.Equal(calls[0].To, []string{"a"}) {
			t.Errorf("calls %+v", calls)
		}
	})
}

// books note who can't be reached; they fail as often as they are told to.
type books struct {
	mu    sync.Mutex
	fails int
	err   error
	noted []string
	at    time.Time
}

func (b *books) suppress(_ context.Context, channel, user, reason string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails > 0 {
		b.fails--
		return b.err
	}
	b.noted, b.at = append(b.noted, channel+" "+user+" "+reason), time.Now()
	return nil
}

func (b *books) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.noted)
}

func refusal(nobody bool) provider.Answer {
	return provider.Answer{Verdict: provider.Refused, Status: 400, Reason: "Failed to send messages", NoUser: nobody}
}

// Only who alone was called and can't be reached is suppressed, and it is stored before the refusal is reported.
func TestWhoCanNotBeReachedIsSuppressed(t *testing.T) {
	for name, c := range map[string]struct {
		post   actors.Post
		answer provider.Answer
		want   []string
	}{
		"push":                   {push(), refusal(true), []string{"shop u Failed to send messages"}},
		"for another reason":     {push(), refusal(false), nil},
		"one of a multicast":     {multicastOf("a"), refusal(true), []string{"shop a Failed to send messages"}},
		"one who is left of it":  {multicastOf("", "b", ""), refusal(true), []string{"shop b Failed to send messages"}},
		"several of a multicast": {multicastOf("a", "b"), refusal(true), nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &books{fails: 2, err: errors.New("no answer")}
				if c.want == nil {
					b.fails = 0
				}
				w := newWorldWith(t, b)
				w.answers = []provider.Answer{c.answer}
				c.post.Deadline = time.Now().Add(time.Hour)
				if c.post.Endpoint == provider.Push {
					w.poster().Tell(c.post)
				} else {
					w.post(c.post)
				}
				r := w.reports.Wait(1)
				if got := b.all(); !slices.Equal(got, c.want) {
					t.Errorf("noted %q, want %q", got, c.want)
				}
				if c.want != nil && (r.What != actors.PathRefused || r.at != 1500*time.Millisecond) {
					t.Errorf("%+v at %v", r.Report, r.at)
				}
			})
		})
	}
}

// What a book refuses for good is reported all the same.
func TestRefusalIsReportedThoughItCanNotBeNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldWith(t, &books{fails: 1 << 30, err: actors.Problem{Status: 507, Title: "full"}})
		w.answers = []provider.Answer{refusal(true)}
		w.poster().Tell(push())
		if r := w.reports.Wait(1); r.What != actors.PathRefused || r.at != 0 {
			t.Errorf("%+v at %v", r.Report, r.at)
		}
	})
}
