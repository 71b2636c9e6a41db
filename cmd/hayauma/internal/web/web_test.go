package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"hayauma.example/cmd/hayauma/internal/api"
)

var allPages = []string{
	"/", "/campaigns", "/campaigns?state=running&channel=shop", "/campaigns?series=" + series, "/campaigns/" + theID, "/campaigns/" + series, "/campaigns/" + soon,
	"/campaigns/" + theID + "/chunks", "/campaigns/" + theID + "/chunks?from=50", "/actors", "/actors?kind=poster", "/cluster", "/schedule",
}

func TestEveryPageIsWhole(t *testing.T) {
	d := newDesk(t, "")
	for _, path := range allPages {
		t.Run(path, func(t *testing.T) {
			r := d.get(path)
			d.want(200, r, "spring sale")
			whole(t, r)
			h := r.Header
			if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
				t.Errorf("the policy is %q", policy)
			}
			if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", h)
			}
		})
	}
	story := d.do(http.MethodPost, "/campaigns/"+theID+"/recipient", url.Values{"user": {" U1 "}})
	d.want(200, story, "settled", "short")
	whole(t, story)
}

// whole looks at what every page has: landmarks, headings, names of tables, charts and fields, and nothing inline.
func whole(t *testing.T, r reply) {
	t.Helper()
	all := parse(t, r.body)
	for name, n := range map[string]int{"h1": 1, "main": 1, "header": 1, "footer": 1, "title": 1} {
		if name != "title" && len(find(all, name)) != n {
			t.Errorf("%d of %s", len(find(all, name)), name)
		}
	}
	ids := map[string]*element{}
	labelled := map[string]bool{}
	for _, e := range all {
		if id := e.attrs["id"]; id != "" {
			if ids[id] != nil {
				t.Errorf("the id %s stands twice", id)
			}
			ids[id] = e
		}
		if e.name == "label" {
			labelled[e.attrs["for"]] = true
		}
		for name := range e.attrs {
			if name == "style" || strings.HasPrefix(name, "on") {
				t.Errorf("<%s> has %s", e.name, name)
			}
		}
	}
	for _, e := range all {
		for ref := range strings.FieldsSeq(e.attrs["aria-labelledby"] + " " + e.attrs["aria-describedby"]) {
			if ids[ref] == nil || strings.TrimSpace(ids[ref].text) == "" {
				t.Errorf("<%s> is named by %s, which says nothing", e.name, ref)
			}
		}
		named := e.attrs["aria-labelledby"] != "" || e.attrs["aria-label"] != ""
		switch e.name {
		case "table":
			if !named && !strings.Contains(r.body, "<caption") {
				t.Error("a table without a name")
			}
		case "th":
			if s := e.attrs["scope"]; s != "col" && s != "row" {
				t.Errorf("a header %q without a scope", e.text)
			}
		case "svg":
			if e.attrs["aria-hidden"] != "true" && (e.attrs["role"] != "img" || !named) {
				t.Error("a chart without a name")
			}
		case "input", "select":
			if e.attrs["type"] != "hidden" && !labelled[e.attrs["id"]] {
				t.Errorf("the field %s has no label", e.attrs["name"])
			}
		case "script":
			if e.attrs["src"] != "/assets/console.js" || e.text != "" {
				t.Errorf("a script %v %q", e.attrs, e.text)
			}
		}
	}
}

// A name that would be markup is text on every page, wherever it comes from.
func TestHostileNamesAreText(t *testing.T) {
	d := newDesk(t, "")
	d.api.set(func() { d.api.name = hostile })
	query := "?state=" + url.QueryEscape(hostile) + "&channel=" + url.QueryEscape(hostile) + "&series=" + url.QueryEscape(hostile) + "&kind=" + url.QueryEscape(hostile)
	pages := slices.Concat(allPages, []string{"/campaigns" + query, "/actors" + query, "/login?next=" + url.QueryEscape(hostile)})
	replies := map[string]reply{}
	for _, path := range pages {
		replies[path] = d.get(path)
	}
	replies["story"] = d.do(http.MethodPost, "/campaigns/"+theID+"/recipient", url.Values{"user": {"U1"}})
	replies["no story"] = d.do(http.MethodPost, "/campaigns/"+theID+"/recipient", url.Values{"user": {hostile}})
	d.api.set(func() { d.api.refuse = map[string]int{"/v1/actors": 500} })
	replies["refused"] = d.get("/actors?kind=another")
	for path, r := range replies {
		if r.StatusCode == http.StatusSeeOther {
			continue
		}
		all := parse(t, r.body)
		if len(find(all, "script")) != 1 || strings.Contains(r.body, "<script>") {
			t.Errorf("%s: a script of another's", path)
		}
		for _, e := range all {
			if e.name == "img" && e.attrs["src"] != "/assets/icon.svg" {
				t.Errorf("%s: an image %v", path, e.attrs)
			}
			if href := e.attrs["href"]; strings.Contains(href, ":") && !strings.HasPrefix(href, "/") {
				t.Errorf("%s: a link to %s", path, href)
			}
			for name := range e.attrs {
				if strings.HasPrefix(name, "on") {
					t.Errorf("%s: <%s %s>", path, e.name, name)
				}
			}
		}
	}
	if h1 := find(parse(t, replies["/campaigns/"+theID].body), "h1")[0].text; h1 != "Campaign "+hostile {
		t.Errorf("the name is shown as %q", h1)
	}
}

