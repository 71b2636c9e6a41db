package web

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestMemo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memo[int]
		asked, takes := 0, time.Duration(0)
		refused := errors.New("refused")
		var fails error
		get := func(key string) (int, error) {
			return m.get(key, time.Second, func() (int, error) {
				time.Sleep(takes)
				asked++
				return asked, fails
			})
		}
		want := func(n int) {
			t.Helper()
			if v, err := get("a"); v != n || err != nil {
				t.Errorf("%d, %v, not %d", v, err, n)
			}
		}
		want(1)
		time.Sleep(time.Second - 1)
		want(1)
		time.Sleep(time.Nanosecond)
		takes = time.Second
		want(2) // it took a second, so it is good for twenty
		time.Sleep(20*time.Second - 1)
		want(2)
		time.Sleep(time.Nanosecond)
		takes, fails = 0, refused
		if _, err := get("a"); !errors.Is(err, refused) {
			t.Errorf("a refusal is %v", err)
		}
		fails = nil
		want(4) // nothing of a refusal is kept
		for i := range 10 * memoMost {
			_, _ = get(fmt.Sprint("other ", i))
		}
		if len(m.kept) > memoMost {
			t.Errorf("%d answers are kept", len(m.kept))
		}
	})
}
