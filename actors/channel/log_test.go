package channel_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine/enginetest"
)

// TestBreakerIsLogged: one line at each change, and what is shown follows.
func TestBreakerIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log enginetest.Log
		w := newLoggedWorld(t, log.Logger())
		w.configure(actors.Limits{})
		w.standing("a", actors.RunActive)
		state := func(want string) {
			t.Helper()
			if b := must[actors.ChannelInfo](w, actors.DescribeChannel{}).Breaker; b.State != want {
				t.Errorf("%+v, want %s", b, want)
			}
		}
		state("closed")
		w.tokens(actors.WantTokens{Waiting: waiting("a"), Failed: [2]int{10, 10}})
		state("open")
		for range 3 {
			w.tokens(actors.WantTokens{Waiting: waiting("a")})
		}
		trial := func() uint64 {
			t.Helper()
			got := w.tokens(actors.WantTokens{Waiting: waiting("a")})
			if len(got.Grants) != 1 || !got.Grants[0].Trial {
				t.Fatalf("%+v", got)
			}
			return got.Grants[0].ID
		}
		time.Sleep(time.Second)
		id := trial()
		state("trial")
		w.tokens(actors.WantTokens{Tried: []actors.Tried{{Grant: id, Failed: true}}})
		state("open")
		time.Sleep(2 * time.Second)
		id = trial()
		w.tokens(actors.WantTokens{Tried: []actors.Tried{{Grant: id}}})
		state("closed")
		var words []string
		for line := range strings.Lines(log.String()) {
			if _, rest, ok := strings.Cut(line, `msg="circuit breaker `); ok {
				word, _, _ := strings.Cut(rest, `"`)
				words = append(words, word)
			}
		}
		if got := strings.Join(words, ", "); got != "opened, tries one call, opened, tries one call, closed" {
			t.Errorf("logged: %s", got)
		}
	})
}
