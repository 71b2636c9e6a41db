package api

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/calendar"
	"hayauma.example/actors/campaign"
)

// Bounds of a schedule. What lies far ahead is a slip of the pen, and what lies further still no date that JSON can hold.
const (
	firstYear     = 1970
	maxYearsAhead = 10
	maxExpire     = 366 * 24 * time.Hour
	maxSteps      = 100
	maxStepAfter  = maxYearsAhead * 366 * 24 * time.Hour
	maxRule       = 1000 // bytes of a cron expression or hours
)

// The members of a schedule.
const (
	memberAt      = "at"
	memberZone    = "zone"
	memberCron    = "cron"
	memberUntil   = "until"
	memberOverlap = "overlap"
	memberHours   = "hours"
	memberAfter   = "after"
	memberExpire  = "expire_after"
	memberLocal   = "local_time"
	memberColumn  = "zone_column"
)

// readSchedule reads when a campaign sends into its definition.
func readSchedule(d *actors.Definition, raw json.RawMessage, now time.Time) error {
	members, err := object("schedule", raw, memberAt, memberZone, memberCron, memberUntil, memberOverlap, memberHours, memberAfter, memberExpire,
		memberLocal, memberColumn)
	if err != nil {
		return err
	}
	text := map[string]string{}
	for _, m := range []struct{ name, hint string }{
		{memberAt, "an RFC 3339 time such as 2026-01-31T09:00:00+09:00"}, {memberUntil, "an RFC 3339 time such as 2026-12-31T23:59:00+09:00"},
		{memberZone, "the name of a time zone such as Asia/Tokyo"}, {memberCron, `a cron expression in quotes such as "0 9 * * mon-fri"`},
		{memberOverlap, "skip, wait or allow"}, {memberHours, `hours in quotes such as "09:00-21:00"`}, {memberAfter, "the id of a campaign"},
		{memberExpire, "a duration in quotes: write " + durationHint(members[memberExpire])}, {memberColumn, "the name of a column"},
	} {
		if text[m.name], err = optional(members, m.name); err != nil {
			return refused("schedule.%s is not %s", m.name, m.hint)
		}
	}
	if d.Zone = text[memberZone]; d.Zone != "" {
		if _, err := calendar.Zone(d.Zone); err != nil {
			return refused("schedule.zone %q is not a time zone: give an IANA name such as Asia/Tokyo", excerpt(d.Zone))
		}
	}
	if text[memberExpire] != "" {
		if d.ExpireAfter, err = parseExpire(text[memberExpire]); err != nil {
			return err
		}
	}
	if err := readLocalTime(d, members[memberLocal], text); err != nil {
		return err
	}
	if d.At, err = momentOf(d, memberAt, text[memberAt], now); err != nil {
		return err
	}
	if err := readHours(d, text[memberHours]); err != nil {
		return err
	}
	if d.After = text[memberAfter]; d.After != "" {
		if u, err := uuid.Parse(d.After); err != nil || u.String() != d.After {
			return refused("schedule.after %q is not the id of a campaign: give all of its 36 characters", excerpt(d.After))
		}
	}
	return readRecurrence(d, text, now)
}

func readHours(d *actors.Definition, text string) error {
	if d.Hours = text; text == "" {
		return nil
	}
	if len(text) > maxRule {
		return refused("schedule.hours is longer than %d bytes", maxRule)
	}
	h, err := calendar.ParseHours(text)
	if err != nil {
		return refused("schedule.hours: %s", words(err))
	}
	zone := time.UTC
	if d.Zone != "" {
		if zone, err = calendar.Zone(d.Zone); err != nil {
			return err
		}
	}
	if _, ok := h.Opens(time.Now(), zone); !ok {
		return refused("schedule.hours %q never come", excerpt(text))
	}
	return nil
}

// words are an error's without the name of its package.
func words(err error) string { return strings.TrimPrefix(err.Error(), "calendar: ") }

