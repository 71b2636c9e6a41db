package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

// varied is a campaign part with variants.
func varied(variants string, more ...string) string {
	return `{"name":"n","channel":"shop","variants":` + variants + strings.Join(more, "") + `}`
}

func variant(name, more string) string {
	return `{"name":"` + name + `","messages":` + text + more + `}`
}

const both = `[{"name":"a","weight":3,"messages":` + text + `},{"name":"b","messages":[{"type":"text","text":"Good day, {{ name }}"}]}]`

func TestVariantsAreRefused(t *testing.T) {
	d := newDesk(t, "")
	many := strings.Repeat(variant("x", "")+",", 10) + variant("y", "")
	for i, c := range []struct{ part, want string }{
		{varied(`{}`), `variants is not an array of 2 to 10 objects`},
		{varied(`[` + variant("a", "") + `]`), `variants is not an array of 2 to 10 objects`},
		{varied(`[` + many + `]`), `variants is not an array of 2 to 10 objects`},
		{varied(`[` + variant("a", "") + `,` + variant("a", "") + `]`), `variants[1].name \"a\" stands twice`},
		{varied(`[` + variant("a", "") + `,` + variant("B b", "") + `]`), `variants[1].name \"B b\": a name is made of`},
		{varied(`[` + variant("a", "") + `,` + variant("b", `,"weight":0`) + `]`), `variants[1].weight 0 is not a whole number from 1 to 1000`},
		{varied(`[` + variant("a", "") + `,` + variant("b", `,"weight":1001`) + `]`), `variants[1].weight 1001 is not`},
		{varied(`[` + variant("a", "") + `,` + variant("b", `,"weight":"1"`) + `]`), `is not a whole number`},
		{varied(`[` + variant("a", "") + `,` + variant("b", `,"at":1`) + `]`), `variants[1] has an unknown member \"at\"`},
		{varied(`[` + variant("a", "") + `,{"name":"b"}]`), `variants[1].messages is missing`},
		{varied(`[` + variant("a", "") + `,{"name":"b","messages":[{"type":"text","text":"{{ name "}]}]`), `variants[1].`},
		{varied(both, `,"messages":`+text), `messages or variants, not both`},
		{varied(both, `,"steps":[{"messages":`+text+`}]`), `steps or variants, not both`},
		{varied(both, `,"experiment":"A b"`), `experiment \"A b\": a name is made of`},
		{varied(both, `,"experiment":7`), `experiment is not a string`},
		{`{"name":"n","channel":"shop","experiment":"e","messages":` + text + `}`, `experiment is for campaigns with variants`},
		{planned(`"local_time":"yes"`), `schedule.local_time is not true or false`},
		{planned(`"local_time":true`), `schedule.local_time needs a time`},
		{planned(`"local_time":true,"at":"2035-01-01T09:00:00+09:00"`), `is not a local time such as 2026-12-01T09:00: with local_time it has no offset`},
		{planned(`"local_time":true,"at":"2075-01-01T09:00"`), `lies more than 10 years ahead`},
		{planned(`"zone_column":"zone","at":"2035-01-01T09:00:00Z"`), `schedule.zone_column is for campaigns that are sent at the recipients' local time`},
		{planned(`"local_time":true,"at":"2035-01-01T09:00","zone_column":"user_id"`), `can't be a column with time zones`},
		{planned(`"local_time":true,"at":"2035-01-01T09:00","zone_column":9`), `schedule.zone_column is not the name of a column`},
		{planned(`"local_time":true,"cron":"0 9 * * *","overlap":"skip"`), `the occurrences of two days overlap`},
		{planned(`"local_time":true,"cron":"0 9 * * *","overlap":"wait"`), `the occurrences of two days overlap`},
		{planned(`"local_time":true,"cron":"0 9 * * *","until":"2035-01-01T09:00:00Z"`), `schedule.until \"2035-01-01T09:00:00Z\" is not a local time`},
	} {
		a := d.submit(form{key: fmt.Sprint("refused", i), campaign: c.part, audience: rows})
		d.want(http.StatusUnprocessableEntity, a, c.want)
		d.want(http.StatusUnprocessableEntity, d.explain(form{campaign: c.part, audience: rows}, ""), c.want)
	}
}

