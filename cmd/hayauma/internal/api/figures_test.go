package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"hayauma.example/actors"
	"hayauma.example/cmd/hayauma/internal/api"
)

func TestFiguresOfAMonth(t *testing.T) {
	d := newDesk(t, "")
	d.want(200, d.do("GET", "/v1/channels/shop/statistics", ""), `"delivered":0`, `"month":"`+time.Now().UTC().Format("2006-01")+`"`)
	id := d.submit(form{key: "k", campaign: file(text), audience: rows}).id(t)
	d.want(200, d.do("POST", "/v1/campaigns/"+id+"/cancel", ""))
	var s api.Statistics
	d.eventually("two recipients are counted as cancelled", func() bool {
		return json.Unmarshal([]byte(d.do("GET", "/v1/channels/shop/statistics", "").body), &s) == nil && s.Recipients.Cancelled == 2
	})
	if s.Campaigns != (api.Runs{Finished: 1}) || s.Channel != "shop" || s.Requests != 0 {
		t.Errorf("%+v", s)
	}
	d.want(200, d.do("GET", "/v1/channels/shop/statistics?month=2035-01", ""), `"started":1,"finished":0`)
	d.want(200, d.do("GET", "/v1/channels/shop/usage?month=2035-01", ""), `"month":"2035-01","delivered":0,"unknown":0`)
	d.want(200, d.do("GET", "/v1/channels/shop/usage", ""), `"delivered":0`)
	d.eventually("the channel is out of use, a moment after the campaign is counted", func() bool {
		return d.do("DELETE", "/v1/channels/shop", "").status == 204
	})
	d.want(200, d.do("GET", "/v1/channels/shop/statistics", ""), `"cancelled":2`)
	d.want(404, d.do("GET", "/v1/channels/shop/usage?month=1999-01", ""), "shop")
}

func TestFiguresRefused(t *testing.T) {
	d := newDesk(t, "")
	for _, month := range []string{"2026", "2026-13", "2026-00", "26-01", "2026-1", "2026-01-01", "%20", "2026-01%0a", "november", strings.Repeat("9", 3000)} {
		for _, what := range []string{"statistics", "usage"} {
			a := d.do("GET", "/v1/channels/shop/"+what+"?month="+month, "")
			if d.want(422, a, "is not a month as YYYY-MM, such as 20"); len(a.body) > 400 {
				t.Errorf("%d bytes about it", len(a.body))
			}
		}
	}
	d.want(404, d.do("GET", "/v1/channels/nope/usage", ""), "nope")
	d.want(404, d.do("GET", "/v1/channels/..%2f/statistics", ""))
	d.want(422, d.do("GET", "/v1/channels/shop/usage?moth=2026-01", ""), "moth")
}

func TestListIsFiltered(t *testing.T) {
	d := newDesk(t, "")
	d.want(200, d.do("POST", "/v1/channels", `{"name":"other","provider":"line","endpoint":"http://127.0.0.1:1","token_env":"T"}`))
	other := d.submit(form{key: "a", campaign: strings.Replace(file(text), `"shop"`, `"other"`, 1), audience: rows}).id(t)
	paused := d.submit(form{key: "b", campaign: file(text), audience: rows}).id(t)
	cancelled := d.submit(form{key: "c", campaign: file(text), audience: rows}).id(t)
	d.want(200, d.do("POST", "/v1/campaigns/"+paused+"/pause", ""))
	d.want(200, d.do("POST", "/v1/campaigns/"+cancelled+"/cancel", ""))
	for query, want := range map[string]string{
		"channel=other": other, "state=scheduled": other, "state=paused": paused, "state=cancelled": cancelled,
		"state=running": "", "channel=nope": "", "channel=shop&state=paused&limit=1": paused,
	} {
		var page api.CampaignPage
		d.eventually("the list shows "+query, func() bool {
			page = api.CampaignPage{}
			if err := json.Unmarshal([]byte(d.do("GET", "/v1/campaigns?"+query, "").body), &page); err != nil {
				t.Fatal(err)
			}
			return want == "" && len(page.Campaigns) == 0 || len(page.Campaigns) == 1 && page.Campaigns[0].ID == want
		})
		if page.Next != "" && !strings.Contains(query, "limit") {
			t.Errorf("%s goes on at %s", query, page.Next)
		}
	}
	d.want(422, d.do("GET", "/v1/campaigns?state=lost", ""), "lost")
	d.want(422, d.do("GET", "/v1/campaigns?channel=Shop", ""), "channel")
	d.want(422, d.do("GET", "/v1/campaigns?channel="+strings.Repeat("a", 64), ""), "channel")
}

// A campaign that would go on says which role nobody carries; one that is to wait anyway, or has ended, doesn't.
func TestCampaignTellsWhatItWaitsFor(t *testing.T) {
	d := newDesk(t, "")
	due := strings.Replace(file(text), later, `"schedule":{"at":"2020-01-01T00:00:00Z"}`, 1)
	running := d.submit(form{key: "a", campaign: due, audience: rows}).id(t) // there are no posters here
	scheduled := d.submit(form{key: "b", campaign: file(text), audience: rows}).id(t)
	d.eventually("the first one is running", func() bool {
		return strings.Contains(d.do("GET", "/v1/campaigns/"+running, "").body, `"state":"running"`)
	})
	const why = "no node carries the role poster: start one with NODE_TYPE=poster"
	d.fleet.ails(map[string]string{actors.RolePoster: why, actors.RoleReport: "statistics are not needed"}, "")
	d.want(200, d.do("GET", "/v1/campaigns/"+running, ""), `"waiting":"`+why+`"`)
	if a := d.do("GET", "/v1/campaigns/"+scheduled, ""); strings.Contains(a.body, "waiting") {
		t.Errorf("scheduled: %s", a.body)
	}
	d.eventually("the list tells it too", func() bool {
		return strings.Contains(d.do("GET", "/v1/campaigns?state=running", "").body, `"waiting":"`+why+`"`)
	})
	d.want(200, d.do("POST", "/v1/campaigns/"+running+"/pause", ""))
	if a := d.do("GET", "/v1/campaigns/"+running, ""); strings.Contains(a.body, "waiting") {
		t.Errorf("paused: %s", a.body)
	}
}

func TestFiguresAreDescribed(t *testing.T) {
	d := newDesk(t, "")
	doc, err := openapi3.NewLoader().LoadFromData([]byte(d.do("GET", "/openapi.json", "").body))
	if err != nil {
		t.Fatal(err)
	}
	for path, word := range map[string]string{
		"/v1/campaigns": "eventually consistent", "/v1/channels/{name}/statistics": "of UTC.", "/v1/channels/{name}/usage": "UTC+9",
	} {
		get := doc.Paths.Value(path).Get
		if get == nil || !strings.Contains(get.Description, word) || get.Responses.Value("503") == nil {
			t.Errorf("%s is described as %+v", path, get)
		}
	}
}
