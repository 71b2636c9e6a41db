package recipient_test

import (
	"strings"
	"testing"

	"hayauma.example/actors"
	"hayauma.example/actors/recipient"
)

func TestUsersLiveWhereTheirPostersDo(t *testing.T) {
	a := recipient.NewAddresses(shardOf)
	filled := make([]int, recipient.BookCount)
	const users = 200_000
	for i := range users {
		u := user(i)
		if i%7 == 0 {
			u = strings.Repeat("x", i%200) + "/a/" + u // any text
		}
		book, poster := actors.PosterKey(a.Of("shop", u)), actors.PosterKey(actors.PushPoster("shop", u))
		if got, want := shardOf("", book), shardOf("", poster); got != want {
			t.Fatalf("the settings of %s are in shard %d, his poster is in %d", u, got, want)
		}
		if a.Of("other", u) == a.Of("shop", u) || a.Of("shop", u) != a.Book("shop", a.Number(u)) {
			t.Fatal("a book of two channels, or a user of two books")
		}
		filled[a.Number(u)]++
	}
	for n, got := range filled {
		if mean := users / recipient.BookCount; got < mean*8/10 || got > mean*12/10 {
			t.Errorf("book %d has %d of %d users, %d is the mean", n, got, users, mean)
		}
	}
}

// What is stored is found by these names.
func TestBookNamesNeverChange(t *testing.T) {
	a := recipient.NewAddresses(shardOf)
	got := []string{
		a.Book("shop", 0), a.Book("shop", 1), a.Book("shop", 100), a.Book("shop", 255),
		a.Of("shop", user(1)), a.Of("shop", user(2)), a.Of("shop", "someone"),
	}
	want := []string{"shop/206", "shop/275", "shop/39", "shop/555", "shop/102", "shop/310", "shop/325"}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("names %q, want %q", got, want)
	}
	seen := map[string]bool{}
	for n := range recipient.BookCount {
		seen[a.Book("shop", n)] = true
	}
	if len(seen) != recipient.BookCount {
		t.Errorf("%d names for %d books", len(seen), recipient.BookCount)
	}
}

func TestShardsWithoutANameAreAPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	recipient.NewAddresses(func(string, string) int { return 0 })
}
