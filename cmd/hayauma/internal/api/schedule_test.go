package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// planned is a campaign part with a schedule.
func planned(schedule string) string {
	return `{"name":"n","channel":"shop","messages":` + text + `,"schedule":{` + schedule + `}}`
}

func stepped(steps string, more ...string) string {
	return `{"name":"n","channel":"shop","steps":` + steps + strings.Join(more, "") + `}`
}

func TestScheduleIsRefused(t *testing.T) {
	d := newDesk(t, "")
	step := func(more string) string { return `{"messages":` + text + more + `}` }
	for i, c := range []struct{ part, want string }{
		{planned(`"zone":"Tokyo"`), `schedule.zone \"Tokyo\" is not a time zone`},
		{planned(`"zone":9`), `schedule.zone is not the name of a time zone`},
		{planned(`"at":"2035-01-01T09:00"`), `has no offset: add one, such as +09:00, or schedule.zone`},
		{planned(`"at":"2035-01-01 09:00","zone":"Asia/Tokyo"`), `is not an RFC 3339 time`},
		{planned(`"cron":"* * * *"`), `schedule.cron: \"* * * *\" has 4 fields`},
		{planned(`"cron":"0 9 31 2 *"`), `never comes`},
		{planned(`"cron":"` + strings.Repeat("1,", 600) + `1 * * * *"`), `schedule.cron is longer than 1000 bytes`},
		{planned(`"until":"2035-01-01T09:00:00Z"`), `schedule.until is for campaigns that recur`},
		{planned(`"overlap":"skip"`), `schedule.overlap is for campaigns that recur`},
		{planned(`"cron":"0 9 * * *","overlap":"queue"`), `schedule.overlap \"queue\" is none of skip, wait and allow`},
		{planned(`"cron":"0 9 * * *","until":"2020-01-01T09:00:00Z"`), `schedule.until \"2020-01-01T09:00:00Z\" is over before the campaign begins`},
		{planned(`"hours":"9-17"`), `schedule.hours: \"9\" is no time of day`},
		{planned(`"after":"x"`), `schedule.after \"x\" is not the id of a campaign`},
		{planned(`"after":"` + uuid.NewString() + `"`), `schedule.after: there is no campaign`},
		{stepped(`[]`), `steps is not an array of 1 to 100 objects`},
		{stepped(`{}`), `steps is not an array`},
		{stepped(`[`+step("")+`]`, `,"messages":`+text), `messages or steps, not both`},
		{stepped(`[`+step("")+`]`, `,"schedule":{"cron":"0 9 * * *"}`), `steps or schedule.cron, not both`},
		{stepped(`[{"after":"1d"}]`), `steps[0].messages is missing`},
		{stepped(`[` + step(`,"after":"soon"`) + `]`), `steps[0].after \"soon\" is not a duration`},
		{stepped(`[` + step(`,"after":"-1h"`) + `]`), `steps[0].after \"-1h\" is not a duration`},
		{stepped(`[` + step(`,"after":"2d"`) + `,` + step(`,"after":"1d"`) + `]`), `steps[1].after is less than that of the step before`},
		{stepped(`[` + step(`,"after":"36h","at":"09:00"`) + `]`), `its after must be whole days`},
		{stepped(`[` + step(`,"at":"9 o'clock"`) + `]`), `steps[0].at \"9 o'clock\" is not a time of day`},
		{stepped(`[` + step("") + `,{"messages":[{"type":"text","text":"{{ name "}]}]`), `steps[1].`},
	} {
		a := d.submit(form{key: fmt.Sprint("refused", i), campaign: c.part, audience: rows})
		d.want(http.StatusUnprocessableEntity, a, c.want)
	}
}

