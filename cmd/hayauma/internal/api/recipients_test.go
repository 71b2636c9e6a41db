package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// The ledger knows only that a message could not be made; the plan knows why, and both are told.
func TestWhyAMessageCouldNotBeMade(t *testing.T) {
	d := newDesk(t, "")
	a := d.submit(form{key: "k", campaign: `{"name":"n","channel":"shop","messages":` + text + `}`,
		audience: "user_id,name\n" + userA + "," + strings.Repeat("x", 5001) + "\n"})
	d.want(http.StatusAccepted, a)
	path := "/v1/campaigns/" + a.id(t)
	d.eventually("the campaign is over", func() bool {
		return strings.Contains(d.do("GET", path, "").body, `"state":"finished"`)
	})
	const reason = `"reason":"could not be rendered: messages[0].text: has 5004 UTF-16 code units, at most 5000 are allowed"`
	d.want(200, d.do("GET", path+"/recipients", ""), userA, `"state":"failed"`, reason)
	d.want(200, d.do("GET", path+"/recipients?state=failed", ""), userA)
	d.want(200, d.do("GET", path+"/recipients/"+userA+"/why", ""), `"state":"failed","entries":[{"at":"2`, `"event":"planned"`, `"path":"0-1"`, reason)
	d.want(404, d.do("GET", path+"/recipients/"+userB+"/why", ""), "no recipient")
}
