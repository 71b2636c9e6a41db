package api_test

import (
	"encoding/json"
	"slices"
	"testing"

	"hayauma.example/actors"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/engine"
)

func TestActorsAreShown(t *testing.T) {
	d := newDesk(t, "")
	actors.Posters.Ref(d.sys, "shop/U1").Touch() // of a kind that nobody serves here: none comes to be
	if _, err := engine.Spawn(d.sys, "gate/shop", func() engine.Actor[string] { return idler{} }); err != nil {
		t.Fatal(err)
	}
	var list api.ActorList
	a := d.do("GET", "/v1/actors", "")
	d.want(200, a)
	if err := json.Unmarshal([]byte(a.body), &list); err != nil {
		t.Fatal(err)
	}
	has := func(kind, id string) bool {
		return slices.ContainsFunc(list.Actors, func(x api.Actor) bool { return x.Kind == kind && x.ID == id && x.Node == "one" && x.State == "idle" })
	}
	if !has("channel", "shop") || !has("cell", "gate/shop") || len(list.Nodes) != 1 || list.Nodes[0].Actors < 2 || len(list.Warnings) > 0 {
		t.Errorf("the list is %s", a.body)
	}
	d.want(422, d.do("GET", "/v1/actors?kind=chanel", ""), "no actors are of the kind chanel: kinds are campaign, channel, ", "and cell")
	d.want(200, d.do("GET", "/v1/actors?kind=cell", ""), `"actors":`)
	d.want(200, d.do("GET", "/v1/actors?kind=channel&sort=age&limit=1", ""), `"id":"shop"`, `"role":"poster"`, `"actors":1`)
	d.want(200, d.do("GET", "/v1/actors/channel/shop", ""), `"depth":0`, `"oldest_ms":0`)
	d.want(200, d.do("GET", "/v1/actors/cell/gate%2Fshop", ""), `"id":"gate/shop"`)
	d.want(404, d.do("GET", "/v1/actors/channel/none", ""), "no channel none in memory: an actor is there while it has something to do")
	d.want(422, d.do("GET", "/v1/actors?sort=size", ""), "depth, age")
	d.want(422, d.do("GET", "/v1/actors?limit=1001", ""), "1000")
	d.want(422, d.do("GET", "/v1/actors?kinds=x", ""), "kinds")
	d.fleet.stalled = "NATS is away"
	d.want(200, d.do("GET", "/v1/actors?kind=channel", ""), "shop") // of use just then
}

type idler struct{}

func (idler) Handle(*engine.Context[string], string) {}

func TestActorsNeedTheToken(t *testing.T) {
	d := newDesk(t, "secret")
	d.token = ""
	d.want(401, d.do("GET", "/v1/actors", ""))
	d.want(401, d.do("GET", "/v1/actors/channel/shop", ""))
}