func TestRecurringCampaign(t *testing.T) {
	d := newDesk(t, "")
	part := planned(`"cron":"0 9 * * mon-fri","zone":"Asia/Tokyo","at":"2035-01-01T00:00","until":"2035-12-31T23:59","overlap":"wait","hours":"09:00-21:00"`)
	a := d.submit(form{key: "k", campaign: part, audience: rows})
	d.want(http.StatusAccepted, a)
	id := a.id(t)
	d.want(200, d.do("GET", "/v1/campaigns/"+id, ""), `"state":"scheduled"`, `"next":"2035-01-01T00:00:00Z"`, `"begun":0`, `"occurrences":[]`, `"accepted":0`)
	d.want(http.StatusAccepted, d.submit(form{key: "k", campaign: part, audience: rows}))
	for was, is := range map[string]string{"wait": "allow", "0 9 *": "0 8 *", "Asia/Tokyo": "Asia/Seoul", "2035-01-01": "2035-01-02", "2035-12-31": "2035-12-30",
		"09:00-21:00": "09:00-22:00"} {
		other := strings.Replace(part, was, is, 1)
		d.want(http.StatusUnprocessableEntity, d.submit(form{key: "k", campaign: other, audience: rows}), "under this key with other content")
	}
	d.want(409, d.do("GET", "/v1/campaigns/"+id+"/recipients", ""), "a series")
	d.want(200, d.do("POST", "/v1/campaigns/"+id+"/pause", ""), `"state":"paused"`)
	d.want(200, d.do("POST", "/v1/campaigns/"+id+"/resume", ""), `"state":"scheduled"`)
	d.want(200, d.do("POST", "/v1/campaigns/"+id+"/cancel", ""))
	d.eventually("it is cancelled", func() bool { return strings.Contains(d.do("GET", "/v1/campaigns/"+id, "").body, `"state":"cancelled"`) })
}

// An occurrence is a campaign of its own, which says whose it is.
func TestOccurrences(t *testing.T) {
	d := newDesk(t, "")
	part := stepped(`[{"messages":` + text + `},{"after":"3d","at":"09:00","messages":` + text + `}]`)
	a := d.submit(form{key: "k", campaign: part, audience: rows})
	d.want(http.StatusAccepted, a)
	for was, is := range map[string]string{"3d": "4d", "09:00": "09:01"} {
		d.want(http.StatusUnprocessableEntity, d.submit(form{key: "k", campaign: strings.Replace(part, was, is, 1), audience: rows}), "with other content")
	}
	id := a.id(t)
	d.eventually("the first step is begun", func() bool {
		shown := d.do("GET", "/v1/campaigns/"+id, "").body
		return strings.Contains(shown, `"begun":1`) && strings.Contains(shown, `"step":0`) && strings.Contains(shown, `"accepted":2`)
	})
	d.eventually("the list has it", func() bool {
		return strings.Contains(d.do("GET", "/v1/campaigns?series="+id, "").body, `"series":"`+id+`"`)
	})
	d.want(200, d.do("POST", "/v1/campaigns/"+id+"/cancel", ""))
	d.eventually("both are over", func() bool {
		shown := d.do("GET", "/v1/campaigns/"+id, "").body
		return strings.Contains(shown, `"pending":0`) && strings.Contains(shown, `"over":1`)
	})
}

// A campaign that is shown or listed has its schedule as it was submitted; one that was to be sent at once has none.
func TestScheduleIsShown(t *testing.T) {
	d := newDesk(t, "")
	zoned := "user_id,name,zone\n" + userA + ",Ann,Asia/Tokyo\n"
	for i, schedule := range []string{
		`"at":"2035-01-01T09:00:00+09:00","zone":"Asia/Tokyo","hours":"mon-fri 09:00-21:00","expire_after":"2h"`,
		`"at":"2035-01-01T00:00:00Z","cron":"0 9 * * mon-fri","until":"2035-12-31T23:59:00Z","overlap":"wait","expire_after":"1h30m"`,
		`"at":"2035-01-01T09:00","expire_after":"45s","local_time":true,"zone_column":"zone"`,
	} {
		a := d.submit(form{key: fmt.Sprint(i), campaign: planned(schedule), audience: zoned})
		d.want(http.StatusAccepted, a)
		d.want(200, d.do("GET", "/v1/campaigns/"+a.id(t), ""), `"schedule":{`+schedule+`}`)
		d.eventually("the list has it", func() bool {
			return strings.Contains(d.do("GET", "/v1/campaigns", "").body, `"schedule":{`+schedule+`}`)
		})
	}
	a := d.submit(form{key: "now", campaign: `{"name":"n","channel":"shop","messages":` + text + `}`, audience: rows})
	d.want(http.StatusAccepted, a)
	if got := d.do("GET", "/v1/campaigns/"+a.id(t), ""); strings.Contains(got.body, `"schedule"`) {
		t.Errorf("%s", got.body)
	}
}
