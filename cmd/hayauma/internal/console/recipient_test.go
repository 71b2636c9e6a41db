package console

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

const settingsJSON = `{"user_id":"U1","opt_out":false,"topics":["news","sale"],"time_zone":"Asia/Tokyo","quiet_hours":"",` +
	`"suppressed":{"reason":"no such user","at":"2026-11-21T09:00:00Z"}}`

func TestRecipientCommands(t *testing.T) {
	file := t.TempDir() + "/settings.csv"
	if err := os.WriteFile(file, []byte("user_id,opt_out\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := ""
	h := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = r.Method + " " + r.URL.Path + " " + strings.TrimSpace(string(body))
		switch r.Method {
		case http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		case http.MethodPost:
			_, _ = io.WriteString(w, `{"rows":1}`)
		default:
			_, _ = io.WriteString(w, settingsJSON+"\n")
		}
	}
	shown := "user                 U1\nopted out            no\nopted out of topics  news, sale\ntime zone            Asia/Tokyo\nquiet hours          none\n" +
		"suppressed           since 2026-11-21T09:00:00Z: no such user\n"
	const path = "/v1/channels/shop/recipients"
	for _, tc := range []struct{ args, asked, stdout string }{
		{"show shop U1", "GET " + path + "/U1 ", shown},
		{"show shop U1 --json", "GET " + path + "/U1 ", settingsJSON + "\n"},
		{"set shop U1 --opt-out", "PUT " + path + `/U1 {"opt_out":true}`, shown},
		{"set shop U1 --topics news,sale --time-zone Asia/Tokyo --quiet-hours 22:00-07:00", "PUT " + path +
			`/U1 {"topics":["news","sale"],"time_zone":"Asia/Tokyo","quiet_hours":"22:00-07:00"}`, shown},
		{"reset shop U1", "DELETE " + path + "/U1 ", ""},
		{"import shop --file " + file, "POST " + path + " user_id,opt_out", "1 row in force\n"},
		{"import shop -f " + file + " --json", "POST " + path + " user_id,opt_out", `{"rows":1}` + "\n"},
		{"export shop", "GET " + path + " ", settingsJSON + "\n"},
	} {
		code, stdout, stderr := command(t, h, append([]string{"recipient"}, strings.Fields(tc.args)...)...)
		if code != 0 || asked != tc.asked || stdout != tc.stdout || stderr != "" {
			t.Errorf("%s: exit %d, asked %q:\n%s%s\nwant %q:\n%s", tc.args, code, asked, stdout, stderr, tc.asked, tc.stdout)
		}
	}
	for args, want := range map[string]string{
		"show shop": "USER is missing", "set shop U1": "no setting is given", "import shop": "--file is missing",
		"import shop --file x.txt": "must end in .csv or .ndjson", "opt-out": "unknown command",
	} {
		asked = ""
		code, _, stderr := command(t, h, append([]string{"recipient"}, strings.Fields(args)...)...)
		if code != exitRefused || !strings.Contains(stderr, want) || asked != "" {
			t.Errorf("%s: exit %d, asked %q: %s", args, code, asked, stderr)
		}
	}
}
