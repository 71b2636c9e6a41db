package console

import (
	"bytes"
	"context"
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
		if code, stdout, _ := command(t, h, "campaign", "watch", "x"); code != tc.code || !strings.Contains(stdout, tc.end.State) {
			t.Errorf("watch of %+v: exit %d, want %d: %s", tc.end, code, tc.code, stdout)
		}
		code, stdout, stderr := command(t, h, "campaign", "submit", "-f", dir+"/c.json", "--audience", dir+"/a.csv", "--wait")
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		if code != tc.code || len(lines) != 2 || lines[0] != `{"id":"x"}` || !strings.Contains(lines[1], tc.end.State) {
			t.Errorf("%+v: exit %d, want %d: %s%s", tc.end, code, tc.code, stdout, stderr)
		}
	}
}

// An interrupt lets go of the campaign, and says so.
func TestInterruptedWait(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "data: {\"state\":\"running\"}\n\n")
		_ = http.NewResponseController(w).Flush()
		interrupt()
		<-r.Context().Done()
	}))
	defer server.Close()
	var out, errs bytes.Buffer
	code := Run(ctx, []string{"campaign", "watch", "x"}, Terminal{Out: &out, Err: &errs, Environ: []string{"HAYAUMA_SERVER=" + server.URL}})
	if want := "hayauma: interrupted: the campaign goes on; follow it with hayauma campaign watch x\n"; code != 130 || errs.String() != want {
		t.Errorf("exit %d: %s", code, errs.String())
	}
}

func TestCampaignsAreListedNewestFirst(t *testing.T) {
	h := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"campaigns":[
			{"id":"aaaaaaaa-1","name":"old","accepted_at":"2030-01-01T00:00:00Z"},
			{"id":"aaaaaaaa-2","name":"春の売り出し","accepted_at":"2030-01-03T00:00:00Z"},
			{"id":"bbbbbbbb-3","name":"a\u001b[2Jb","accepted_at":"2030-01-02T00:00:00Z"}]}`)
	}
	_, stdout, _ := command(t, h, "campaign", "list", "--json")
	for i, line := range strings.Split(strings.TrimSpace(stdout), "\n") {
		if want := []string{"aaaaaaaa-2", "bbbbbbbb-3", "aaaaaaaa-1"}[i]; !strings.Contains(line, want) {
			t.Errorf("line %d is %s, want %s", i, line, want)
		}
	}
	_, stdout, stderr := command(t, h, "campaign", "list")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 4 || stderr != "" || !strings.HasPrefix(lines[1], "aaaaaaaa-2  2030-01-") ||
		!strings.Contains(lines[1], "春の売り出し  0") || !strings.Contains(lines[2], "a?[2Jb        0") {
		t.Errorf("listed %s%s", stdout, stderr)
	}
}

func TestCampaignsAreListedByStateAndChannel(t *testing.T) {
	asked := ""
	h := func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.RawQuery
		_, _ = io.WriteString(w, `{"campaigns":[{"id":"aaaaaaaa-1","name":"n","state":"running","waiting":"no node carries the role poster"}]}`)
	}
	for args, query := range map[string]string{
		"": "cursor=", "--state running": "cursor=&state=running", "--channel shop": "channel=shop&cursor=",
		"--state paused --channel shop --json": "channel=shop&cursor=&state=paused",
	} {
		code, stdout, stderr := command(t, h, append([]string{"campaign", "list"}, strings.Fields(args)...)...)
		if code != 0 || asked != query || !strings.Contains(stdout, "no node carries the role poster") {
			t.Errorf("%s: exit %d, asked %q: %s%s", args, code, asked, stdout, stderr)
		}
	}
	code, _, stderr := command(t, h, "campaign", "list", "--state", "lost")
	if code != exitRefused || !strings.Contains(stderr, `--state "lost" is none of a campaign's: accepted, scheduled, running`) {
		t.Errorf("exit %d: %s", code, stderr)
	}
	h = func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":"aaaaaaaa-1","state":"running","waiting":"no node carries the role poster"}`)
	}
	if _, stdout, _ := command(t, h, "campaign", "show", "x"); !strings.Contains(stdout, "waiting       no node carries the role poster") {
		t.Errorf("shown: %s", stdout)
	}
}

