package calendar_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"hayauma.example/actors/calendar"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := calendar.Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestZoneRefuses(t *testing.T) {
	for _, name := range []string{"", "Local", "JST", "Asia/Nowhere", "../etc/passwd", "/etc/localtime", "+09:00", "localtime", "posixrules", "right/Asia/Tokyo",
		"posix/Asia/Tokyo"} {
		if z, err := calendar.Zone(name); err == nil {
			t.Errorf("%q is %v", name, z)
		}
	}
}

func TestLocalIn(t *testing.T) {
	for _, c := range []struct{ why, zone, local, want string }{
		{"no daylight saving", "Asia/Tokyo", "2026-03-29T02:30", "2026-03-28T17:30:00Z"},
		{"before a skip", "Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59:00Z"},
		{"skipped", "Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00:00Z"},
		{"skipped, later", "Europe/Berlin", "2026-03-29T02:59", "2026-03-29T01:00:00Z"},
		{"after a skip", "Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00:00Z"},
		{"repeated: the first", "Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z"},
		{"after a repetition", "Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00:00Z"},
		{"half an hour is skipped", "Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30:00Z"},
		{"midnight is skipped", "Africa/Cairo", "2026-04-24T00:30", "2026-04-23T22:00:00Z"},
		{"midnight is repeated", "America/Havana", "2026-11-01T00:30", "2026-11-01T04:30:00Z"},
		{"a day is skipped", "Pacific/Apia", "2011-12-30T09:00", "2011-12-30T10:00:00Z"},
		{"west", "America/New_York", "2026-03-08T02:30", "2026-03-08T07:00:00Z"},
	} {
		l, err := calendar.ParseLocal(c.local)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.In(zone(t, c.zone)).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("%s: %s in %s is %s, want %s", c.why, c.local, c.zone, got, c.want)
		}
	}
}

func TestParseLocalRefuses(t *testing.T) {
	for _, text := range []string{"", "2026-02-30T09:00", "2026-01-31 09:00", "2026-01-31T09:00:30", "2026-01-31T09:00Z", "2026-01-31T24:00"} {
		if l, err := calendar.ParseLocal(text); err == nil {
			t.Errorf("%q is %v", text, l)
		}
	}
}

// A local time that exists is what its instant shows; one that doesn't lies at the instant at which the zone skips it.
func TestLocalInProperty(t *testing.T) {
	for _, name := range []string{"Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "Asia/Tehran"} {
		z := zone(t, name)
		random := rand.New(rand.NewPCG(1, 2))
		for range 20_000 {
			at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(random.Int64N(40*365*24*60)) * time.Minute)
			l := calendar.LocalAt(at, z)
			got := l.In(z)
			if back := calendar.LocalAt(got, z); back != l {
				t.Fatalf("%s: %v is %v, which shows %v", name, l, got, back)
			}
			if got.After(at) {
				t.Fatalf("%s: %v is %v, but was %v before", name, l, got, at)
			}
		}
	}
}

