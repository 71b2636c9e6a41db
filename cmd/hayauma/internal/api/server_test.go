package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestToken(t *testing.T) {
	d := newDesk(t, "secret")
	for _, path := range []string{"/v1/channels", "/v1/campaigns", "/openapi.json", "/metrics", "/nothing"} {
		for _, given := range []string{"", "Bearer wrong", "Basic secret", "secret"} {
			req, err := http.NewRequestWithContext(t.Context(), "GET", d.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", given+" ")
			d.want(http.StatusUnauthorized, d.send(req), "wrong or missing API token: set HAYAUMA_TOKEN")
		}
	}
	d.want(200, d.do("GET", "/v1/channels", ""), "shop")
	d.token = ""
	d.want(200, d.do("GET", "/healthz", ""), "ok")
	d.want(200, d.do("GET", "/readyz", ""), "ok")
}

// A token that was changed between a request and its repeat makes no second campaign.
func TestAnotherTokenIsTheSameCampaign(t *testing.T) {
	f := form{key: "k", campaign: file(text), audience: rows}
	a, b, none := newDesk(t, "a"), newDesk(t, "b"), newDesk(t, "")
	ids := map[string]bool{a.submit(f).id(t): true, b.submit(f).id(t): true, none.submit(f).id(t): true}
	if len(ids) != 1 {
		t.Errorf("one key makes %d campaigns", len(ids))
	}
}

func TestOpenAPI(t *testing.T) {
	d := newDesk(t, "")
	var doc struct {
		OpenAPI string                                `json:"openapi"`
		Paths   map[string]map[string]json.RawMessage `json:"paths"`
	}
	a := d.do("GET", "/openapi.json", "")
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("openapi %q, want 3.1", doc.OpenAPI)
	}
	for path, methods := range map[string]string{
		"/v1/channels": "get post", "/v1/channels/{name}": "get delete", "/v1/channels/{name}/resume": "post",
		"/v1/campaigns": "get post", "/v1/campaigns/{id}": "get", "/v1/campaigns/{id}/recipients": "get",
		"/v1/campaigns/{id}/recipients/{user}/why": "get", "/v1/campaigns/{id}/events": "get",
		"/v1/campaigns/{id}/pause": "post", "/v1/campaigns/{id}/resume": "post", "/v1/campaigns/{id}/cancel": "post",
		"/v1/campaigns/{id}/redrive": "post",
		"/healthz":                   "get", "/readyz": "get",
	} {
		for method := range strings.FieldsSeq(methods) {
			if doc.Paths[path][method] == nil {
				t.Errorf("%s %s is not documented", method, path)
			}
		}
	}
	if !strings.Contains(string(doc.Paths["/v1/campaigns"]["post"]), "multipart/form-data") {
		t.Error("the submission's form is not documented")
	}
}

func TestChannels(t *testing.T) {
	d := newDesk(t, "")
	const body = `{"name":"second","provider":"line","endpoint":"https://api.line.me","token_env":"T2","limits":{"push":10,"multicast":0}}`
	d.want(200, d.do("POST", "/v1/channels", body), `"push":10`, `"multicast":0`, `"state":"sending"`)
	d.want(200, d.do("GET", "/v1/channels/shop", ""), `"push":2000`, `"multicast":200`)
	d.want(200, d.do("GET", "/v1/channels", ""), `"second"`, `"shop"`)
	d.want(200, d.do("POST", "/v1/channels/second/resume", ""), `"second"`)
	if a := d.do("DELETE", "/v1/channels/second", ""); a.status != http.StatusNoContent {
		t.Errorf("removed with %d: %s", a.status, a.body)
	}
	d.want(404, d.do("GET", "/v1/channels/second", ""), "second")
	d.want(404, d.do("DELETE", "/v1/channels/second", ""), "no channel second: there is nothing to remove")
	if a := d.do("GET", "/v1/channels", ""); strings.Contains(a.body, "second") {
		t.Errorf("a removed channel is listed: %s", a.body)
	}
	for name, tc := range map[string]struct{ body, want string }{
		"unknown member": {`{"name":"x","provider":"line","endpoint":"http://h","token_env":"T","tken":1}`, "tken"},
		"empty name":     {`{"name":"","provider":"line","endpoint":"http://h","token_env":"T"}`, "name"},
		"bad name":       {`{"name":"Not Good","provider":"line","endpoint":"http://h","token_env":"T"}`, "Not Good"},
		"no endpoint":    {`{"name":"x","provider":"line","token_env":"T"}`, "endpoint"},
		"bad endpoint":   {`{"name":"x","provider":"line","endpoint":"ftp://h","token_env":"T"}`, "endpoint"},
		"v2/bot":         {`{"name":"x","provider":"line","endpoint":"http://h/v2/bot","token_env":"T"}`, "leave it out"},
		"a token":        {`{"name":"x","provider":"line","endpoint":"http://h","token_env":"abc+/="}`, "not the token itself"},
		"provider":       {`{"name":"x","provider":"sms","endpoint":"http://h","token_env":"T"}`, "provider"},
		"limits":         {`{"name":"x","provider":"line","endpoint":"http://h","token_env":"T","limits":{"push":-1,"multicast":1}}`, "push"},
	} {
		t.Run(name, func(t *testing.T) {
			d := &desk{T: t, url: d.url}
			d.want(422, d.do("POST", "/v1/channels", tc.body), tc.want)
		})
	}
}

