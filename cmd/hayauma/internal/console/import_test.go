package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/redisqueue"
)

// What the command line of an import gets wrong is told before the daemon is asked for anything.
func TestImportRefused(t *testing.T) {
	for args, want := range map[string]string{
		"import mysql":                            `unknown command "mysql"`,
		"import redis x":                          `the argument "x" is one too many`,
		"import redis --dry-run --remove":         "leave one of them out",
		"import redis --score minutes":            `--score: "minutes" is no unit of scores: auto, s or ms`,
		"import redis --field-to=":                "a --field-… is empty",
		"import redis --addr http://127.0.0.1:1":  "--addr: ",
		"import redis --addr 127.0.0.1:1":         "no answer from Redis at 127.0.0.1:1: ",
		"import redis --rename-channel nochannel": "nochannel must be formatted as key=value",
	} {
		asked := func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s: %s %s", args, r.Method, r.URL) }
		if code, stdout, stderr := command(t, asked, strings.Fields(args)...); code != 2 || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %q, %q", args, code, stdout, stderr)
		}
	}
}

func TestImportIsShown(t *testing.T) {
	first, last := time.Date(2030, 4, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 4, 2, 0, 0, 0, 0, time.UTC)
	message := redisqueue.Message{Key: "order-1001", To: "U00000000000000000000000000000001", Messages: json.RawMessage(`[{"type":"text","text":"早馬"}]`)}
	later := message
	later.At = &first
	dry := redisqueue.Report{
		DryRun:   true,
		Stages:   []redisqueue.StageReport{{Stage: "list jobs", Jobs: 3}, {Stage: "zset jobs:delayed", Jobs: 1}},
		Channels: []redisqueue.ChannelReport{{Channel: "shop", Now: 1, Later: 2, First: &first, Last: &last}},
		First:    []redisqueue.Row{{Stage: "list jobs", Place: 0, Channel: "shop", Message: message}, {Stage: "zset jobs:delayed", Place: 7, Channel: "shop", Message: later}},
		Refused:  22,
		Problems: []redisqueue.Problem{{Stage: "list jobs", Place: 2, Reason: "has no to\x1b[2J"}},
	}
	done := redisqueue.Report{
		Stages:   []redisqueue.StageReport{{Stage: "list jobs", Jobs: 3, Removed: 2, Gone: 1}},
		Channels: []redisqueue.ChannelReport{{Channel: "shop", Now: 3, Accepted: 3, Repeated: 1}},
	}
	for _, tc := range []struct {
		report redisqueue.Report
		want   string
	}{
		{dry, `list jobs          3 jobs
zset jobs:delayed  1 job
channel shop       3 messages: 1 now, 2 later (2030-04-01T00:00:00Z to 2030-04-02T00:00:00Z)
PLACE                CHANNEL  KEY         TO                                 AT                    MESSAGES
list jobs 0          shop     order-1001  U00000000000000000000000000000001  now                   [{"type":"text","text":"早馬"}]
zset jobs:delayed 7  shop     order-1001  U00000000000000000000000000000001  2030-04-01T00:00:00Z  [{"type":"text","text":"早馬"}]
22 jobs can't be imported, and are left where they are:
  list jobs 2: has no to?[2J
  and 21 more
`},
		{done, `list jobs     3 jobs, 2 removed, 1 gone before they were removed: do workers still run? they may have sent them too
channel shop  3 messages: 3 now, 0 later, 3 accepted (1 known before)
`},
	} {
		var out bytes.Buffer
		if err := printImport(&out, tc.report); err != nil || out.String() != tc.want {
			t.Errorf("%v, shown as\n%s", err, out.String())
		}
	}
}