func TestCronNext(t *testing.T) {
	for _, c := range []struct{ why, cron, zone, after, want string }{
		{"daily", "0 9 * * *", "Asia/Tokyo", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"},
		{"later the same day", "0 9 * * *", "Asia/Tokyo", "2026-11-20T23:59:59Z", "2026-11-21T00:00:00Z"},
		{"quarters", "*/15 * * * *", "UTC", "2026-11-21T10:15:00Z", "2026-11-21T10:30:00Z"},
		{"within a minute", "* * * * *", "UTC", "2026-11-21T10:15:30Z", "2026-11-21T10:16:00Z"},
		{"weekdays by name", "0 9 * * mon-fri", "UTC", "2026-11-20T09:00:00Z", "2026-11-23T09:00:00Z"},
		{"sunday is 7", "0 9 * * 7", "UTC", "2026-11-21T09:00:00Z", "2026-11-22T09:00:00Z"},
		{"friday to sunday", "0 9 * * fri-sun", "UTC", "2026-11-21T09:00:00Z", "2026-11-22T09:00:00Z"},
		{"the 31st", "0 9 31 * *", "UTC", "2026-08-31T09:00:00Z", "2026-10-31T09:00:00Z"},
		{"the last day", "0 9 L * *", "UTC", "2027-01-31T09:00:00Z", "2027-02-28T09:00:00Z"},
		{"the last day or the 15th", "0 9 15,L * *", "UTC", "2027-01-31T09:00:00Z", "2027-02-15T09:00:00Z"},
		{"a leap day", "0 9 29 2 *", "UTC", "2026-11-21T00:00:00Z", "2028-02-29T09:00:00Z"},
		{"a leap day over a century", "0 9 29 2 *", "UTC", "2096-03-01T00:00:00Z", "2104-02-29T09:00:00Z"},
		{"day or weekday", "0 9 13 * fri", "UTC", "2026-11-10T00:00:00Z", "2026-11-13T09:00:00Z"},
		{"day or weekday, the weekday", "0 9 14 * fri", "UTC", "2026-11-10T00:00:00Z", "2026-11-13T09:00:00Z"},
		{"by year", "30 8 1 jan *", "Asia/Tokyo", "2026-01-01T00:00:00Z", "2026-12-31T23:30:00Z"},
		{"skipped", "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
		{"the day after the skipped one", "30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"},
		{"skipped and named are one", "0,30 2,3 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"},
		{"repeated", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
		{"repeated once only", "30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		{"hourly in the repeated hour", "30 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
		{"hourly over the skipped hour", "30 * * * *", "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"},
		{"midnight is skipped", "0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z"},
	} {
		expr, err := calendar.ParseCron(c.cron)
		if err != nil {
			t.Fatal(err)
		}
		after, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := expr.Next(after, zone(t, c.zone))
		if text := got.UTC().Format(time.RFC3339); !ok || text != c.want {
			t.Errorf("%s: %q in %s after %s comes at %s (%v), want %s", c.why, c.cron, c.zone, c.after, text, ok, c.want)
		}
	}
}

// An hourly expression comes 24 times a day, and 23 and 25 times where the clock is set; a daily one comes once a day all year.
func TestCronOverAYear(t *testing.T) {
	for _, c := range []struct {
		cron string
		want map[int]int // occurrences of a local date → how many dates of the year have them
	}{
		{"0 * * * *", map[int]int{24: 363, 23: 1, 25: 1}},
		{"30 2 * * *", map[int]int{1: 365}},
		{"0 0 * * *", map[int]int{1: 365}},
		{"*/20 1-3 * * *", map[int]int{9: 364, 6: 1}}, // 02:00, 02:20 and 02:40 fall on 03:00
	} {
		z := zone(t, "Europe/Berlin")
		expr, err := calendar.ParseCron(c.cron)
		if err != nil {
			t.Fatal(err)
		}
		byDate := map[string]int{}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, z).Add(-time.Second)
		for {
			next, ok := expr.Next(at, z)
			if !ok || next.Year() > 2026 {
				break
			}
			if !next.After(at) {
				t.Fatalf("%q: %v comes after %v", c.cron, next, at)
			}
			at = next
			byDate[at.Format(time.DateOnly)]++
		}
		got := map[int]int{}
		for _, n := range byDate {
			got[n]++
		}
		if len(got) != len(c.want) {
			t.Errorf("%q: %v, want %v", c.cron, got, c.want)
		}
		for n, dates := range c.want {
			if got[n] != dates {
				t.Errorf("%q: %d dates have %d, want %d", c.cron, got[n], n, dates)
			}
		}
	}
}

func TestParseCronRefuses(t *testing.T) {
	for _, text := range []string{
		"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "a * * * *", "5-1 * * * *",
		"1,,2 * * * *", "* * * FOO *", "-1 * * * *", "* * 30 2 *", "0 0 31 4,6,9,11 *", "@daily", "1/2/3 * * * *", "L * * * *",
	} {
		if c, err := calendar.ParseCron(text); err == nil {
			t.Errorf("%q is %v", text, c)
		}
	}
}

func FuzzParseCron(f *testing.F) {
	for _, seed := range []string{"*/15 9-17 L,15 jan-mar mon-fri", "0 9 29 2 *", "5/7 * * * 7"} {
		f.Add(seed, int64(1_700_000_000))
	}
	f.Fuzz(func(t *testing.T, text string, after int64) {
		c, err := calendar.ParseCron(text)
		if err != nil {
			return
		}
		again, err := calendar.ParseCron(c.String())
		if err != nil {
			t.Fatalf("%q is refused as %q: %v", text, c, err)
		}
		at := time.Unix(after%(1<<33), 0)
		next, ok := c.Next(at, time.UTC)
		if other, too := again.Next(at, time.UTC); !other.Equal(next) || ok != too {
			t.Fatalf("%q: %v and %v", text, next, other)
		}
		if ok && !next.After(at) {
			t.Fatalf("%q: %v after %v", text, next, at)
		}
	})
}

func TestHours(t *testing.T) {
	for _, c := range []struct{ hours, zone, at, opens, closes string }{ // the next of each; "" never
		{"09:00-21:00", "Asia/Tokyo", "2026-11-21T08:59:59+09:00", "2026-11-21T09:00:00+09:00", "2026-11-21T08:59:59+09:00"},
		{"09:00-21:00", "Asia/Tokyo", "2026-11-21T09:00:00+09:00", "2026-11-21T09:00:00+09:00", "2026-11-21T21:00:00+09:00"},
		{"09:00-21:00", "Asia/Tokyo", "2026-11-21T21:00:00+09:00", "2026-11-22T09:00:00+09:00", "2026-11-21T21:00:00+09:00"},
		{"22:00-07:00", "Asia/Tokyo", "2026-11-21T03:00:00+09:00", "2026-11-21T03:00:00+09:00", "2026-11-21T07:00:00+09:00"},
		{"22:00-07:00", "Asia/Tokyo", "2026-11-21T12:00:00+09:00", "2026-11-21T22:00:00+09:00", "2026-11-21T12:00:00+09:00"},
		{"mon-fri 09:00-18:00", "Asia/Tokyo", "2026-11-20T18:00:00+09:00", "2026-11-23T09:00:00+09:00", "2026-11-20T18:00:00+09:00"},
		{"fri 22:00-06:00", "Asia/Tokyo", "2026-11-21T05:00:00+09:00", "2026-11-21T05:00:00+09:00", "2026-11-21T06:00:00+09:00"},
		{"fri 22:00-06:00", "Asia/Tokyo", "2026-11-21T06:00:00+09:00", "2026-11-27T22:00:00+09:00", "2026-11-21T06:00:00+09:00"},
		{"sat-mon 10:00-11:00", "Asia/Tokyo", "2026-11-21T11:00:00+09:00", "2026-11-22T10:00:00+09:00", "2026-11-21T11:00:00+09:00"},
		{"00:00-24:00", "Asia/Tokyo", "2026-11-21T12:00:00+09:00", "2026-11-21T12:00:00+09:00", ""},
		{"09:00-12:00,12:00-18:00", "Asia/Tokyo", "2026-11-21T10:00:00+09:00", "2026-11-21T10:00:00+09:00", "2026-11-21T18:00:00+09:00"},
		{"mon 09:00-10:00", "Asia/Tokyo", "2026-11-23T10:00:00+09:00", "2026-11-30T09:00:00+09:00", "2026-11-23T10:00:00+09:00"},
		{"02:00-03:00", "Europe/Berlin", "2026-03-28T03:00:00+01:00", "2026-03-30T02:00:00+02:00", "2026-03-28T03:00:00+01:00"},
		{"02:30-04:00", "Europe/Berlin", "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T01:00:00+01:00"},
		{"02:00-03:00", "Europe/Berlin", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T03:00:00+01:00"},
		{"02:00-02:30", "Europe/Berlin", "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+02:00"},
	} {
		h, err := calendar.ParseHours(c.hours)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		z := zone(t, c.zone)
		opens, _ := h.Opens(at, z)
		closes, _ := h.Closes(at, z)
		for _, e := range []struct {
			edge string
			got  time.Time
			want string
		}{{"opens", opens, c.opens}, {"closes", closes, c.closes}} {
			want, _ := time.Parse(time.RFC3339, e.want)
			if !e.got.Equal(want) {
				t.Errorf("%q %s after %s at %v, want %q", c.hours, e.edge, c.at, e.got, e.want)
			}
		}
	}
}

// Between two edges nothing changes, and at an edge it does.
func TestHoursProperty(t *testing.T) {
	for _, text := range []string{"09:00-21:00", "22:00-07:00", "mon-fri 09:00-18:00, sat 10:00-15:00", "02:15-02:45", "sun 23:30-00:30", "00:00-24:00"} {
		h, err := calendar.ParseHours(text)
		if err != nil {
			t.Fatal(err)
		}
		z := zone(t, "Europe/Berlin")
		open := func(at time.Time) bool { return h.Open(at, z) }
		for _, from := range []time.Time{time.Date(2026, 3, 27, 0, 0, 0, 0, z), time.Date(2026, 10, 23, 0, 0, 0, 0, z)} {
			var edge time.Time
			for at := from; at.Before(from.AddDate(0, 0, 7)); at = at.Add(time.Minute) {
				if !at.Before(edge) || edge.IsZero() {
					var ok bool
					if open(at) {
						edge, ok = h.Closes(at, z)
					} else {
						edge, ok = h.Opens(at, z)
					}
					if !ok {
						edge = from.AddDate(1, 0, 0)
					} else if open(edge) == open(at) || open(edge.Add(-time.Minute)) != open(at) {
						t.Fatalf("%q: after %v the next edge is %v", text, at, edge)
					}
				}
				if now, last := open(at), open(edge.Add(-time.Minute)); at.Before(edge) && edge.Year() == from.Year() && now != last {
					t.Fatalf("%q: %v is %v before the edge %v", text, at, now, edge)
				}
			}
		}
	}
}

func TestParseHoursRefuses(t *testing.T) {
	for _, text := range []string{
		"", "9:00-21:00", "09:00", "09:00-09:00", "24:00-09:00", "09:00-25:00", "09:60-10:00", "foo 09:00-10:00", "mon-foo 09:00-10:00", "09:00-21:00,",
		"mon,tue 09:00-10:00", "0900-2100", "-", "24:00-24:00",
	} {
		if h, err := calendar.ParseHours(text); err == nil {
			t.Errorf("%q is %v", text, h)
		}
	}
}