// A zone that isn't one is a bad line, as a missing variable is.
func TestZonesOfRows(t *testing.T) {
	d := newDesk(t, "")
	part := planned(`"local_time":true,"at":"2035-01-01T09:00","zone_column":"zone"`)
	bad := "user_id,name,zone\n" + userA + ",Ann,Asia/Tokyo\n" + userB + ",Bob,Tokyo\n" +
		"U0000000000000000000000000000000c,Cat,\nU0000000000000000000000000000000d,Dan,Local\n"
	a := d.submit(form{key: "bad", campaign: part, audience: bad})
	d.want(422, a, `"location":"audience line 3"`,
		`column \"zone\" is not a time zone: give an IANA name such as Asia/Tokyo, or leave it empty`, `"location":"audience line 5"`)
	if strings.Contains(a.body, "line 4") || strings.Contains(a.body, "line 2") {
		t.Errorf("good lines are told as bad: %s", a.body)
	}
	x := d.explain(form{campaign: part, audience: bad}, "").explanation(t)
	if x.BadRows != 2 || x.Recipients != 2 || len(x.BadLines) != 2 || x.OK {
		t.Errorf("%+v", x)
	}
	const missing = `column \"zone\" is missing: the campaign names it`
	d.want(422, d.submit(form{key: "no column", campaign: part, audience: rows}), `"location":"audience line 1"`, missing)
	d.want(200, d.explain(form{campaign: part, audience: rows}, ""), `"ok":false`, `"bad_rows":0`, missing)
	none := `{"user_id":"` + userA + `","name":"Ann"}`
	d.want(202, d.submit(form{key: "no member", campaign: part, audience: none, kind: "application/x-ndjson"})) // he has no zone of his own
	good := strings.Replace(strings.Replace(bad, "Local", "", 1), "Bob,Tokyo", "Bob,Asia/Seoul", 1)
	a = d.submit(form{key: "k", campaign: part, audience: good})
	d.want(202, a)
	d.want(200, d.do("GET", "/v1/campaigns/"+a.id(t), ""), `"state":"scheduled"`, `"due":"2034-12-31T19:00:00Z"`)
	d.want(202, d.submit(form{key: "k", campaign: part, audience: good}))
	for was, is := range map[string]string{`"local_time":true,"at":"2035-01-01T09:00"`: `"local_time":true,"at":"2035-01-01T10:00"`,
		`"zone_column":"zone"`: `"zone_column":"z"`} {
		d.want(422, d.submit(form{key: "k", campaign: strings.Replace(part, was, is, 1), audience: good}), "under this key with other content")
	}
	a = d.submit(form{key: "cron", campaign: planned(`"local_time":true,"cron":"0 9 * * *"`), audience: rows})
	d.want(202, a)
	d.want(200, d.do("GET", "/v1/campaigns/"+a.id(t), ""), `T19:00:00Z"`)
}

// TestExplainLots: variants and local times are in the plan, and in the sample.
func TestExplainLots(t *testing.T) {
	d := newDesk(t, "")
	var audience strings.Builder
	audience.WriteString("user_id,name,zone\n")
	for i := range 60 {
		fmt.Fprintf(&audience, "U%032x,n%d,%s\n", i, i, []string{"Asia/Tokyo", "Europe/Berlin", "America/New_York"}[i%3])
	}
	part := varied(both, `,"schedule":{"local_time":true,"at":"2035-01-01T09:00","zone_column":"zone"}`)
	a := d.explain(form{campaign: part, audience: audience.String()}, "?sample=60")
	d.want(200, a)
	x := a.explanation(t)
	due := time.Date(2034, 12, 31, 19, 0, 0, 0, time.UTC)
	p := x.Plan
	if len(p.Times) != 3 || !p.Due.Equal(due) || !p.EarliestFinish.After(due.Add(19*time.Hour)) || p.EarliestFinish.After(due.Add(19*time.Hour+time.Second)) {
		t.Errorf("plan: %s", a.body)
	}
	for i, hours := range []time.Duration{5, 13, 19} {
		if at := p.Times[i]; !at.Due.Equal(due.Add(hours*time.Hour)) || at.Recipients != 20 {
			t.Errorf("%d: %+v", i, at)
		}
	}
	if len(p.Variants) != 2 || p.Variants[0].Name != "a" || p.Variants[0].Recipients+p.Variants[1].Recipients != 60 ||
		p.Variants[0].Recipients <= p.Variants[1].Recipients {
		t.Errorf("variants: %+v", p.Variants)
	}
	seen := map[string]int{}
	for i, m := range x.Sample {
		seen[m.Variant]++
		greeting := map[string]string{"a": "hi ", "b": "Good day, "}[m.Variant]
		if want := fmt.Sprintf(`[{"type":"text","text":"%sn%d"}]`, greeting, i); string(m.Messages) != want || m.Line != i+2 ||
			!m.Due.Equal(due.Add([]time.Duration{5, 13, 19}[i%3]*time.Hour)) {
			t.Errorf("sample %d: %+v %s, want %s", i, m, m.Messages, want)
		}
	}
	if len(x.Sample) != 60 || seen["a"] != int(p.Variants[0].Recipients) {
		t.Errorf("%d samples, %v", len(x.Sample), seen)
	}
	if x := d.explain(form{campaign: file(text), audience: rows}, "").explanation(t); x.Plan.Times != nil || x.Plan.Variants != nil {
		t.Errorf("an ordinary campaign: %+v", x.Plan)
	}
}

