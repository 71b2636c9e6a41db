package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"hayauma.example/actors"
	"hayauma.example/cmd/hayauma/internal/api"
)

func (d *desk) campaign(path string) (info api.Campaign) {
	d.Helper()
	if err := json.Unmarshal([]byte(d.do("GET", path, "").body), &info); err != nil {
		d.Fatal(err)
	}
	return info
}

// settle plays a poster that reports what became of recipients in a window.
func (d *desk) settle(run string, window uint32, what ...actors.What) {
	for i, x := range what {
		actors.Checkers.Ref(d.sys, run).Tell(actors.Report{Run: run, Window: window, Path: actors.Span{Lo: uint32(i), Hi: uint32(i) + 1}, What: x,
			Doubt: x == actors.PathSplit, Reason: "bad", Tries: 1})
	}
}

func TestRedrive(t *testing.T) {
	d := newDesk(t, "")
	const unknown = `{"state":"unknown","acknowledge":true}`
	path := "/v1/campaigns/" + d.submit(form{key: "a", campaign: file(text), audience: rows}).id(t)
	d.want(409, d.do("POST", path+"/redrive", unknown), "no recipient has an outcome")
	d.want(422, d.do("POST", path+"/redrive", `{"state":"unknown"}`), "may receive it twice")
	d.want(422, d.do("POST", path+"/redrive", `{"state":"unknown","acknowledge":false}`), "may receive it twice")
	d.want(422, d.do("POST", path+"/redrive", `{"state":"delivered"}`), "failed")
	d.want(422, d.do("POST", path+"/redrive", `{"state":"failed","duplicates":true}`), "duplicates")
	d.want(404, d.do("POST", "/v1/campaigns/6ba7b810-9dad-11d1-80b4-00c04fd430c8/redrive", unknown))

	const linked = `[{"type":"text","text":"{{ name }}"}]` // the last can't be rendered: its text is empty
	audience := rows + "U0000000000000000000000000000000c,\n"
	path = "/v1/campaigns/" + d.submit(form{key: "b", campaign: `{"name":"n","channel":"shop","messages":` + linked + `}`, audience: audience}).id(t)
	d.eventually("it runs", func() bool { return d.campaign(path).StartedAt != nil })
	run := d.campaign(path).Run
	d.settle(run, 1, actors.PathRefused, actors.PathSplit)
	d.eventually("it is finished", func() bool { return d.campaign(path).State == "finished" })
	d.want(200, d.do("GET", path, ""), `"failed":2,"unknown":1,`, `"generation":0`)

	d.want(200, d.do("POST", path+"/redrive", `{"state":"failed"}`), `"recipients":1,"left_out":1,`, `"state":"running"`, `"generation":1`, `"pending":1`)
	d.want(200, d.do("POST", path+"/redrive", `{"state":"failed"}`), `"recipients":0,"left_out":1,`, `"generation":1`)
	d.settle(run, 2, actors.PathAccepted)
	d.eventually("it is finished again", func() bool { return d.campaign(path).State == "finished" })
	d.want(200, d.do("POST", path+"/redrive", unknown), `"recipients":1,"left_out":0,`, `"generation":2`)
	d.want(200, d.do("GET", path, ""), `"delivered":1,"failed":1,"unknown":0,`, `"pending":1`, `"generation":2`)

	why := d.do("GET", path+"/recipients/"+userA+"/why", "")
	d.want(200, why, `"event":"reopened","generation":1,`, `"event":"settled","generation":1,"window":2,`, `"event":"settled","generation":0,"window":1,`)
	if got := strings.Count(why.body, `"generation":2`); got != 0 {
		t.Errorf("%d entries of a generation that is another's: %s", got, why.body)
	}
	d.want(200, d.do("POST", path+"/cancel", ""))
	d.want(409, d.do("POST", path+"/redrive", unknown), "cancelled")
}