func TestUnknownThings(t *testing.T) {
	d := newDesk(t, "")
	for _, path := range []string{
		"/v1/campaigns/6ba7b810-9dad-11d1-80b4-00c04fd430c8", "/v1/campaigns/nonsense", "/v1/campaigns/6BA7B810-9DAD-11D1-80B4-00C04FD430C8",
		"/v1/campaigns/nonsense/recipients", "/v1/campaigns/nonsense/events", "/v1/campaigns/nonsense/recipients/U/why",
		"/v1/channels/nope", "/v1/channels/..%2f", "/v2", "/",
	} {
		d.want(404, d.do("GET", path, ""))
	}
	d.want(422, d.do("GET", "/v1/campaigns/6ba7b810-9dad-11d1-80b4-00c04fd430c8/recipients?state=lost", ""), "lost")
	d.want(422, d.do("GET", "/v1/campaigns?limit=0", ""), "limit")
	d.want(422, d.do("GET", "/v1/campaigns?limti=1", ""), "limti")
}

func TestPages(t *testing.T) {
	d := newDesk(t, "")
	var newest []string
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		newest = append([]string{d.submit(form{key: key, campaign: file(text), audience: rows}).id(t)}, newest...)
		time.Sleep(5 * time.Millisecond) // they are accepted at different times
	}
	d.eventually("the list has all of them", func() bool {
		return strings.Count(d.do("GET", "/v1/campaigns", "").body, `"name":"n"`) == len(newest)
	})
	for order, want := range map[string][]string{"": slices.Sorted(slices.Values(newest)), "&order=id": slices.Sorted(slices.Values(newest)), "&order=newest": newest} {
		var got []string
		for pages, cursor := 1, ""; ; pages++ {
			var page struct {
				Campaigns []struct{ ID string }
				Next      string
			}
			if err := json.Unmarshal([]byte(d.do("GET", "/v1/campaigns?limit=2&cursor="+cursor+order, "").body), &page); err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Campaigns {
				got = append(got, c.ID)
			}
			if cursor = page.Next; cursor == "" {
				if pages != 3 {
					t.Errorf("%q: %d pages, want 3", order, pages)
				}
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q lists %v, want %v", order, got, want)
		}
	}
	d.want(422, d.do("GET", "/v1/campaigns?order=newest&cursor=x", ""), "the cursor is none")
	d.want(422, d.do("GET", "/v1/campaigns?order=oldest", ""), "order")
}

func TestOrders(t *testing.T) {
	d := newDesk(t, "")
	path := "/v1/campaigns/" + d.submit(form{key: "a", campaign: file(text), audience: rows}).id(t)
	d.want(200, d.do("POST", path+"/pause", ""), `"state":"paused"`)
	d.want(200, d.do("POST", path+"/pause", ""), `"state":"paused"`)
	d.want(200, d.do("POST", path+"/resume", ""), `"state":"scheduled"`)
	a := d.do("GET", path+"/pause", "")
	d.want(405, a, "GET is not possible on "+path+"/pause, but POST")
	if got := a.header.Get("Allow"); got != "POST" {
		t.Errorf("Allow is %q", got)
	}
	d.want(405, d.do("PUT", path, "{}"), "GET")
	d.want(405, d.do("PATCH", "/v1/channels/shop", "{}"), "DELETE, GET")
	d.want(404, d.do("PUT", "/v1/nothing", "{}"), "no such resource: PUT")
}
