package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestANumberIsFoundInItsID(t *testing.T) {
	for _, i := range []int{0, 1, 9_999, 999_999} {
		id := recipient(i).UserID
		if got, ok := number(id, i+1); !ok || got != i {
			t.Errorf("%s is %d, %v", id, got, ok)
		}
		if _, ok := number(id, i); ok {
			t.Errorf("%s is not among the first %d", id, i)
		}
		if _, ok := number("U"+strings.Repeat("0", 16)+id[17:], i+1); ok && id[1:17] != strings.Repeat("0", 16) {
			t.Errorf("%s with another first half is still %d", id, i)
		}
	}
	for _, id := range []string{"", "U", "U" + strings.Repeat("f", 32), "U" + strings.Repeat("z", 32)} {
		if i, ok := number(id, 1000); ok {
			t.Errorf("%q is %d", id, i)
		}
	}
}

func TestArrivals(t *testing.T) {
	due := time.Unix(1000, 0)
	a := newArrivals(5)
	for ms, i := range []int{3, 1, 3, 0, 1} { // 3 and 1 come twice, 2 and 4 never
		a.add(recipient(i).UserID, due.Add(time.Duration(ms+1)*time.Millisecond))
	}
	a.add("nobody", due)
	if a.reached != 3 || a.twice != 2 || a.strangers != 1 || a.never() != 2 || a.lost() != 2 {
		t.Errorf("%+v", a)
	}
	if got := a.span(due); got != 4*time.Millisecond { // a second acceptance is no arrival
		t.Errorf("the last recipient was reached after %v", got)
	}
	if got := a.lateness(due, 1, 50, 99); got[0] != 1 || got[1] != 2 || got[2] != 4 {
		t.Errorf("lateness %v", got)
	}
	if got := newArrivals(1).lateness(due, 50); got[0] != 0 {
		t.Errorf("nothing arrived: %v", got)
	}
	all := newArrivals(1)
	all.add(recipient(0).UserID, due)
	all.add(recipient(0).UserID, due)
	if all.lost() != -1 {
		t.Errorf("one came twice: lost %d", all.lost())
	}
}

func TestAnAudienceIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	path, err := Audience(dir, 1200)
	if err != nil {
		t.Fatal(err)
	}
	n, messages := 0, map[string]bool{}
	for r, err := range Recipients(path) {
		if err != nil {
			t.Fatal(err)
		}
		if r != recipient(n) {
			t.Fatalf("row %d is %+v", n, r)
		}
		messages[string(r.PushMessage())] = true
		n++
	}
	if n != 1200 || len(messages) != 1200 {
		t.Errorf("%d rows, %d different messages", n, len(messages))
	}
	if err := os.WriteFile(path, []byte("user_id,name,coupon\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Audience(dir, 1200)
	if text, _ := os.ReadFile(again); err != nil || len(text) != 20 {
		t.Errorf("it was made again: %d bytes, %v", len(text), err)
	}
	if parts, _ := filepath.Glob(filepath.Join(dir, "*.part")); len(parts) > 0 {
		t.Errorf("left behind: %v", parts)
	}
}

func TestABadAudience(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "no header": "U1,A,B\n", "short row": "user_id,name,coupon\nU1,A\n"} {
		path := filepath.Join(t.TempDir(), "audience.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range Recipients(path) {
			last = err
		}
		if e := wants[*AudienceError](t, last); e.Path != path {
			t.Errorf("%s: %v", name, e)
		}
	}
	for _, err := range Recipients(filepath.Join(t.TempDir(), "none")) {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("no file: %v", err)
		}
	}
}

func TestMessages(t *testing.T) {
	got := string(Recipient{"U1", "Aiko 1", "C-1"}.PushMessage())
	if want := `[{"type":"text","text":"Hello Aiko 1, your coupon is C-1. It is good until Sunday in all our shops."}]`; got != want {
		t.Errorf("got %s", got)
	}
}
