package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"hayauma.example/actors"
	"hayauma.example/cmd/hayauma/internal/api"
)

// served is a form of the document as the daemon serves it, read by a library that is not the one that wrote it.
func (d *desk) served(path string) *openapi3.T {
	d.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(d.do("GET", path, "").body))
	if err != nil {
		d.Fatal(err)
	}
	return doc
}

// The document is valid in both of its forms.
func TestOpenAPIIsValid(t *testing.T) {
	d := newDesk(t, "")
	for path, version := range map[string]string{"/openapi.json": "3.1.0", "/openapi-3.0.json": "3.0.3"} {
		doc := d.served(path)
		if doc.OpenAPI != version {
			t.Errorf("%s is OpenAPI %s, not %s", path, doc.OpenAPI, version)
		}
		if err := doc.Validate(t.Context()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		post := doc.Paths.Value("/v1/campaigns").Post
		if post == nil || post.RequestBody.Value.Content.Get("multipart/form-data") == nil || post.Responses.Value("202") == nil {
			t.Errorf("the submission is described as %+v", post)
		}
		explain := doc.Paths.Value("/v1/campaigns/explain").Post
		if explain == nil || explain.RequestBody.Value.Content.Get("multipart/form-data") == nil || explain.Responses.Value("429") == nil {
			t.Errorf("explaining is described as %+v", explain)
		}
		for _, path := range []string{"/v1/cluster", "/v1/cluster/drain", "/v1/webhooks", "/v1/webhooks/{name}", "/v1/webhooks/{name}/test",
			"/v1/channels/{name}/messages", "/v1/channels/{name}/messages/{id}"} {
			if doc.Paths.Value(path) == nil {
				t.Errorf("%s is missing", path)
			}
		}
		if free := doc.Paths.Value("/healthz").Get.Security; free == nil || len((*free)[0]) != 0 {
			t.Errorf("/healthz asks for %v", free)
		}
	}
}

// The document that needs no daemon is the one that a daemon serves.
func TestDocumentWithoutADaemon(t *testing.T) {
	d, document := newDesk(t, ""), api.Document("test")
	for path, write := range map[string]func() ([]byte, error){"/openapi.json": document.MarshalJSON, "/openapi-3.0.json": document.Downgrade} {
		want, err := write()
		if err != nil {
			t.Fatal(err)
		}
		if got := d.do("GET", path, "").body; got != string(want) {
			t.Errorf("%s differs: %d bytes, and %d without a daemon", path, len(got), len(want))
		}
	}
}

// Names that generators make types and functions of are there, and there once.
func TestOperationsHaveNames(t *testing.T) {
	seen := map[string]string{}
	for path, item := range newDesk(t, "").served("/openapi-3.0.json").Paths.Map() {
		for method, op := range item.Operations() {
			where := method + " " + path
			if other, twice := seen[op.OperationID]; twice || op.OperationID == "" {
				t.Errorf("%s has the operationId %q, which %s has too", where, op.OperationID, other)
			}
			seen[op.OperationID] = where
			if op.Summary == "" {
				t.Errorf("%s has no summary", where)
			}
			for _, p := range op.Parameters {
				// OpenAPI says of these that they are no parameters: a header with such a name would be ignored.
				if name := p.Value.Name; p.Value.In == "header" && slices.Contains([]string{"Accept", "Content-Type", "Authorization"}, name) {
					t.Errorf("%s has the header %s as a parameter", where, name)
				}
			}
		}
	}
}

// Every operation answers what it is documented to: well, and with a problem. desk.send compares.
func TestEveryOperationAnswersAsDocumented(t *testing.T) {
	d, e := newDesk(t, "secret"), newEndpoint(t)
	d.seen = &answered{good: map[string]int{}, problems: map[string]int{}}

	d.want(200, d.do("GET", "/healthz", ""))
	d.want(200, d.do("GET", "/readyz", ""))
	d.fleet.unreadies(errors.New("NATS gives no answers"))
	d.want(503, d.do("GET", "/readyz", ""), "NATS gives no answers")
	d.fleet.unreadies(nil)
	d.documentedChannels()
	d.documentedWebhooks(e.URL)
	d.documentedRecipients()
	d.documentedMessages()
	d.documentedCampaigns()
	d.documentedExperiments()
	d.want(200, d.do("GET", "/v1/cluster", ""))
	d.want(202, d.do("POST", "/v1/cluster/drain", `{"node":"n1"}`))
	d.want(422, d.do("POST", "/v1/cluster/drain", `{"node":""}`))
	d.want(200, d.do("GET", "/v1/actors?sort=age", ""))
	d.want(422, d.do("GET", "/v1/actors?limit=0", ""))
	d.want(200, d.do("GET", "/v1/actors/channel/shop", ""))
	d.want(404, d.do("GET", "/v1/actors/channel/nobody", ""))
	for _, path := range []string{"/v1/channels", "/v1/webhooks", "/v1/cluster"} { // where there is nothing else to refuse
		d.want(401, d.stranger(path))
	}

	for path, item := range d.served("/openapi.json").Paths.Map() {
		for method, op := range item.Operations() {
			if d.seen.good[op.OperationID] == 0 {
				t.Errorf("%s %s (%s) was not seen to answer well", method, path, op.OperationID)
			}
			if d.seen.problems[op.OperationID] == 0 && path != "/healthz" { // it has none
				t.Errorf("%s %s (%s) was not seen to answer with a problem", method, path, op.OperationID)
			}
		}
	}
}

// stranger asks without the token.
func (d *desk) stranger(path string) answer {
	d.Helper()
	req, err := http.NewRequestWithContext(d.Context(), http.MethodGet, d.url+path, nil)
	if err != nil {
		d.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer another")
	return d.send(req)
}

const (
	nobody     = "/v1/channels/nope"
	noCampaign = "/v1/campaigns/6ba7b810-9dad-11d1-80b4-00c04fd430c8"
)

func (d *desk) documentedChannels() {
	const second = `{"name":"second","provider":"line","endpoint":"http://127.0.0.1:1","token_env":"T"}`
	d.want(200, d.do("POST", "/v1/channels", second))
	d.want(422, d.do("POST", "/v1/channels", `{"name":"No","provider":"line","endpoint":"http://127.0.0.1:1","token_env":"T"}`))
	d.want(200, d.do("GET", "/v1/channels", ""))
	for _, what := range []string{"", "/statistics", "/usage"} {
		d.want(200, d.do("GET", "/v1/channels/second"+what, ""))
		d.want(404, d.do("GET", nobody+what, ""))
	}
	d.want(200, d.do("POST", "/v1/channels/second/resume", ""))
	d.want(404, d.do("POST", nobody+"/resume", ""))
	d.want(204, d.do("DELETE", "/v1/channels/second", ""))
	d.want(404, d.do("DELETE", nobody, ""))
}

func (d *desk) documentedWebhooks(endpoint string) {
	const path = "/v1/webhooks/crm"
	d.want(200, d.do("POST", "/v1/webhooks", `{"name":"crm","url":"`+endpoint+`","secret_env":"S","events":["campaign.finished"]}`))
	d.want(422, d.do("POST", "/v1/webhooks", `{"name":"crm","url":"ftp://x","secret_env":"S"}`))
	d.want(200, d.do("GET", "/v1/webhooks", ""))
	d.want(200, d.do("GET", path, ""))
	d.want(200, d.do("POST", path+"/test", ""))
	d.want(204, d.do("DELETE", path, ""))
	for _, gone := range []answer{d.do("GET", path, ""), d.do("POST", path+"/test", ""), d.do("DELETE", path, "")} {
		d.want(404, gone)
	}
}

func (d *desk) documentedRecipients() {
	path := recipients + "/" + userA
	d.want(200, d.do("PUT", path, `{"opt_out":true,"topics":["news"],"time_zone":"Asia/Tokyo","quiet_hours":"22:00-07:00"}`))
	d.suppress(userA)
	d.want(200, d.do("GET", path, ""), "suppressed")
	d.want(200, d.importAs("shop", "text/csv", "", "user_id,opt_out\n"+userB+",1\n"))
	d.want(200, d.importAs("shop", "application/x-ndjson", "gzip", gzipped(`{"user_id":"`+userB+`","topics":"a|b"}`)))
	d.want(200, d.do("GET", recipients, ""), userA, userB)
	d.want(204, d.do("DELETE", path, ""))

	d.want(422, d.do("PUT", path, `{"time_zone":"Mars"}`))
	d.want(422, d.do("GET", recipients+"/U1", ""))
	d.want(422, d.do("DELETE", recipients+"/U1", ""))
	d.want(404, d.do("GET", nobody+"/recipients", ""))
	d.want(422, d.importAs("shop", "text/csv", "", "user_id,opt_out\nU1,1\n"), "line 2")
}

func (d *desk) documentedMessages() {
	message := single(userA, "k", in2035)
	a := d.do("POST", singles, message)
	d.want(202, a)
	d.want(202, d.importMessages("application/x-ndjson", "", message+"\n"+single(userA, "l")), `{"accepted":1,"repeated":1}`)
	d.want(422, d.importMessages("application/x-ndjson", "", "{}"), "line 1")
	one := singles + "/" + a.id(d.T)
	d.want(200, d.do("GET", one, ""))
	d.want(200, d.do("GET", singles+"?limit=1", ""), `"next"`)
	d.want(200, d.do("DELETE", one, ""), "cancelled")
	for _, none := range []answer{d.do("GET", singles+"/none", ""), d.do("DELETE", singles+"/none", ""), d.do("GET", nobody+"/messages", "")} {
		d.want(404, none)
	}
}

func (d *desk) documentedCampaigns() {
	good := form{key: "later", campaign: file(text), audience: rows}
	bad := form{key: "bad", campaign: `{"name":"n"}`, audience: rows}
	path := "/v1/campaigns/" + d.submit(good).id(d.T)
	d.want(422, d.submit(bad))
	d.want(200, d.explain(good, "?sample=2"), "sample")
	d.want(422, d.explain(bad, ""))
	d.want(200, d.do("PATCH", path, `{"priority":"high","weight":20}`))
	for _, order := range []string{"/pause", "/resume", "/cancel"} {
		d.want(200, d.do("POST", path+order, ""))
		d.want(404, d.do("POST", noCampaign+order, ""))
	}
	d.want(200, d.do("GET", path+"/events", ""), "event: campaign")
	d.want(404, d.do("GET", noCampaign+"/events", ""))
	d.want(422, d.do("PATCH", path, `{}`))

	path = d.documentedOutcomes()
	d.want(200, d.do("POST", path+"/redrive", `{"state":"failed"}`), `"recipients":1`)
	d.want(404, d.do("POST", noCampaign+"/redrive", `{"state":"failed"}`))
	d.want(200, d.do("GET", "/v1/campaigns?limit=1", ""), `"next"`)
	d.want(422, d.do("GET", "/v1/campaigns?state=none", ""))
}

// documentedOutcomes asks about a campaign that is over, and whose recipients have every kind of story.
func (d *desk) documentedOutcomes() (path string) {
	audience := rows + "U0000000000000000000000000000000c,\n" // the last can't be rendered: its text is empty
	f := form{key: "over", campaign: `{"name":"n","channel":"shop","messages":[{"type":"text","text":"{{ name }}"}]}`, audience: audience}
	path = "/v1/campaigns/" + d.submit(f).id(d.T)
	d.eventually("it runs", func() bool { return d.campaign(path).StartedAt != nil })
	d.settle(d.campaign(path).Run, 1, actors.PathRefused, actors.PathSplit)
	d.eventually("it is finished", func() bool { return d.campaign(path).State == "finished" })
	d.want(200, d.do("GET", path, ""), `"plan"`)
	d.want(404, d.do("GET", noCampaign, ""))
	d.want(200, d.do("GET", path+"/recipients", ""), userA)
	d.want(200, d.do("GET", path+"/recipients?format=csv", ""), userA)
	d.want(422, d.do("GET", path+"/recipients?state=none", ""))
	for _, what := range []string{"/windows", "/chunks"} {
		d.want(200, d.do("GET", path+what, ""), `"total"`)
		d.want(404, d.do("GET", noCampaign+what, ""))
	}
	for _, user := range []string{userA, userB, "U0000000000000000000000000000000c"} {
		d.want(200, d.do("GET", path+"/recipients/"+user+"/why", ""))
	}
	d.want(404, d.do("GET", path+fmt.Sprintf("/recipients/%s/why", strings.Repeat("x", 50)), ""))
	return path
}

func (d *desk) documentedExperiments() {
	const path = "/v1/channels/shop/experiments/"
	f := form{key: "tries", campaign: varied(`[`+variant("a", "")+`,`+variant("b", "")+`]`, `,"experiment":"greeting"`), audience: rows}
	d.want(200, d.do("POST", "/v1/campaigns/"+d.submit(f).id(d.T)+"/cancel", "")) // its end is told at once
	d.eventually("the experiment is known", func() bool { return d.do("GET", path+"greeting", "").status == 200 })
	d.want(404, d.do("GET", path+"other", ""))
}
