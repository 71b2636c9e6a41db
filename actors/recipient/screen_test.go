package recipient

import (
	"testing"
	"time"

	"hayauma.example/actors"
)

func TestScreen(t *testing.T) {
	now := time.Date(2026, 11, 20, 13, 30, 20, 0, time.UTC) // Friday; 22:30 in Tokyo
	in := func(zone string, hour, minute int) time.Time {
		l, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		local := now.In(l)
		at := time.Date(local.Year(), local.Month(), local.Day(), hour, minute, 0, 0, l)
		if at.Before(now) {
			at = at.AddDate(0, 0, 1)
		}
		return at.UTC()
	}
	gone := actors.Suppression{Reason: "Failed to send messages", At: now}
	for _, c := range []struct {
		name string
		s    Settings
		want Verdict
	}{
		{"the defaults", Settings{}, Verdict{}},
		{"only a zone", Settings{Zone: "Asia/Tokyo"}, Verdict{}},
		{"opted out", Settings{OptOut: true, Quiet: "00:00-24:00"}, Verdict{Reason: "opted_out"}},
		{"suppressed before all", Settings{OptOut: true, Suppressed: gone}, Verdict{Reason: "suppressed: Failed to send messages"}},
		{"of this topic", Settings{Topics: []string{"a", "news"}, Quiet: "22:00-07:00"}, Verdict{Reason: "topic:news"}},
		{"of others", Settings{Topics: []string{"a", "newsletter"}}, Verdict{}},
		{"the campaign's zone", Settings{Quiet: "22:00-07:00"}, Verdict{Until: in("Asia/Tokyo", 7, 0)}},
		{"his own zone, by day", Settings{Quiet: "22:00-07:00", Zone: "Europe/Berlin"}, Verdict{}},
		{"his own zone, at noon", Settings{Quiet: "14:00-15:15", Zone: "Europe/Berlin"}, Verdict{Until: in("Europe/Berlin", 15, 15)}},
		{"another day", Settings{Quiet: "sat 22:00-07:00"}, Verdict{}},
		{"two ranges that touch", Settings{Quiet: "22:00-23:00, 23:00-23:59"}, Verdict{Until: in("Asia/Tokyo", 23, 59)}},
		{"always", Settings{Quiet: "00:00-24:00"}, Verdict{Reason: "quiet_hours: always"}},
		{"not readable", Settings{Quiet: "late"}, Verdict{Reason: "quiet_hours: always"}},
		{"not a zone", Settings{Quiet: "22:00-07:00", Zone: "Mars/North"}, Verdict{Reason: "quiet_hours: always"}},
	} {
		screen := Screen{Topic: "news", Zone: "Asia/Tokyo"}
		for range 2 { // the second time from what it keeps
			if got := screen.Of(c.s, now); got != c.want {
				t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
			}
		}
	}
	if got := (&Screen{}).Of(Settings{Quiet: "13:00-14:00", Topics: []string{"news"}}, now); !got.Until.Equal(in("UTC", 14, 0)) {
		t.Errorf("without any zone: %+v", got)
	}
}

// Who has no zone of his own goes by the clock that he had when his time came, where the campaign's zone had another.
func TestScreenByTheRecipientsClock(t *testing.T) {
	for _, c := range []struct {
		name      string
		local     string // when his time came; empty: that is not known
		own, zone string
		now, want string
	}{
		{"only the campaign's zone", "", "", "Asia/Tokyo", "2026-03-28T23:30:00Z", ""},
		{"another clock", "2026-03-28T23:00:00-04:00", "", "Asia/Tokyo", "2026-03-29T03:30:00Z", "2026-03-29T11:00:00Z"},
		{"his own zone rules", "2026-03-28T23:00:00-04:00", "Asia/Tokyo", "UTC", "2026-03-29T03:30:00Z", ""},
		{"the campaign's clock, which is put on", "2026-03-28T23:00:00+01:00", "", "Europe/Berlin", "2026-03-28T22:30:00Z", "2026-03-29T05:00:00Z"},
		{"the campaign's clock, seen after that", "2026-03-28T23:00:00+01:00", "", "Europe/Berlin", "2026-03-29T04:59:00Z", "2026-03-29T05:00:00Z"},
	} {
		at := func(text string) (at time.Time) {
			if text != "" {
				var err error
				if at, err = time.Parse(time.RFC3339, text); err != nil {
					t.Fatal(err)
				}
			}
			return at
		}
		screen := Screen{Zone: c.zone, Local: at(c.local)}
		if got := screen.Of(Settings{Quiet: "22:00-07:00", Zone: c.own}, at(c.now)); !got.Until.Equal(at(c.want)) || got.Reason != "" {
			t.Errorf("%s: %+v, want %q", c.name, got, c.want)
		}
	}
}

// Daylight saving: hours that the clock skips are over when it has.
func TestScreenOverDaylightSaving(t *testing.T) {
	now := time.Date(2026, 3, 28, 23, 30, 0, 0, time.UTC) // 00:30 in Berlin, where 02:00 is 03:00 this night
	got := (&Screen{Zone: "Europe/Berlin"}).Of(Settings{Quiet: "22:00-02:30"}, now)
	if want := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC); !got.Until.Equal(want) {
		t.Errorf("%+v, want %v", got, want)
	}
}