func readRecurrence(d *actors.Definition, text map[string]string, now time.Time) (err error) {
	if text[memberCron] == "" {
		for _, name := range []string{memberUntil, memberOverlap} {
			if text[name] != "" {
				return refused("schedule.%s is for campaigns that recur: give cron, too", name)
			}
		}
		return nil
	}
	if len(text[memberCron]) > maxRule {
		return refused("schedule.cron is longer than %d bytes", maxRule)
	}
	cron, err := calendar.ParseCron(text[memberCron])
	if err != nil {
		return refused("schedule.cron: %s", words(err))
	}
	d.Cron = cron.String()
	if d.Until, err = momentOf(d, memberUntil, text[memberUntil], now); err != nil {
		return err
	}
	begin := now
	if d.At.After(now) {
		begin = d.At
	}
	if !d.Until.IsZero() && d.Until.Before(begin) {
		return refused("schedule.until %q is over before the campaign begins", excerpt(text[memberUntil]))
	}
	switch o := text[memberOverlap]; o {
	case "", "skip":
		if d.LocalTime {
			if o != "" {
				return errOverlap
			}
			d.Overlap = actors.OverlapAllow
		}
	case string(actors.OverlapWait), string(actors.OverlapAllow):
		if d.LocalTime && o == string(actors.OverlapWait) {
			return errOverlap
		}
		d.Overlap = actors.Overlap(o)
	default:
		return refused("schedule.overlap %q is none of skip, wait and allow", excerpt(o))
	}
	return nil
}

var errOverlap = refused("schedule.overlap: with local_time the occurrences of two days overlap, since a time takes 26 hours to come everywhere: " +
	"leave it out, or write allow")

// readLocalTime reads whether times are by the recipients' clocks. They are kept as those of the zone where they come first.
func readLocalTime(d *actors.Definition, raw json.RawMessage, text map[string]string) error {
	if given(raw) && json.Unmarshal(raw, &d.LocalTime) != nil {
		return refused("schedule.local_time is not true or false")
	}
	d.ZoneColumn = text[memberColumn]
	switch {
	case !d.LocalTime && d.ZoneColumn != "":
		return refused("schedule.zone_column is for campaigns that are sent at the recipients' local time: give local_time: true, too")
	case !d.LocalTime:
		return nil
	case text[memberAt] == "" && text[memberCron] == "":
		return refused("schedule.local_time needs a time: give at, such as 2026-12-01T09:00, or cron")
	case d.ZoneColumn == audience.UserColumn || len(d.ZoneColumn) > maxName || strings.ContainsFunc(d.ZoneColumn, unprintable):
		return refused("schedule.zone_column %q can't be a column with time zones", excerpt(d.ZoneColumn))
	}
	return nil
}

// momentOf is parseMoment, by the definition's clock.
func momentOf(d *actors.Definition, member, text string, now time.Time) (time.Time, error) {
	if !d.LocalTime || text == "" {
		return parseMoment(member, text, d.Zone, now)
	}
	local, err := calendar.ParseLocal(text)
	if err != nil {
		return time.Time{}, refused("schedule.%s %q is not a local time such as 2026-12-01T09:00: with local_time "+
			"it has no offset, since each recipient's clock rules",
			member, excerpt(text))
	}
	return bounded(member, text, campaign.LocalDue(local), now)
}

// parseMoment reads a time with an offset, or a local one where there is a zone.
func parseMoment(member, text, zone string, now time.Time) (at time.Time, err error) {
	if text == "" {
		return at, nil
	}
	if at, err = time.Parse(time.RFC3339, text); err != nil {
		local, wrong := calendar.ParseLocal(text)
		switch {
		case wrong == nil && zone == "":
			return at, refused("schedule.%s %q has no offset: add one, such as +09:00, or schedule.zone", member, excerpt(text))
		case wrong != nil:
			return at, refused("schedule.%s %q is not an RFC 3339 time such as 2026-01-31T09:00:00+09:00", member, excerpt(text))
		}
		place, err := calendar.Zone(zone)
		if err != nil {
			return at, err
		}
		at = local.In(place)
	}
	return bounded(member, text, at, now)
}

