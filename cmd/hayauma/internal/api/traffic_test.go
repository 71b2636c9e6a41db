package api_test

import "testing"

func TestAnswersAreCounted(t *testing.T) {
	d := newDesk(t, "")
	for range 3 {
		d.want(200, d.do("GET", "/v1/channels/shop", ""))
	}
	d.want(404, d.do("GET", "/v1/channels/nobody", ""))
	d.want(404, d.do("GET", "/nothing", ""))
	d.want(405, d.do("DELETE", "/healthz", ""))
	f := form{key: "k", campaign: file(text), audience: rows + userA + ",Ann\n"}
	d.want(202, d.submit(f))
	d.want(202, d.submit(f))
	routes := d.traffic.Routes()
	one := routes["GET /v1/channels/{name}"]
	if one.Answers["2xx"] != 3 || one.Answers["4xx"] != 1 || one.Took.Count() != 4 {
		t.Errorf("of one channel: %v, %d times", one.Answers, one.Took.Count())
	}
	if none := routes["none"]; none.Answers["4xx"] != 2 {
		t.Errorf("of nothing: %v", none.Answers)
	}
	if n := d.traffic.Repeats.Load(); n != 1 {
		t.Errorf("%d submissions were repeated, want 1", n)
	}
	if n := d.traffic.Duplicates.Load(); n != 1 {
		t.Errorf("%d recipients were there twice, want 1", n)
	}
}
