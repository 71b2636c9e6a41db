package api_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// endpoint takes deliveries.
type endpoint struct {
	*httptest.Server
	mu  sync.Mutex
	got []string // bodies; guarded by mu
}

func newEndpoint(t *testing.T) *endpoint {
	e := &endpoint{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.got = append(e.got, string(raw))
	}))
	t.Cleanup(e.Close)
	return e
}

// has tells whether a delivery with all of the parts came.
func (e *endpoint) has(parts ...string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.got, func(body string) bool {
		return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(body, p) })
	})
}

func TestWebhooks(t *testing.T) {
	d, e := newDesk(t, ""), newEndpoint(t)
	d.want(200, d.do("GET", "/v1/webhooks", ""), `"webhooks":[]`)
	add := `{"name":"crm","url":"` + e.URL + `/in?key=k","secret_env":"CRM_SECRET","channel":"shop"}`
	d.want(200, d.do("POST", "/v1/webhooks", add), `"state":"delivering"`, `"events":[]`, `"delivered":0,"given_up":0`)
	d.want(200, d.do("POST", "/v1/webhooks/crm/test", ""), `"delivered":true,"status":200`)
	if !e.has(`"type":"webhook.test"`) {
		t.Errorf("the test didn't come: %v", e.got)
	}
	id := d.submit(form{key: "k", campaign: file(text), audience: rows}).id(t)
	d.want(200, d.do("POST", "/v1/campaigns/"+id+"/pause", ""))
	d.want(200, d.do("POST", "/v1/campaigns/"+id+"/resume", ""))
	d.want(200, d.do("POST", "/v1/campaigns/"+id+"/cancel", ""))
	about := `"campaign":{"id":"` + id + `","name":"n","channel":"shop",`
	for _, parts := range [][]string{
		{`"type":"campaign.paused"`, about + `"state":"paused"`},
		{`"type":"campaign.resumed"`, about + `"state":"scheduled"`},
		{`"type":"campaign.finished"`, about + `"state":"cancelled"`, `"totals":{"accepted":2,"delivered":0,`, `"cancelled":2,"pending":0`},
	} {
		d.eventually(parts[0], func() bool { return e.has(parts...) })
	}
	d.eventually("all three are counted", func() bool { return strings.Contains(d.do("GET", "/v1/webhooks/crm", "").body, `"delivered":3`) })
	d.want(200, d.do("GET", "/v1/webhooks", ""), `"webhooks":[{"name":"crm"`)
	d.want(422, d.do("POST", "/v1/webhooks", strings.Replace(add, "http://", "http://me:pw@", 1)), "must not have a user")
	won := strings.Replace(add, `"channel"`, `"events":["campaign.won"],"channel"`, 1)
	d.want(422, d.do("POST", "/v1/webhooks", won), "no event: there are campaign.started, ")
	d.want(422, d.do("POST", "/v1/webhooks", strings.Replace(add, "CRM_SECRET", "whsec_c2VjcmV0cw==", 1)), "not the secret itself")

	d.want(422, d.do("POST", "/v1/webhooks", strings.Replace(add, `"shop"`, `"nosuch"`, 1)), `unknown channel \"nosuch\"`, "hayauma channel list")

	d.want(204, d.do("DELETE", "/v1/webhooks/crm", ""))
	d.want(404, d.do("GET", "/v1/webhooks/crm", ""), "crm")
	d.want(404, d.do("DELETE", "/v1/webhooks/crm", ""), "nothing to remove")
	d.want(404, d.do("POST", "/v1/webhooks/crm/test", ""), "crm")
	d.want(200, d.do("GET", "/v1/webhooks", ""), `"webhooks":[]`)
}

// So many webhooks may be, and one more when another is removed; those that are there may be changed.
func TestThereAreSoManyWebhooks(t *testing.T) {
	d := newDesk(t, "")
	add := func(name string) answer {
		return d.do("POST", "/v1/webhooks", `{"name":"`+name+`","url":"http://127.0.0.1:1/in","secret_env":"CRM_SECRET"}`)
	}
	for i := range 256 {
		d.want(200, add(fmt.Sprint("w", i)))
	}
	d.want(409, add("more"), "webhook refused", "there are 256", "hayauma webhook remove")
	d.want(404, d.do("GET", "/v1/webhooks/more", ""))
	d.want(200, add("w7"))
	d.want(204, d.do("DELETE", "/v1/webhooks/w7", ""))
	d.want(200, add("more"))
	d.want(409, add("w7"))
}