func TestIDPrefixes(t *testing.T) {
	ids := []string{"aaaaaaaa-0000-0000-0000-000000000001", "aaaaaaaa-0000-0000-0000-000000000002", "aaaaaaab-0000-0000-0000-000000000003"}
	h := func(w http.ResponseWriter, r *http.Request) {
		if id, one := strings.CutPrefix(r.URL.Path, "/v1/campaigns/"); one {
			_, _ = io.WriteString(w, `{"id":"`+id+`"}`)
			return
		}
		page := api.CampaignPage{}
		for _, id := range ids {
			if id > r.URL.Query().Get("cursor") && len(page.Campaigns) < 2 {
				page.Campaigns = append(page.Campaigns, api.Campaign{ID: id})
			}
		}
		_ = json.NewEncoder(w).Encode(page)
	}
	for given, want := range map[string]string{"aaaaaaab": ids[2], ids[0]: ids[0], ids[1][:35] + "2": ids[1]} {
		if code, stdout, stderr := command(t, h, "campaign", "show", given, "--json"); code != 0 || !strings.Contains(stdout, want) {
			t.Errorf("%s: exit %d: %s%s", given, code, stdout, stderr)
		}
	}
	for given, want := range map[string]string{"aaaaaaaa": "several campaigns' ids begin with aaaaaaaa",
		"aaa": "too short", "cccccccc": "no campaign's id begins with cccccccc"} {
		if code, _, stderr := command(t, h, "campaign", "show", given); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d: %s", given, code, stderr)
		}
	}
}

func TestWhyInPlainWords(t *testing.T) {
	var out bytes.Buffer
	err := printWhy(&out, api.Why{UserID: "U1", State: "failed", Entries: []api.WhyEntry{
		{At: "T1", Event: "returned", Window: 1, Path: "0-5"}, {At: "T2", Event: "redriven", Window: 2, Path: "0-5"},
		{At: "T3", Event: "directed", Path: "0-1", State: "failed", Reason: "r"},
	}})
	want := "U1 is failed\nTIME  WHAT                          STATE   WINDOW  RECIPIENTS  REASON\n" +
		"T1    given back untried                    1       0-5\n" +
		"T2    sent again with the same key          2       0-5\n" +
		"T3    decided by the campaign       failed          0-1         r\n"
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out.String(), want)
	}
}

func TestObeyed(t *testing.T) {
	for _, tc := range []struct {
		command string
		info    api.Campaign
		want    string
	}{
		{"pause", api.Campaign{State: "paused"}, "paused: "},
		{"resume", api.Campaign{State: "running"}, "resumed: running; "},
		{"resume", api.Campaign{State: "paused", Reason: "quota"}, "resumed, but still paused: quota"},
		{"resume", api.Campaign{State: "paused", Reason: "channel paused: 401", Channel: "shop"},
			"resumed, but still paused: channel paused: 401; it looks each minute whether that is over, and at: hayauma channel resume shop"},
		{"cancel", api.Campaign{State: "running"}, "cancelling: "},
		{"cancel", api.Campaign{State: "cancelled"}, "cancelled; see: "},
	} {
		if got := obeyed(tc.command, tc.info); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s: %s, want %s", tc.command, got, tc.want)
		}
	}
}

func TestPlainWords(t *testing.T) {
	for text, want := range map[string]string{
		"natsnode: jetstream: full":       "full",
		"start: natsnode: NATS is gone":   "start: NATS is gone",
		"a\njournal: b":                   "a\nb",
		"the jetstream: not a package":    "the jetstream: not a package",
		"listen on :1: permission denied": "listen on :1: permission denied",
	} {
		if got := inPlainWords(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
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