func bounded(member, text string, at, now time.Time) (time.Time, error) {
	switch {
	case at.UTC().Year() < firstYear:
		return at, refused("schedule.%s %q lies before %d: leave it out to start now", member, excerpt(text), firstYear)
	case at.After(now.AddDate(maxYearsAhead, 0, 0)):
		return at, refused("schedule.%s %q lies more than %d years ahead", member, excerpt(text), maxYearsAhead)
	}
	return at, nil
}

func parseExpire(text string) (time.Duration, error) {
	expire, err := time.ParseDuration(text)
	switch {
	case err != nil || expire <= 0:
		return 0, refused("schedule.expire_after %q is not a positive duration such as 90m or 24h", excerpt(text))
	case expire > maxExpire:
		return 0, refused("schedule.expire_after %q is longer than a year (%s)", excerpt(text), maxExpire)
	}
	return expire, nil
}

// durationHint is what was probably meant by a number.
func durationHint(raw json.RawMessage) string {
	if n, err := strconv.ParseUint(string(raw), 10, 32); err == nil && n > 0 {
		return fmt.Sprintf("\"%ds\" for %d seconds", n, n)
	}
	return `"90m" or "24h"`
}

// readSteps reads a sequence.
func readSteps(d *actors.Definition, raw json.RawMessage) error {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 || len(list) > maxSteps {
		return refused("steps is not an array of 1 to %d objects with messages, after and at", maxSteps)
	}
	if d.Cron != "" {
		return refused("a campaign has steps or schedule.cron, not both: submit the sequence again for each occurrence")
	}
	for i, raw := range list {
		what := fmt.Sprintf("steps[%d]", i)
		members, err := object(what, raw, "messages", memberAfter, memberAt)
		if err != nil {
			return err
		}
		s, err := readStep(what, members)
		if err != nil {
			return err
		}
		if i > 0 && s.After < d.Steps[i-1].After {
			return refused("%s.after is less than that of the step before: after counts from the beginning of the sequence", what)
		}
		d.Steps = append(d.Steps, s)
	}
	return nil
}

func readStep(what string, members map[string]json.RawMessage) (s actors.Step, err error) {
	if s.Messages = members["messages"]; len(s.Messages) == 0 {
		return s, refused("%s.messages is missing: give an array of 1 to 5 LINE message objects", what)
	}
	after, err := optional(members, memberAfter)
	if err == nil {
		s.At, err = optional(members, memberAt)
	}
	if err != nil {
		return s, refused("%s.after and .at are texts, such as \"3d\" and \"09:00\"", what)
	}
	var whole bool
	if s.After, whole, err = parseDays(after); err != nil || s.After < 0 || s.After > maxStepAfter {
		return s, refused("%s.after %q is not a duration such as 3d, 12h or 90m, of ten years at most", what, excerpt(after))
	}
	if s.At == "" {
		return s, nil
	}
	if _, err := calendar.ParseLocal("2026-01-01T" + s.At); err != nil || len(s.At) != len("09:00") {
		return s, refused("%s.at %q is not a time of day such as 09:00", what, excerpt(s.At))
	}
	if !whole {
		return s, refused("%s.at gives the time of day, so its after must be whole days, such as 3d", what)
	}
	return s, nil
}

// parseDays reads a duration, in which 3d are 72 hours; whole tells whether it is days only.
func parseDays(text string) (d time.Duration, whole bool, err error) {
	if text == "" || text == "0" {
		return 0, true, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil || n > math.MaxInt16 {
			return 0, false, fmt.Errorf("%q days: %w", days, err)
		}
		return time.Duration(n) * 24 * time.Hour, true, nil
	}
	d, err = time.ParseDuration(text)
	return d, d%(24*time.Hour) == 0, err
}
