package message

import (
	"testing"
	"time"

	"hayauma.example/actors"
)

func TestDecide(t *testing.T) {
	now := time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)
	ms := millis(now)
	day := int64(24 * time.Hour / time.Millisecond)
	fresh, old := &message{due: ms, at: ms, from: ms, window: 1}, &message{due: ms - day, at: ms - day, from: ms - day, window: 1}
	quiet, always := actors.RecipientSettings{Quiet: "22:00-07:00"}, actors.RecipientSettings{Quiet: "00:00-24:00"}
	news := actors.RecipientSettings{Topics: []string{"news"}}
	seven := millis(time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC))
	for name, tc := range map[string]struct {
		c    candidate
		want next
	}{
		"goes":                  {candidate{message: fresh}, next{step: tells}},
		"in doubt":              {candidate{message: fresh, doubt: true}, next{step: tells}},
		"in doubt, a day later": {candidate{message: old, doubt: true}, next{step: ends, outcome: actors.Unknown, reason: reasonNoAnswer}},
		"untried, a day later":  {candidate{message: old}, next{step: renews}},
		"expired":               {candidate{message: old, payload: payload{Expire: time.Hour}}, next{ends, actors.Expired, "it came more than 1h0m0s late", 0}},
		"just in time":          {candidate{message: fresh, payload: payload{Expire: time.Hour}}, next{step: tells}},
		"opted out":             {candidate{message: fresh, settings: actors.RecipientSettings{OptOut: true}}, next{ends, actors.Suppressed, "opted_out", 0}},
		"opted out, in doubt":   {candidate{message: fresh, settings: actors.RecipientSettings{OptOut: true}, doubt: true}, next{ends, actors.Unknown, "in_doubt: opted_out", 0}},
		"quiet":                 {candidate{message: fresh, settings: quiet}, next{step: defers, until: seven}},
		"quiet, urgent":         {candidate{message: fresh, settings: quiet, payload: payload{Urgent: true}}, next{step: tells}},
		"quiet elsewhere":       {candidate{message: fresh, settings: quiet, payload: payload{Zone: "Asia/Tokyo"}}, next{step: tells}},
		"the user's own zone":   {candidate{message: fresh, settings: actors.RecipientSettings{Quiet: quiet.Quiet, Zone: "Asia/Tokyo"}}, next{step: tells}},
		"always quiet":          {candidate{message: fresh, settings: always}, next{ends, actors.Suppressed, "quiet_hours: always", 0}},
		"always quiet, urgent":  {candidate{message: fresh, settings: always, payload: payload{Urgent: true}}, next{step: tells}},
		"hours nobody can read": {candidate{message: fresh, settings: actors.RecipientSettings{Quiet: "?"}}, next{ends, actors.Suppressed, "quiet_hours: always", 0}},
		"another topic":         {candidate{message: fresh, settings: news, payload: payload{Topic: "offers"}}, next{step: tells}},
		"no topic":              {candidate{message: fresh, settings: news}, next{step: tells}},
		"a topic, urgent":       {candidate{message: fresh, settings: news, payload: payload{Topic: "news", Urgent: true}}, next{ends, actors.Suppressed, "topic:news", 0}},
		"quiet, a day later":    {candidate{message: old, settings: quiet}, next{step: defers, until: seven}},
		"quiet for the key's life": {candidate{message: &message{from: ms - day + int64(2*time.Hour/time.Millisecond)}, settings: quiet, doubt: true},
			next{ends, actors.Unknown, "in_doubt: the user's quiet hours last longer than the provider knows the key", 0}},
	} {
		if got := decide(tc.c, now); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestJudge(t *testing.T) {
	m := &message{window: 2}
	for name, tc := range map[string]struct {
		live    live
		report  actors.Report
		verdict verdict
		outcome actors.Outcome
		reason  string
	}{
		"accepted":                             {live{out: true}, actors.Report{What: actors.PathAccepted, Window: 2}, settles, actors.Delivered, ""},
		"accepted in an older one":             {live{out: true}, actors.Report{What: actors.PathAccepted, Window: 1}, settles, actors.Delivered, ""},
		"refused":                              {live{out: true}, actors.Report{What: actors.PathRefused, Window: 2, Reason: "r"}, settles, actors.Failed, "r"},
		"refused after a time-out":             {live{out: true}, actors.Report{What: actors.PathRefused, Window: 2, Reason: "r", Doubt: true}, settles, actors.Unknown, "in_doubt: r"},
		"refused, in doubt":                    {live{out: true, doubt: true, drives: 1}, actors.Report{What: actors.PathRefused, Window: 2, Reason: "r"}, settles, actors.Unknown, "in_doubt: r"},
		"refused in an older one":              {live{out: true}, actors.Report{What: actors.PathRefused, Window: 1}, ignored, actors.Pending, ""},
		"returned":                             {live{out: true}, actors.Report{What: actors.PathReturned, Window: 2}, gives, actors.Pending, ""},
		"returned by a poster of another node": {live{doubt: true}, actors.Report{What: actors.PathReturned, Window: 2}, gives, actors.Pending, ""},
		"returned after a re-drive":            {live{out: true, doubt: true, drives: 1}, actors.Report{What: actors.PathReturned, Window: 2}, ignored, actors.Pending, ""},
		"returned from an older one":           {live{out: true}, actors.Report{What: actors.PathReturned, Window: 1}, ignored, actors.Pending, ""},
	} {
		v, o, reason := judge(m, &tc.live, tc.report)
		if v != tc.verdict || o != tc.outcome || reason != tc.reason {
			t.Errorf("%s: %d %v %q", name, v, o, reason)
		}
	}
}

// To one user one message goes at a time, and no later one before an earlier one whose reminder has not come.
func TestHead(t *testing.T) {
	entries := []Entry{{User: "U1", Key: 1, Due: 10, At: 10}, {User: "U1", Key: 2, Due: 5, At: 10}, {User: "U1", Key: 3, Due: 20, At: 20}}
	for name, tc := range map[string]struct {
		live map[uint32]*live
		now  int64
		want uint32 // 0: none
	}{
		"the first by its time":          {map[uint32]*live{1: {came: true}, 2: {came: true}, 3: {came: true}}, 30, 2},
		"not due":                        {map[uint32]*live{1: {came: true}, 2: {came: true}}, 9, 0},
		"its reminder has not come":      {map[uint32]*live{1: {came: true}, 3: {came: true}}, 30, 0},
		"it is with the poster":          {map[uint32]*live{1: {came: true}, 2: {came: true, out: true}}, 30, 0},
		"a later one is with the poster": {map[uint32]*live{1: {came: true, out: true}, 2: {came: true}}, 30, 0},
		"it is being loaded":             {map[uint32]*live{2: {came: true, asking: true}}, 30, 0},
	} {
		b := newBook(Deps{}, "shop/1")
		b.Apply(Accepted{First: 1, Entries: entries})
		b.live = tc.live
		got := uint32(0)
		if m := b.head("U1", tc.now); m != nil {
			got = m.number
		}
		if got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
}

// What was given back gets another window, and so another key; what is put off goes later, by which the window is as long as it was.
func TestWindows(t *testing.T) {
	s := newState()
	s.apply(Accepted{First: 1, Entries: []Entry{{User: "U1", Due: 10, At: 10}, {User: "U1", Due: 20, At: 20}, {User: "U1", Due: 30, At: 30}}})
	s.apply(Returned{Numbers: []uint32{1, 9}, At: 99})
	s.apply(Deferred{Numbers: []uint32{2, 3}, Until: []int64{70, 70}, Same: []bool{false, true}})
	for _, want := range []message{{number: 1, at: 10, from: 99, window: 2}, {number: 2, at: 70, from: 70, window: 1}, {number: 3, at: 70, from: 30, window: 1}} {
		if m := s.open[want.number]; m.at != want.at || m.from != want.from || m.window != want.window {
			t.Errorf("%+v, want %+v", m, want)
		}
	}
}
