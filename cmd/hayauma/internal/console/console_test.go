package console

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/demo"
)

func TestParseLimits(t *testing.T) {
	for text, want := range map[string]*api.Limits{
		"line": nil, "off": {}, "push=7": {Push: 7, Multicast: 200}, "multicast=3": {Push: 2000, Multicast: 3}, "push=1,multicast=2": {Push: 1, Multicast: 2},
	} {
		got, err := parseLimits(text)
		if err != nil || (got == nil) != (want == nil) || (got != nil && *got != *want) {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "push", "push=0", "push=-1", "narrowcast=1", "push=1,", "PUSH=1"} {
		if got, err := parseLimits(text); err == nil {
			t.Errorf("%q is %+v", text, got)
		}
	}
}

// command runs the command line against a daemon that h plays.
func command(t *testing.T, h http.HandlerFunc, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	var out, errs bytes.Buffer
	code = Run(t.Context(), args, Terminal{Out: &out, Err: &errs, Environ: []string{"HAYAUMA_SERVER=" + server.URL}})
	return code, out.String(), errs.String()
}

// The exit code of submit --wait tells how the campaign ended.
func TestExitOfWait(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"c.json", "a.csv"} {
		if err := export(strings.NewReader("{}"), dir+"/"+name, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		end  api.Campaign
		code int
	}{
		{api.Campaign{State: "finished", Delivered: 2}, 0},
		{api.Campaign{State: "finished", Failed: 1}, 1},
		{api.Campaign{State: "finished", Unknown: 1}, 1},
		{api.Campaign{State: "cancelled"}, 1},
		{api.Campaign{State: "expired"}, 1},
	} {
		h := func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusAccepted)
				_, _ = io.WriteString(w, `{"id":"x"}`)
				return
			}
			raw, _ := json.Marshal(tc.end)
			_, _ = io.WriteString(w, "event: campaign\ndata: "+string(raw)+"\n\n")
		}
		code, stdout, stderr := command(t, h, "campaign", "submit", "-f", dir+"/c.json", "--audience", dir+"/a.csv", "--wait")
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		if code != tc.code || len(lines) != 2 || lines[0] != `{"id":"x"}` || !strings.Contains(lines[1], tc.end.State) {
			t.Errorf("%+v: exit %d, want %d: %s%s", tc.end, code, tc.code, stdout, stderr)
		}
	}
}

func TestLedgersThatDifferFail(t *testing.T) {
	var out bytes.Buffer
	r := demo.Report{Campaigns: []demo.Campaign{{ID: "a", Mode: "push", Name: "n"}}, Verdict: demo.Verdict{Missing: 1}}
	r.Simulator.Missing = 1
	if err := printReport(&out, r, true); err == nil {
		t.Error("a difference is no failure")
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	const want = `{"ok":false,"campaigns":[{"id":"a","mode":"push","accepted":0,"delivered":0,"failed":0,"unknown":0,"seconds":0}],"simulator":{"users":0,"deliveries":0,"duplicates":0,"missing":1,"requests":0}}`
	if last := lines[len(lines)-1]; last != want {
		t.Errorf("the last line is %s\nwant %s", last, want)
	}
	if !strings.Contains(out.String(), "THE LEDGERS DIFFER: {Missing:1") {
		t.Errorf("output %s", out.String())
	}
}