// TestVariantsAreShown with the campaign, its recipients, and their experiment.
func TestVariantsAreShown(t *testing.T) {
	d := newDesk(t, "")
	names := make([]string, 30)
	for i := range names {
		names[i] = fmt.Sprint("n", i)
	}
	part := varied(both, `,"experiment":"greeting"`)
	d.want(404, d.do("GET", "/v1/channels/shop/experiments/greeting", ""), "greeting")
	id := d.submit(form{key: "k", campaign: part, audience: people(names...)}).id(t)
	for was, is := range map[string]string{`"weight":3`: `"weight":2`, `Good day`: `Hello`, `"name":"b"`: `"name":"c"`, "greeting": "other"} {
		d.want(422, d.submit(form{key: "k", campaign: strings.Replace(part, was, is, 1), audience: people(names...)}), "under this key with other content")
	}
	shown := func() (c api.Campaign) {
		if err := json.Unmarshal([]byte(d.do("GET", "/v1/campaigns/"+id, "").body), &c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	d.eventually("it is planned", func() bool { return shown().Plan != nil })
	d.want(200, d.do("POST", "/v1/campaigns/"+id+"/cancel", ""))
	d.eventually("it is cancelled", func() bool { return shown().Final() })
	c := shown()
	if len(c.Variants) != 2 || c.Variants[0].Weight != 3 || c.Variants[1].Weight != 1 || c.Variants[0].Recipients+c.Variants[1].Recipients != 30 ||
		c.Experiment != "greeting" ||
		c.Variants[0].Cancelled+c.Variants[1].Cancelled+c.Variants[0].Unknown+c.Variants[1].Unknown != 30 {
		t.Errorf("%+v", c)
	}
	d.eventually("the list shows it", func() bool {
		return strings.Contains(d.do("GET", "/v1/campaigns", "").body, fmt.Sprintf(`"variants":[{"name":"a","weight":3,"recipients":%d,`, c.Variants[0].Recipients))
	})
	lines := d.do("GET", "/v1/campaigns/"+id+"/recipients", "").body
	if n := strings.Count(lines, `"variant":"b"`); n != int(c.Variants[1].Recipients) || strings.Count(lines, `"variant":"a"`) != 30-n {
		t.Errorf("%d of b: %s", n, lines)
	}
	table := d.do("GET", "/v1/campaigns/"+id+"/recipients?format=csv", "").body
	if !strings.HasPrefix(table, "user_id,index,state,reason,variant\r\n") || strings.Count(table, ",b\r\n") != int(c.Variants[1].Recipients) {
		t.Errorf("%s", table)
	}
	var first api.Recipient
	if err := json.Unmarshal([]byte(lines[:strings.IndexByte(lines, '\n')]), &first); err != nil {
		t.Fatal(err)
	}
	d.want(200, d.do("GET", "/v1/campaigns/"+id+"/recipients/"+first.UserID+"/why", ""), `"variant":"`+first.Variant+`"`)
	var x api.Experiment
	d.eventually("the experiment has it", func() bool {
		return json.Unmarshal([]byte(d.do("GET", "/v1/channels/shop/experiments/greeting", "").body), &x) == nil &&
			len(x.Variants) == 2 && x.Variants[0].Campaigns.Finished == 1
	})
	for i, v := range x.Variants {
		if of := c.Variants[i]; v.Name != of.Name || v.Recipients != int64(of.Recipients) || v.Cancelled != int64(of.Cancelled) || v.Pending != 0 {
			t.Errorf("%+v, the campaign has %+v", v, of)
		}
	}
	d.want(404, d.do("GET", "/v1/channels/shop/experiments/other", ""), "other")
	d.want(404, d.do("GET", "/v1/channels/nope/experiments/greeting", ""))
	d.want(404, d.do("GET", "/v1/channels/shop/experiments/..%2fx", ""))
}
