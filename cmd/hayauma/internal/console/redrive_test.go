package console

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"hayauma.example/cmd/hayauma/internal/api"
)

func TestRedriveCommand(t *testing.T) {
	asked := ""
	answer := ""
	h := func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		asked = r.Method + " " + r.URL.Path + " " + string(raw)
		_, _ = io.WriteString(w, answer)
	}
	for _, c := range []struct {
		args, answer    string
		asked, out, err string
		code            int
	}{
		{args: "--state failed", answer: `{"recipients":2,"left_out":1,"campaign":{"id":"x","state":"running","generation":1}}`,
			asked: `POST /v1/campaigns/x/redrive {"state":"failed"}`,
			out:   "2 recipients again, generation 1; 1 recipient left out: the message can't be rendered; follow it with: hayauma campaign watch x\n"},
		{args: "--state unknown --acknowledge-duplicates", answer: `{"recipients":1,"campaign":{"id":"x","state":"paused","reason":"quota","generation":2}}`,
			asked: `POST /v1/campaigns/x/redrive {"state":"unknown","acknowledge":true}`, out: "1 recipient again; but it is paused: quota\n"},
		{args: "--state failed", answer: `{"recipients":0,"campaign":{"id":"x","state":"finished"}}`, asked: `POST /v1/campaigns/x/redrive {"state":"failed"}`,
			out: "nobody is failed who could be sent to again\n"},
		{args: "--state failed --json", answer: `{"recipients":2,"campaign":{"id":"x"}}`, asked: `POST /v1/campaigns/x/redrive {"state":"failed"}`,
			out: `{"recipients":2,"left_out":0,`},
		{args: "--state unknown", err: "may receive it twice: if they may, add --acknowledge-duplicates", code: exitRefused},
		{args: "--state delivered", err: `--state "delivered" can't be redriven: give failed or unknown`, code: exitRefused},
		{args: "", err: `--state "" can't be redriven`, code: exitRefused},
	} {
		asked, answer = "", c.answer
		code, stdout, stderr := command(t, h, append([]string{"campaign", "redrive", "x"}, strings.Fields(c.args)...)...)
		if code != c.code || asked != c.asked || !strings.HasPrefix(stdout, c.out) || !strings.Contains(stderr, c.err) {
			t.Errorf("%s: exit %d, asked %s\n%s%s", c.args, code, asked, stdout, stderr)
		}
	}
}

// TestWhyOverGenerations: once somebody was redriven each line says of which generation it is.
func TestWhyOverGenerations(t *testing.T) {
	var out bytes.Buffer
	err := printWhy(&out, api.Why{UserID: "U1", State: "delivered", Entries: []api.WhyEntry{
		{At: "T1", Event: "settled", Window: 1, Path: "0-1", State: "failed"}, {At: "T2", Event: "reopened", Generation: 1, Path: "0-1", State: "pending"},
		{At: "T3", Event: "settled", Generation: 1, Window: 2, Path: "0-1", State: "delivered"},
	}})
	want := "U1 is delivered\nTIME  WHAT                      STATE      GENERATION  WINDOW  RECIPIENTS\n" +
		"T1    settled                   failed     0           1       0-1\n" +
		"T2    redriven by the operator  pending    1                   0-1\n" +
		"T3    settled                   delivered  1           2       0-1\n"
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out.String(), want)
	}
}