// A page says what the API says, and a part that can't be had takes nothing else with it.
func TestRefusalsAreShown(t *testing.T) {
	d := newDesk(t, "")
	d.want(404, d.get("/campaigns/none"), "no such thing: /v1/campaigns/none", "Not found")
	d.want(404, d.get("/campaigns/none/chunks"))
	d.want(404, d.get("/nothing"), "no such thing: /nothing") // the API's own
	d.want(404, d.get("/assets/none.js"))
	d = newDesk(t, "")
	d.api.set(func() { d.api.refuse = map[string]int{"/v1/channels": 503, "/v1/campaigns": 503, "/v1/actors": 503} })
	d.want(200, d.get("/"), "refused: spring sale", "Members")
	d.want(503, d.get("/schedule"), "refused: spring sale")
	d.want(503, d.get("/actors"), "refused: spring sale")
	d.want(200, d.get("/cluster"))
}

// A recipient's id is posted, and is part of no address.
func TestRecipientIsAskedForByForm(t *testing.T) {
	d := newDesk(t, "")
	path := "/campaigns/" + theID + "/recipient"
	d.want(200, d.do(http.MethodPost, path, url.Values{"user": {"U1"}}), "2026-11-21 10:00:00.000")
	d.want(422, d.do(http.MethodPost, path, url.Values{"user": {"  "}}), "Give a user id")
	d.want(404, d.do(http.MethodPost, path, url.Values{"user": {"U2"}}), "no such thing")
	d.want(404, d.get(path)) // nobody takes it by GET
	d.want(400, d.do(http.MethodPost, path, url.Values{"user": {strings.Repeat("x", 2*maxForm)}}))
	d.want(403, d.do(http.MethodPost, path, url.Values{"user": {"U1"}}, "Sec-Fetch-Site", "cross-site"), "another site")
	d.want(403, d.do(http.MethodPost, path, url.Values{"user": {"U1"}}, "Origin", "https://elsewhere.example"))
}

func TestListIsNarrowed(t *testing.T) {
	d := newDesk(t, "")
	for query, want := range map[string]int{"": 2, "?state=scheduled": 2, "?state=paused": 0, "?channel=shop": 2, "?channel=other": 0, "?series=" + series: 1} {
		rows := 0
		for _, e := range find(parse(t, d.get("/campaigns"+query).body), "th") {
			if e.attrs["scope"] == "row" {
				rows++
			}
		}
		if rows != want {
			t.Errorf("%q shows %d campaigns, not %d", query, rows, want)
		}
	}
}

// However many reasons there are, the most frequent are shown, and how many others there are.
func TestReasonsAreBounded(t *testing.T) {
	d := newDesk(t, "")
	d.api.set(func() {
		for i := range 490 {
			d.api.reasons = append(d.api.reasons, api.Reason{State: "failed", Reason: fmt.Sprintf("text has %d units", 5001+i), Recipients: 1})
		}
	})
	r := d.get("/campaigns/" + theID + "/chunks")
	d.want(200, r, "There are 391 others", "spring sale")
	if rows := strings.Count(r.body, "text has "); rows != maxShown-1 {
		t.Errorf("%d reasons besides the most frequent", rows)
	}
}

func TestAssets(t *testing.T) {
	d := newDesk(t, secret) // they need no session
	for name, kind := range map[string]string{"console.css": "text/css", "console.js": "text/javascript", "icon.svg": "image/svg+xml"} {
		r := d.get("/assets/" + name)
		d.want(200, r)
		if !strings.HasPrefix(r.Header.Get("Content-Type"), kind) || r.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s comes with %v", name, r.Header)
		}
		if strings.Contains(r.body, "http://") && name != "icon.svg" || strings.Contains(r.body, "https://") {
			t.Errorf("%s names another place", name)
		}
	}
}
