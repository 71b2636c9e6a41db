package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// ranked is a campaign file with more members.
func ranked(members string) string { return strings.TrimSuffix(file(text), "}") + "," + members + "}" }

func TestRankOfACampaign(t *testing.T) {
	d := newDesk(t, "")
	for i, tc := range []struct{ members, want string }{
		{`"priority":"urgent"`, `priority \"urgent\" is none: write high, normal or low`},
		{`"priority":1`, "priority is not a string"},
		{`"weight":0`, "weight 0 is not a whole number from 1 to 100: leave it out for 10"},
		{`"weight":101`, "weight 101 is not"},
		{`"weight":1.5`, "weight 1.5 is not"},
		{`"weight":"20"`, `weight \"20\" is not`},
	} {
		d.want(422, d.submit(form{key: fmt.Sprint(i), campaign: ranked(tc.members), audience: rows}), tc.want)
	}
	plain := "/v1/campaigns/" + d.submit(form{key: "plain", campaign: file(text), audience: rows}).id(t)
	d.want(200, d.do("GET", plain, ""), `"priority":"normal","weight":10`)
	d.want(http.StatusAccepted, d.submit(form{key: "plain", campaign: ranked(`"priority":"normal","weight":10`), audience: rows}))
	d.want(422, d.submit(form{key: "plain", campaign: ranked(`"weight":11`), audience: rows}), "Idempotency-Key reused")
	d.want(422, d.submit(form{key: "plain", campaign: ranked(`"priority":"low"`), audience: rows}), "Idempotency-Key reused")

	path := "/v1/campaigns/" + d.submit(form{key: "ranked", campaign: ranked(`"priority":"high","weight":20`), audience: rows}).id(t)
	d.want(200, d.do("GET", path, ""), `"priority":"high","weight":20`)
	d.want(200, d.do("PATCH", path, `{"weight":30}`), `"priority":"high","weight":30`)
	d.want(200, d.do("PATCH", path, `{"priority":"low"}`), `"priority":"low","weight":30`)
	d.want(200, d.do("GET", "/v1/campaigns", ""), `"priority":"low","weight":30`)
	d.want(422, d.do("PATCH", path, `{}`), "nothing to change")
	d.want(422, d.do("PATCH", path, `{"weight":101}`), "weight")
	d.want(422, d.do("PATCH", path, `{"weight":-1}`), "weight")
	d.want(422, d.do("PATCH", path, `{"priority":"urgent"}`), "priority")
	d.want(404, d.do("PATCH", "/v1/campaigns/nosuch", `{"weight":5}`), "nosuch")
	d.want(200, d.do("POST", path+"/cancel", ""))
	d.want(409, d.do("PATCH", path, `{"weight":5}`), "campaign is over")
}

func TestTopicOfACampaign(t *testing.T) {
	d := newDesk(t, "")
	for i, tc := range []struct{ members, want string }{
		{`"topic":"No News"`, `topic \"No News\" is none: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit`},
		{`"topic":7`, "topic is not a string"},
		{`"topic":"` + strings.Repeat("x", 64) + `"`, "is none"},
	} {
		d.want(422, d.submit(form{key: fmt.Sprint(i), campaign: ranked(tc.members), audience: rows}), tc.want)
	}
	d.want(http.StatusAccepted, d.submit(form{key: "a", campaign: ranked(`"topic":"news"`), audience: rows}))
	d.want(http.StatusAccepted, d.submit(form{key: "a", campaign: ranked(`"topic":"news"`), audience: rows}))
	d.want(422, d.submit(form{key: "a", campaign: ranked(`"topic":"sale"`), audience: rows}), "Idempotency-Key reused")
	d.want(422, d.submit(form{key: "a", campaign: file(text), audience: rows}), "Idempotency-Key reused")
}

func TestResumeThatIgnoresTheQuota(t *testing.T) {
	d := newDesk(t, "")
	path := "/v1/campaigns/" + d.submit(form{key: "a", campaign: file(text), audience: rows}).id(t)
	d.want(422, d.do("POST", path+"/resume", `{"quota":"forget"}`), "quota")
	d.want(200, d.do("POST", path+"/resume", `{}`), `"state":"scheduled"`)
	d.want(200, d.do("POST", path+"/resume", `{"quota":"ignore"}`), `"state":"scheduled"`)
	d.want(200, d.do("GET", "/v1/channels/shop", ""), `"breaker":{"state":"closed"}`)
}
